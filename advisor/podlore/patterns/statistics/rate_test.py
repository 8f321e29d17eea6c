"""Did a rate change between two spans? Counts of bins come in, a ratio with its p-value leaves.

Where counts vary no more than a Poisson law says, the test is exact: given their sum, the counts of two spans are
binomial. Where they vary more, as bursts do, it is the likelihood ratio of two negative binomial laws of one
dispersion.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

from podlore.errors import NotEnoughEvidence
from podlore.patterns.statistics.windows import Floats

BINS_MIN = 3
OVERDISPERSED = 1.05
"""Above this ratio of variance and mean the exact test would cry wolf."""
DISPERSION_LOG_RANGE = (-12.0, 6.0)


@dataclass(frozen=True, slots=True)
class RateRatio:
    """How many times the rate of the second span is that of the first; ``law`` says which test was made."""

    ratio: float
    p_value: float
    law: str


def rate_test(before: ArrayLike, after: ArrayLike) -> RateRatio:
    """Return the ratio of two rates and the p-value of there being no difference, two-sided.

    Parameters
    ----------
    before, after
        Counts of bins of one length, shape (n_bins,) each.

    Raises
    ------
    NotEnoughEvidence
        If a span has fewer than 3 bins.

    Examples
    --------
    >>> rate_test([2, 3, 1, 2, 2], [9, 7, 8, 10, 6]).p_value < 0.001
    True
    >>> rate_test([0, 40, 0, 0, 35], [0, 0, 50, 0, 45]).law
    'negative binomial'
    """
    first, second = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    if (seen := min(len(first), len(second))) < BINS_MIN:
        raise NotEnoughEvidence(seen, BINS_MIN, "bins")
    ratio = (second.mean() + 0.5 / len(second)) / (first.mean() + 0.5 / len(first))
    if _dispersion(first, second) <= OVERDISPERSED:
        share = len(second) / (len(first) + len(second))
        p_value = stats.binomtest(int(second.sum()), int(first.sum() + second.sum()), share).pvalue if ratio else 1.0
        return RateRatio(float(ratio), float(p_value), "Poisson")
    together = np.concatenate([first, second])
    gain = _log_likelihood([first, second]) - _log_likelihood([together])
    scale = len(together) / max(len(together) - 2, 1)  # as for a t test: dispersion is estimated from few bins
    return RateRatio(
        float(ratio), float(stats.f.sf(2 * gain / scale, 1, max(len(together) - 2, 1))), "negative binomial"
    )


def _dispersion(*spans: Floats) -> float:
    """Return variance over mean within spans, pooled."""
    squares = sum(float(((span - span.mean()) ** 2).sum()) for span in spans)
    freedom = sum(len(span) - 1 for span in spans)
    mean = float(np.concatenate(spans).mean())
    return squares / freedom / mean if mean > 0 else 0.0


def _log_likelihood(groups: list[Floats]) -> float:
    """Return the largest log-likelihood of groups with means of their own and one dispersion."""
    means = [max(float(group.mean()), 1e-9) for group in groups]

    def loss(log_dispersion: float) -> float:
        size = np.exp(-log_dispersion)
        parts = (
            stats.nbinom.logpmf(group, size, size / (size + mean)).sum()
            for group, mean in zip(groups, means, strict=True)
        )
        return -float(sum(parts))

    return -float(optimize.minimize_scalar(loss, bounds=DISPERSION_LOG_RANGE, method="bounded").fun)
