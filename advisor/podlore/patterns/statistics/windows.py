"""Events in bins of equal length, the common ground of all that follows."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from podlore.errors import BadInput

Floats = NDArray[np.float64]
BINS_MAX = 10_000_000


def binned(at_seconds: Iterable[float], *, begin: float, end: float, bin_seconds: float) -> Floats:
    """Return how many events fall into each bin; those outside, and a last bin that is not whole, are left out.

    Raises
    ------
    BadInput
        Where a bin has no length, or there would be too many.

    Examples
    --------
    >>> binned([0, 1, 59, 60, 500], begin=0, end=150, bin_seconds=60).tolist()
    [3.0, 1.0]
    """
    if not (bin_seconds > 0 and np.isfinite(end - begin) and (end - begin) / bin_seconds <= BINS_MAX):
        raise BadInput(
            f"bins of {bin_seconds} s from {begin} to {end}; choose bins so that there are at most {BINS_MAX:,}"
        )
    n_bins = max(int((end - begin) // bin_seconds), 0)
    at = np.asarray(list(at_seconds), dtype=np.float64)
    index = np.floor((at - begin) / bin_seconds)
    inside = (index >= 0) & (index < n_bins)
    return np.bincount(index[inside].astype(np.int64), minlength=n_bins).astype(np.float64)
