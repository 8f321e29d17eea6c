"""Do two samples of a GPU's feature come from one distribution? Samples come in, effect and p-value leave.

Samples of a metric hang together in time: two hundred of them may say no more than ten would. Their number is reduced
to what independent ones would be worth before a p-value is given.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from podlore.errors import NotEnoughEvidence
from podlore.patterns.statistics.windows import Floats

SAMPLES_MIN = 8
EFFECTIVE_MIN = 3.0


@dataclass(frozen=True, slots=True)
class Difference:
    """``superiority`` is the share (0-1) of pairs in which the second is larger, 0.5 for no shift.

    ``distance`` is Kolmogorov's, the largest gap of the two distributions; the p-values are of each.
    """

    superiority: float
    distance: float
    p_shift: float
    p_shape: float


def distribution_test(before: ArrayLike, after: ArrayLike) -> Difference:
    """Return Mann and Whitney's shift and Kolmogorov and Smirnov's gap of two samples in the order of time.

    Raises
    ------
    NotEnoughEvidence
        If a sample has fewer than 8 values.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> found = distribution_test(rng.normal(0.9, 0.02, 50), rng.normal(0.7, 0.02, 50))
    >>> found.superiority, found.p_shift < 1e-6
    (0.0, True)
    """
    first, second = _known(before), _known(after)
    if (seen := min(len(first), len(second))) < SAMPLES_MIN:
        raise NotEnoughEvidence(seen, SAMPLES_MIN, "samples")
    worth = effective_share(first), effective_share(second)
    n, m = (max(len(row) * share, EFFECTIVE_MIN) for row, share in zip((first, second), worth, strict=True))
    u = stats.mannwhitneyu(second, first)
    superiority = float(u.statistic) / (len(first) * len(second))
    z = (superiority - 0.5) * np.sqrt(12 * n * m / (n + m + 1))
    distance = float(stats.ks_2samp(first, second, method="asymp").statistic)
    p_shape = float(stats.kstwobign.sf(distance * np.sqrt(n * m / (n + m))))
    return Difference(superiority, distance, float(2 * stats.norm.sf(abs(z))), min(p_shape, 1.0))


def effective_share(values: Floats) -> float:
    """Return how much a sample of a series is worth beside an independent one, by its first autocorrelation.

    >>> effective_share(np.array([1.0, -1.0] * 20)), round(effective_share(np.arange(50.0)), 3) < 0.1
    (1.0, True)
    """
    centred = values - values.mean()
    power = float((centred**2).sum())
    if power <= 0 or len(values) < 3:
        return 1.0
    neighbours = float((centred[1:] * centred[:-1]).sum()) / power
    return (1 - min(max(neighbours, 0.0), 0.98)) / (1 + min(max(neighbours, 0.0), 0.98))


def _known(values: ArrayLike) -> Floats:
    row = np.asarray(values, dtype=np.float64)
    return row[np.isfinite(row)]
