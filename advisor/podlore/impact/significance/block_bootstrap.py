"""The stationary block bootstrap: intervals for the mean of values that depend on those before them."""

from collections.abc import Sequence

import numpy as np

DRAWS = 2_000


def block_length(values: Sequence[float]) -> float:
    """Return a mean length of blocks, at least 1: of order n^(1/3), longer where values are alike for long.

    >>> block_length([0.0, 1.0] * 50)
    1.0

    References
    ----------
    The rule for a first-order autoregression of Carlstein, 1986, with the sample's first autocorrelation.
    """
    array = np.asarray(values, float)
    centred = array - array.mean()
    variance = float((centred**2).sum())
    rho = float((centred[1:] * centred[:-1]).sum()) / variance if variance > 0 else 0.0
    rho = min(max(rho, 0.0), 0.97)
    return float(max(1.0, (2 * rho / (1 - rho**2)) ** (2 / 3) * array.size ** (1 / 3)))


def block_bootstrap(
    values: Sequence[float], *, length: float | None = None, level: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Return an interval for the mean of a stationary series, from blocks of geometric length that wrap around.

    >>> low, high = block_bootstrap([1.0, 2.0, 3.0, 2.0] * 20)
    >>> low < 2.0 < high
    True

    References
    ----------
    Politis and Romano, "The Stationary Bootstrap", JASA 1994.
    """
    array = np.asarray(values, float)
    n = array.size
    rng = np.random.default_rng(seed)
    starts = rng.random((DRAWS, n)) < 1 / (length or block_length(values))
    starts[:, 0] = True
    fresh = rng.integers(n, size=(DRAWS, n))
    position = np.arange(n)
    last = np.maximum.accumulate(np.where(starts, position, 0), axis=1)
    index = (np.take_along_axis(fresh, last, axis=1) + position - last) % n
    low, high = np.quantile(array[index].mean(axis=1), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
