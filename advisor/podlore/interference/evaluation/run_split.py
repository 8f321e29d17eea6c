"""One split run: every model learns from the training part, calibrates its intervals there, and predicts the rest.

A task for worker processes: arguments and results are plain arrays.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from podlore.interference.baselines import BASELINES
from podlore.interference.co_run_model import CoRunModel
from podlore.interference.conformal import Interval, grouped_quantile, interval
from podlore.interference.evaluation.splits import Split
from podlore.interference.features import Features, features_of
from podlore.interference.pairs import Floats, Ints, Mask, Pairs

OURS = "podlore"
INNER_FOLDS = 4
GROUPS_MIN = 3
"""Fewer groups cannot tell how far off the next one may be: then the interval is all that is possible."""
ANYTHING = 1.0
STRANGE_PERCENTILE = 95.0
"""What is less certain than this share of the training part's own left-out groups is called out of distribution."""


@dataclass(frozen=True, slots=True)
class SplitResult:
    """Predicted speeds and intervals of each model on a split's test rows; ``is_strange`` flags those of ours."""

    split: Split
    speed: Mapping[str, Floats]
    interval: Mapping[str, Interval]
    is_strange: Mask


def run_split(pairs: Pairs, split: Split, models: tuple[str, ...], seed: int) -> SplitResult:
    """Return what each model says."""
    features = features_of(pairs)
    speeds: dict[str, Floats] = {}
    intervals: dict[str, Interval] = {}
    is_strange = np.zeros(len(split.test), dtype=bool)
    with threadpool_limits(1):
        for name in models:
            if name == OURS:
                speeds[name], intervals[name], is_strange = _ours(pairs, split, features, seed)
            else:
                speeds[name], intervals[name] = _baseline(name, pairs, split, features)
    return SplitResult(split, speeds, intervals, is_strange)


def _ours(pairs: Pairs, split: Split, features: Features, seed: int) -> tuple[Floats, Interval, Mask]:
    model = CoRunModel(features, seed=seed).fit(pairs.runs.take(split.train), pairs.speed[split.train])
    groups = _places(split)
    left_out = model.without(groups)
    missed = np.abs(pairs.speed[split.train][np.concatenate(groups)] - left_out.speed) / left_out.deviation
    predicted = model.predict(pairs.runs.take(split.test))
    scale = grouped_quantile(missed, groups) if len(groups) >= GROUPS_MIN else np.inf
    width = np.minimum(scale * predicted.deviation, ANYTHING)
    strange = predicted.deviation > np.percentile(left_out.deviation, STRANGE_PERCENTILE)
    return predicted.speed, interval(predicted.speed, width), np.asarray(strange)


def _baseline(name: str, pairs: Pairs, split: Split, features: Features) -> tuple[Floats, Interval]:
    fold_of = np.arange(len(split.groups)) % min(INNER_FOLDS, len(split.groups))
    missed: list[Floats] = []
    order: list[Ints] = []
    for fold in np.unique(fold_of):
        groups = [rows for rows, its in zip(split.groups, fold_of, strict=True) if its == fold]
        inside = np.setdiff1d(split.train, np.concatenate(groups))
        if not len(inside):
            continue
        model = BASELINES[name](features).fit(pairs.runs.take(inside), pairs.speed[inside])
        missed += [np.abs(pairs.speed[rows] - model.predict(pairs.runs.take(rows))) for rows in groups]
        order += groups
    model = BASELINES[name](features).fit(pairs.runs.take(split.train), pairs.speed[split.train])
    speed = model.predict(pairs.runs.take(split.test))
    width = grouped_quantile(np.concatenate(missed), order) if len(order) >= GROUPS_MIN else ANYTHING
    return speed, interval(speed, width)


def _places(split: Split) -> list[Ints]:
    """Return the groups as places in the training part."""
    return [np.searchsorted(split.train, rows) for rows in split.groups]
