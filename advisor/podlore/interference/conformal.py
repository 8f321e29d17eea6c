"""Intervals that hold without believing a model: how wrong it was about what it had not seen gives their width.

Residuals of rows must not come from a model that saw other rows of the same configuration: with folds by row, intervals
that say 90 % covered 78 % of new configurations. So groups are left out whole, and each group counts alike.

References
----------
Lei et al., "Distribution-Free Predictive Inference for Regression", JASA 2018, for residuals scaled by a deviation.
Dunn, Wasserman and Ramdas, "Distribution-Free Prediction Sets for Two-Layer Hierarchical Models", JASA 2022, for
groups; there each of k weighs 1/(k+1), which promises the level at least, and gives up to 1/(k+1) more.
Kish, "Survey Sampling", 1965, for the design effect.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from podlore.interference.pairs import Floats, Ints

LEVEL = 0.9


@dataclass(frozen=True, slots=True)
class Interval:
    """Speeds (0-1) between which the true ones lie with the nominal probability."""

    low: Floats
    high: Floats


def grouped_quantile(scores: Floats, groups: Sequence[Ints], level: float = LEVEL) -> float:
    """Return a quantile of scores in which each group has the same weight.

    What is new is one more draw, so that of n independent scores the quantile at ``level * (n + 1) / n`` is taken. Rows
    of a group are alike: n is the number of rows over the design effect that the groups' miss rates show. Groups that
    are each right or wrong as a whole count as one score each, and rows without anything in common all count.

    Parameters
    ----------
    scores
        Of all groups' rows, one group after the other.
    groups
        Only their lengths are looked at.

    Examples
    --------
    >>> grouped_quantile(np.array([1.0, 2.0, 3.0, 9.0]), [np.arange(3), np.arange(1)], level=0.3)
    3.0
    """
    lengths = np.array([len(rows) for rows in groups])
    weight = np.repeat(1.0 / (lengths * len(groups)), lengths)
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(weight[order])

    def quantile(share: float) -> float:
        place = min(int(np.searchsorted(reached, share - 1e-12)), len(scores) - 1)
        return float(scores[order[place]])

    missed = np.add.reduceat((scores > quantile(level)).astype(float), np.r_[0, np.cumsum(lengths)[:-1]]) / lengths
    return quantile(level * (1.0 + 1.0 / _independent(missed, lengths)))


def _independent(missed: Floats, lengths: Ints) -> float:
    """Return how many independent rows the groups are worth, by the correlation of misses within them."""
    share, size = float(missed.mean()), float(lengths.mean())
    chance = share * (1.0 - share)
    if len(missed) < 2 or chance == 0 or size <= 1:
        return float(len(missed))
    between = float(missed.var(ddof=1)) - chance / size
    correlation = min(max(between / chance, 0.0), 1.0)
    return max(len(missed) * size / (1.0 + (size - 1.0) * correlation), 1.0)


def interval(speed: Floats, half_width: Floats | float) -> Interval:
    """Return speeds with that much room on each side, within what is possible."""
    return Interval(np.clip(speed - half_width, 0.0, 1.0), np.clip(speed + half_width, 0.0, 1.0))
