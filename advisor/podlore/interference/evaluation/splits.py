"""How a table of co-runs is divided, protocol by protocol; both orders of a co-run always stay on one side.

A split also names the groups by which intervals are calibrated inside its training part, and the configuration to
which each test row belongs when configurations are resampled.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from podlore.interference.pairs import Ints, Mask, Pairs

FOLDS = 5
PROBES = 3
TENTH = 10


@dataclass(frozen=True, slots=True)
class Split:
    """One division: rows to learn from and to be tested on, groups of the former, and each test row's configuration."""

    protocol: str
    left_out: str
    train: Ints
    test: Ints
    groups: tuple[Ints, ...]
    cluster: Ints


def random_pairs(pairs: Pairs, rng: np.random.Generator) -> Iterator[Split]:
    """Yield five folds of co-runs: every job was seen beside others."""
    numbers, fold_of = np.unique(pairs.unordered, return_inverse=True)
    folds = rng.permutation(len(numbers)) % FOLDS
    for fold in range(FOLDS):
        is_test = folds[fold_of] == fold
        yield _split(pairs, "random-pairs", f"fold {fold + 1}", is_test, _same(pairs.unordered, ~is_test))


def leave_config_out(pairs: Pairs, _rng: np.random.Generator) -> Iterator[Split]:
    """Yield each configuration as one that was never seen beside anything."""
    for code in range(len(pairs.configurations)):
        is_test = _takes_part(pairs, code)
        if is_test.any():
            name = str(pairs.configurations[code])
            yield _split(pairs, "leave-config-out", name, is_test, _by_configuration(pairs, ~is_test), code)


def leave_family_out(pairs: Pairs, _rng: np.random.Generator) -> Iterator[Split]:
    """Yield each job with all its batch sizes as one that was never seen."""
    family = pairs.family
    for code, job in enumerate(pairs.jobs):
        is_test = (family[pairs.runs.a] == code) | (family[pairs.runs.b] == code)
        groups = [
            np.flatnonzero(~is_test & ((family[pairs.runs.a] == other) | (family[pairs.runs.b] == other)))
            for other in range(len(pairs.jobs))
        ]
        if is_test.any() and not is_test.all():
            yield _split(pairs, "leave-family-out", job, is_test, _filled(groups))


def three_probes(pairs: Pairs, rng: np.random.Generator) -> Iterator[Split]:
    """Yield each configuration after three co-runs on each GPU type, with partners drawn at random."""
    probed = [_probes(pairs, code, rng) for code in range(len(pairs.configurations))]
    for code, configuration in enumerate(pairs.configurations):
        takes_part = _takes_part(pairs, code)
        is_test = takes_part & ~probed[code]
        if not is_test.any():
            continue
        groups = [
            np.flatnonzero(_takes_part(pairs, other) & ~probed[other] & ~is_test)
            for other in range(len(pairs.configurations))
            if other != code
        ]
        yield _split(pairs, "three-probes", str(configuration), is_test, _filled(groups), code)


def leave_gpu_out(pairs: Pairs, _rng: np.random.Generator) -> Iterator[Split]:
    """Yield each GPU type as one on which nothing was seen together."""
    for gpu, name in enumerate(pairs.gpu_types):
        is_test = pairs.runs.gpu == gpu
        if is_test.all():
            continue
        types = _same(pairs.runs.gpu, ~is_test)
        groups = types if len(types) > 1 else _by_configuration(pairs, ~is_test)
        yield _split(pairs, "leave-gpu-out", name, is_test, groups)


def leave_gpu_out_tenth(pairs: Pairs, rng: np.random.Generator) -> Iterator[Split]:
    """Yield each GPU type after a tenth of its co-runs, drawn at random, were measured."""
    for gpu, name in enumerate(pairs.gpu_types):
        here = pairs.runs.gpu == gpu
        numbers = np.unique(pairs.unordered[here])
        known = rng.choice(numbers, max(len(numbers) // TENTH, 2), replace=False)
        measured = here & np.isin(pairs.unordered, known)
        is_test = here & ~measured
        if not here.all() and is_test.any():
            yield _split(pairs, "leave-gpu-out-10-percent", name, is_test, _same(pairs.unordered, measured))


PROTOCOLS: Mapping[str, Callable[[Pairs, np.random.Generator], Iterator[Split]]] = {
    "random-pairs": random_pairs,
    "leave-config-out": leave_config_out,
    "leave-family-out": leave_family_out,
    "three-probes": three_probes,
    "leave-gpu-out": leave_gpu_out,
    "leave-gpu-out-10-percent": leave_gpu_out_tenth,
}
"""By the name under which a report lists them."""


def _split(  # noqa: PLR0917 - it only gathers them
    pairs: Pairs, protocol: str, left_out: str, is_test: Mask, groups: Sequence[Ints], code: int | None = None
) -> Split:
    test = np.flatnonzero(is_test)
    cluster = pairs.runs.a[test] if code is None else np.full(len(test), code, dtype=np.intp)
    return Split(protocol, left_out, np.flatnonzero(~is_test), test, tuple(groups), cluster)


def _takes_part(pairs: Pairs, code: int) -> Mask:
    return np.asarray((pairs.runs.a == code) | (pairs.runs.b == code))


def _by_configuration(pairs: Pairs, allowed: Mask) -> list[Ints]:
    return _filled([np.flatnonzero(allowed & _takes_part(pairs, code)) for code in range(len(pairs.configurations))])


def _same(codes: Ints, allowed: Mask) -> list[Ints]:
    return [np.flatnonzero(allowed & (codes == code)) for code in np.unique(codes[allowed])]


def _filled(groups: Sequence[Ints]) -> list[Ints]:
    return [rows for rows in groups if len(rows)]


def _probes(pairs: Pairs, code: int, rng: np.random.Generator) -> Mask:
    """Return which rows are the three co-runs of a configuration that are measured first, on each GPU type."""
    chosen = [
        rng.permutation(np.unique(pairs.unordered[_takes_part(pairs, code) & (pairs.runs.gpu == gpu)]))[:PROBES]
        for gpu in range(len(pairs.gpu_types))
    ]
    return np.isin(pairs.unordered, np.concatenate(chosen))
