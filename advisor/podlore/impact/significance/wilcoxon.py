"""The Wilcoxon signed-rank test, exact for small samples, also with ties."""

from collections.abc import Sequence

import numpy as np

EXACT_MAX = 50


def wilcoxon(differences: Sequence[float]) -> float:
    """Return the two-sided p-value that differences are symmetric about 0; zeros are left out, ties share their ranks.

    >>> wilcoxon([1, 2, 3, 4, 5])
    0.0625
    >>> wilcoxon([0.0, 0.0])
    1.0

    References
    ----------
    Wilcoxon, "Individual Comparisons by Ranking Methods", 1945. Exact up to 50 differences by counting sums of doubled
    ranks, the normal approximation with correction for ties beyond.
    """
    values = np.asarray(differences, float)
    values = values[values != 0]
    n = values.size
    if n == 0:
        return 1.0
    doubled = _doubled_ranks(np.abs(values))
    total = int(doubled.sum())
    positive = int(doubled[values > 0].sum())
    extreme = min(positive, total - positive)
    if n <= EXACT_MAX:
        counts = _sums(doubled, total)
        return float(min(1.0, 2 * counts[: extreme + 1].sum()))
    from math import erfc, sqrt  # noqa: PLC0415

    deviation = sqrt(float((doubled.astype(float) ** 2).sum())) / 2
    return erfc(max(total / 2 - extreme - 1.0, 0.0) / deviation / sqrt(2))


def _doubled_ranks(sizes: np.ndarray) -> np.ndarray:
    """Return twice the mid-ranks, which are whole numbers."""
    below = (sizes[:, None] > sizes[None, :]).sum(axis=1)
    equal = (sizes[:, None] == sizes[None, :]).sum(axis=1)
    doubled: np.ndarray = (2 * below + equal + 1).astype(np.int64)
    return doubled


def _sums(doubled: np.ndarray, total: int) -> np.ndarray:
    """Return the chance of each sum of the ranks with a positive sign, each sign being as likely."""
    chance = np.zeros(total + 1)
    chance[0] = 1.0
    for rank in doubled:
        shifted = np.zeros_like(chance)
        shifted[rank:] = chance[: total + 1 - rank]
        chance = (chance + shifted) / 2
    return chance
