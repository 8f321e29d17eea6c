"""What predictions are worth: jobs are paired by them, and the pairs' true throughput is counted.

A mix is 16 jobs on one GPU type, two to a GPU, all of them paired. What a pairing earns over a random one is given as
a share of what the best pairing would earn; pairs that nobody measured cannot be chosen. One model predicts a whole
mix: means of folds are anti-correlated with what they leave out, and would mislead a matching. Pairs that do not fit
into memory take turns, half of the time each, and every model learns them as such where they were tried.

- ``unseen-jobs``: a third of the configurations was never seen beside anything; mixes are drawn from those.
- ``unseen-pairs``: half of all pairs was measured; mixes are paired by the others only.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from podlore.interference.baselines import BASELINES
from podlore.interference.co_run_model import CoRunModel
from podlore.interference.evaluation.run_split import OURS
from podlore.interference.features import features_of
from podlore.interference.match import match
from podlore.interference.pairs import CoRuns, Floats, Ints, Mask, Pairs

MIX = 16
DIVISIONS = 12
MIXES_PER_GPU_TYPE = 4
TAKING_TURNS = 0.5
"""The speed of each job of a pair that does not fit together."""
CERTAINTY = 10.0
"""Added to every allowed gain so that all jobs are paired: no two pairs are worth giving up one for."""


@dataclass(frozen=True, slots=True)
class PairingTask:
    """One division of a table: what is known, and which pairs a matching may choose."""

    kind: str
    number: int
    train: Ints
    members: Ints
    is_allowed: Mask


@dataclass(frozen=True, slots=True)
class PairingResult:
    """Per job of each mix: its configuration, and half of its pair's throughput, by who chose the pair."""

    kind: str
    configuration: Ints
    at_random: Floats
    at_best: Floats
    by_model: Mapping[str, Floats]


def pairing_tasks(pairs: Pairs, rng: np.random.Generator) -> Iterator[PairingTask]:
    """Yield the divisions of both kinds; rows are those of `tried`."""
    pairs = tried(pairs)
    n = len(pairs.configurations)
    for number in range(DIVISIONS):
        unseen = np.sort(rng.permutation(n)[: max(n // 3, 2)])
        touched = np.isin(pairs.runs.a, unseen) | np.isin(pairs.runs.b, unseen)
        if not touched.all():
            everything = np.ones((len(pairs.gpu_types), n, n), dtype=bool)
            yield PairingTask("unseen-jobs", number, np.flatnonzero(~touched), unseen, everything)
    for number in range(DIVISIONS):
        numbers = np.unique(pairs.unordered)
        measured = np.isin(pairs.unordered, rng.choice(numbers, len(numbers) // 2, replace=False))
        is_allowed = np.ones((len(pairs.gpu_types), n, n), dtype=bool)
        known = pairs.runs.take(np.flatnonzero(measured))
        is_allowed[known.gpu, known.a, known.b] = False
        yield PairingTask("unseen-pairs", number, np.flatnonzero(measured), np.arange(n), is_allowed)


def tried(pairs: Pairs) -> Pairs:
    """Return the table with the pairs that do not fit together as ones that take turns."""
    if not pairs.infeasible:
        return pairs
    apart = np.array(sorted(pairs.infeasible), dtype=np.intp)
    runs = CoRuns(*(np.concatenate([codes, apart[:, place]]) for place, codes in enumerate(_codes(pairs.runs))))
    speed = np.concatenate([pairs.speed, np.full(len(apart), TAKING_TURNS)])
    return replace(pairs, runs=runs, speed=speed, infeasible=frozenset())


def _codes(runs: CoRuns) -> tuple[Ints, Ints, Ints]:
    return runs.gpu, runs.a, runs.b


def run_pairing(pairs: Pairs, task: PairingTask, models: tuple[str, ...], seed: int) -> PairingResult:
    """Return what pairings by each model earn."""
    pairs = tried(pairs)
    truth = _true_throughput(pairs)
    with threadpool_limits(1):
        predicted = {name: _predicted_throughput(pairs, task, name, seed) for name in models}
    rng = np.random.default_rng((seed, task.number))
    configuration, at_random, at_best = [], [], []
    by_model: dict[str, list[Floats]] = {name: [] for name in models}
    for gpu in range(len(pairs.gpu_types)):
        for _ in range(MIXES_PER_GPU_TYPE):
            mix = _mix(task, rng)
            worth = truth[gpu][np.ix_(mix, mix)]
            allowed = task.is_allowed[gpu][np.ix_(mix, mix)] & ~np.eye(len(mix), dtype=bool) & np.isfinite(worth)
            best = _earned(worth, worth, allowed)
            if best is None:
                continue
            configuration.append(mix)
            at_random.append(np.where(allowed, worth, 0.0).sum(axis=1) / allowed.sum(axis=1) / 2)
            at_best.append(best)
            for name in models:
                chosen = _earned(predicted[name][gpu][np.ix_(mix, mix)], worth, allowed)
                by_model[name].append(best if chosen is None else chosen)
    return PairingResult(
        task.kind, _joined(configuration).astype(np.intp), _joined(at_random), _joined(at_best),
        {name: _joined(values) for name, values in by_model.items()},
    )  # fmt: skip


def _mix(task: PairingTask, rng: np.random.Generator) -> Ints:
    """Return 16 jobs; several of one configuration where there are fewer, none twice where there are enough."""
    return rng.choice(task.members, MIX, replace=len(task.members) < MIX)


def _earned(predicted: Floats, worth: Floats, allowed: Mask) -> Floats | None:
    """Return half of its pair's true throughput for each job; None where not all can be paired."""
    found = match(np.where(allowed, predicted + CERTAINTY, -np.inf))
    if 2 * len(found.pairs) < len(worth):
        return None
    earned = np.empty(len(worth))
    for i, j in found.pairs:
        earned[[i, j]] = worth[i, j] / 2
    return earned


def _true_throughput(pairs: Pairs) -> Floats:
    """Return the sum of both speeds by GPU type and pair; NaN where it was not measured."""
    n = len(pairs.configurations)
    speed = np.full((len(pairs.gpu_types), n, n), np.nan)
    speed[pairs.runs.gpu, pairs.runs.a, pairs.runs.b] = pairs.speed
    return np.asarray(speed + speed.transpose(0, 2, 1))


def _predicted_throughput(pairs: Pairs, task: PairingTask, name: str, seed: int) -> Floats:
    features = features_of(pairs)
    n = len(pairs.configurations)
    known, speed = pairs.runs.take(task.train), pairs.speed[task.train]
    gpu, a, b = (codes.ravel() for codes in np.indices((len(pairs.gpu_types), n, n)))
    asked = CoRuns(gpu, a, b)
    if name == OURS:
        found = CoRunModel(features, seed=seed).fit(known, speed).predict(asked).speed
    else:
        found = BASELINES[name](features).fit(known, speed).predict(asked)
    shaped = found.reshape(len(pairs.gpu_types), n, n)
    return np.asarray(shaped + shaped.transpose(0, 2, 1))


def _joined(parts: list[Floats] | list[Ints]) -> Floats:
    return np.concatenate(parts).astype(float) if parts else np.zeros(0)
