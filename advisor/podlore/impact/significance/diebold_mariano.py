"""The Diebold-Mariano test: whether one forecast loses less than another."""

from collections.abc import Sequence

import numpy as np


def diebold_mariano(
    losses: Sequence[float], other_losses: Sequence[float], *, steps_ahead: int = 1
) -> tuple[float, float]:
    """Return the statistic (negative where the first is better) and the two-sided p-value.

    The variance counts autocovariances up to ``steps_ahead - 1``; the statistic has the small-sample correction of
    Harvey, Leybourne and Newbold and is compared with Student's t.

    >>> diebold_mariano([1, 2, 1, 2], [2, 3, 2, 4])[0] < 0
    True

    References
    ----------
    Diebold and Mariano, "Comparing Predictive Accuracy", JBES 1995; Harvey et al., IJF 1997.
    """
    from scipy.special import stdtr  # noqa: PLC0415

    difference = np.asarray(losses, float) - np.asarray(other_losses, float)
    n = difference.size
    centred = difference - difference.mean()
    variance = float((centred**2).mean())
    for lag in range(1, steps_ahead):
        variance += 2 * float((centred[lag:] * centred[:-lag]).sum()) / n
    if variance <= 0:
        same = float(difference.mean()) == 0
        return (0.0, 1.0) if same else (float(np.sign(difference.mean()) * np.inf), 0.0)
    correction = (n + 1 - 2 * steps_ahead + steps_ahead * (steps_ahead - 1) / n) / n
    statistic = float(difference.mean() / np.sqrt(variance / n) * np.sqrt(max(correction, 0.0)))
    return statistic, float(2 * stdtr(n - 1, -abs(statistic)))
