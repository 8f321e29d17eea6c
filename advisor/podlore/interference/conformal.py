"""Intervals that hold without believing a model: how wrong it was about what it had not seen gives their width.

Residuals of rows must not come from a model that saw other rows of the same configuration: with folds by row, intervals
that say 90 % covered 78 % of new configurations. So groups are left out whole, and each group counts alike.

References
----------
Lei et al., "Distribution-Free Predictive Inference for Regression", JASA 2018, for residuals scaled by a deviation.
Dunn, Wasserman and Ramdas, "Distribution-Free Prediction Sets for Two-Layer Hierarchical Models", JASA 2022, for
groups: the new one is one more of them, so that each of k groups weighs 1/(k+1) and the rest lies at infinity.
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
    """Return a quantile of scores in which each group has the same weight, and the new group has it too.

    Where so few groups cannot promise the level (fewer than 9 for 90 %), the largest score is returned.

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
    weight = np.concatenate([np.full(len(rows), 1.0 / (len(rows) * (len(groups) + 1))) for rows in groups])
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(weight[order])
    place = min(int(np.searchsorted(reached, level - 1e-12)), len(scores) - 1)
    return float(scores[order[place]])


def interval(speed: Floats, half_width: Floats | float) -> Interval:
    """Return speeds with that much room on each side, within what is possible."""
    return Interval(np.clip(speed - half_width, 0.0, 1.0), np.clip(speed + half_width, 0.0, 1.0))
