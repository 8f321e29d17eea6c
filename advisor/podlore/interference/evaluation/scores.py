"""Scores of speeds and intervals, and what resampling configurations makes of them.

Rows of one configuration are near-copies of each other, so that configurations are resampled and not rows.

References
----------
Gneiting and Raftery, "Strictly Proper Scoring Rules", JASA 2007, for the interval score: width, and twenty times what
an interval of 90 % misses by.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr

from podlore.interference.conformal import LEVEL, Interval
from podlore.interference.pairs import Floats, Ints

RESAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval."""

    estimate: float
    low: float
    high: float


def r2(truth: Floats, speed: Floats) -> float:
    """Return the share of variance explained; 0 where the truth does not vary."""
    total = float(((truth - truth.mean()) ** 2).sum())
    return 1.0 - float(((truth - speed) ** 2).sum()) / total if total > 0 else 0.0


def spearman(truth: Floats, speed: Floats) -> float:
    """Return the rank correlation; 0 where one of them does not vary."""
    if len(truth) < 3 or np.ptp(truth) == 0 or np.ptp(speed) == 0:
        return 0.0
    return float(spearmanr(truth, speed).statistic)


def covered(truth: Floats, between: Interval) -> Floats:
    """Return 1 for each truth that lies within its interval."""
    return np.asarray((truth >= between.low - 1e-9) & (truth <= between.high + 1e-9), dtype=float)


def interval_score(truth: Floats, between: Interval, level: float = LEVEL) -> Floats:
    """Return the interval score of each row: less is better.

    >>> interval_score(np.array([0.5, 0.9]), Interval(np.array([0.4, 0.4]), np.array([0.6, 0.6]))).round(6)
    array([0.2, 6.2])
    """
    missed = np.maximum(between.low - truth, 0.0) + np.maximum(truth - between.high, 0.0)
    return np.asarray(between.high - between.low + 2.0 / (1.0 - level) * missed)


def resampled_ratio(above: Floats, below: Floats, cluster: Ints, seed: int = 0) -> Estimate:
    """Return sum(above) / sum(below) with the interval that resampling clusters gives; 0 where nothing is below."""
    codes = np.unique(cluster, return_inverse=True)[1]
    tops, bottoms = np.bincount(codes, above), np.bincount(codes, below)
    n = len(tops)
    weights = np.random.default_rng(seed).multinomial(n, np.full(n, 1.0 / n), RESAMPLES)
    sums = weights @ bottoms
    ratios = np.divide(weights @ tops, sums, out=np.zeros(RESAMPLES), where=sums != 0)
    low, high = np.percentile(ratios, (2.5, 97.5))
    total = float(below.sum())
    return Estimate(float(above.sum()) / total if total else 0.0, float(low), float(high))


def resampled_mean(values: Floats, cluster: Ints, seed: int = 0) -> Estimate:
    """Return the mean of values with the interval that resampling clusters gives."""
    return resampled_ratio(values, np.ones_like(values), cluster, seed)
