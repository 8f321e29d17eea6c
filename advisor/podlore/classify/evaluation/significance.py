"""Tests between classifiers: McNemar's, the 5×2 cross-validated F-test, and Holm's correction for many at once.

The first two take rows as independent, which near-copies are not: they overstate, and stand beside the paired family
bootstrap for comparison with what others report.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from scipy.stats import f as f_distribution


def mcnemar(right: NDArray[np.bool_], other_right: NDArray[np.bool_]) -> float:
    """Return the exact two-sided p-value that two classifiers are right equally often, from rows they differ on.

    >>> mcnemar(np.array([True] * 6), np.array([False] * 6))
    0.03125
    """
    wins, losses = int((right & ~other_right).sum()), int((~right & other_right).sum())
    return float(binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0


def five_by_two_f_test(gaps: Sequence[tuple[float, float]]) -> float:
    """Return the p-value of the combined 5×2 cross-validated F-test.

    Parameters
    ----------
    gaps
        The difference of scores in each half, of five repetitions of two-fold cross-validation.

    References
    ----------
    Alpaydin, "Combined 5×2 cv F Test for Comparing Supervised Classification Learning Algorithms", Neural Comput. 1999.

    Examples
    --------
    >>> five_by_two_f_test([(0.0, 0.0)] * 5)
    1.0
    """
    each = np.array(gaps, float)
    variances = ((each - each.mean(axis=1, keepdims=True)) ** 2).sum()
    if not variances:
        return 0.0 if each.any() else 1.0
    return float(f_distribution.sf((each**2).sum() / (2 * variances), 10, 5))


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Return p-values corrected by Holm's step-down method, in the order given.

    >>> holm({"a": 0.01, "b": 0.04})
    {'a': 0.02, 'b': 0.04}
    """
    corrected: dict[str, float] = {}
    highest = 0.0
    for rank, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        highest = max(highest, min(1.0, p_values[name] * (len(p_values) - rank)))
        corrected[name] = highest
    return {name: corrected[name] for name in p_values}
