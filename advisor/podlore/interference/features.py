"""What a model may know of a job before it was ever seen beside another: specs and measurements of it alone.

No identity is among them: the batch size, the throughput alone on the GPU type in question, the profile of throughputs
over all GPU types, telemetry where there is any, and the model's name, which only says whether two jobs are of a kind.
"""

from dataclasses import dataclass

import numpy as np

from podlore.interference.pairs import CoRuns, Floats, Ints, Pairs


@dataclass(frozen=True, slots=True)
class Features:
    """Standardized features of each configuration on each GPU type.

    ``blocks`` holds arrays of shape (GPU types, configurations, columns) by name; columns of one block belong together
    and share one length scale. ``family`` is the code of each configuration's job.
    """

    names: tuple[str, ...]
    blocks: tuple[Floats, ...]
    family: Ints
    n_families: int
    n_gpu_types: int

    def columns(self, gpu: Ints, configuration: Ints) -> Floats:
        """Return all columns of some configurations, shape (n, columns), for models that take a table."""
        return np.concatenate([block[gpu, configuration] for block in self.blocks], axis=1)


def features_of(pairs: Pairs) -> Features:
    """Return the features of a table's configurations."""
    log_isolated = _filled(np.log(pairs.isolated))
    batch = np.array([np.log2(configuration.batch + 1) for configuration in pairs.configurations])
    blocks = {
        "batch": np.broadcast_to(batch, log_isolated.shape)[..., None],
        "isolated": log_isolated[..., None],
    }
    if len(pairs.gpu_types) > 1:
        profile = log_isolated - log_isolated.mean(axis=0)
        blocks["profile"] = np.broadcast_to(profile.T, (*log_isolated.shape, len(pairs.gpu_types)))
    for name, values in pairs.telemetry.items():
        blocks[name] = _filled(values)[..., None]
    return Features(
        names=tuple(blocks),
        blocks=tuple(_standardized(block) for block in blocks.values()),
        family=pairs.family,
        n_families=len(pairs.jobs),
        n_gpu_types=len(pairs.gpu_types),
    )


def table(features: Features, runs: CoRuns) -> Floats:
    """Return features of both jobs, their sums and differences, and the GPU type, for tree models."""
    own, other = features.columns(runs.gpu, runs.a), features.columns(runs.gpu, runs.b)
    family = features.family
    codes = np.stack([runs.gpu, family[runs.a], family[runs.b], family[runs.a] == family[runs.b]], axis=1)
    return np.concatenate([codes.astype(float), own, other, own - other, own + other], axis=1)


def _filled(values: Floats) -> Floats:
    """Fill what was not measured by what the row and the column have in common with the whole."""
    known = np.isfinite(values)
    if known.all():
        return values
    if not known.any():
        return np.zeros_like(values)
    overall = values[known].mean()
    safe = np.where(known, values - overall, 0.0)
    rows = safe.sum(axis=1, keepdims=True) / np.maximum(known.sum(axis=1, keepdims=True), 1)
    columns = safe.sum(axis=0, keepdims=True) / np.maximum(known.sum(axis=0, keepdims=True), 1)
    return np.where(known, values, overall + rows + columns)


def _standardized(block: Floats) -> Floats:
    spread = float(block.std())
    return (block - block.mean()) / spread if spread > 0 else np.zeros_like(block)
