"""The smallest true effect that a paired design would find."""

from collections.abc import Sequence
from math import sqrt

import numpy as np


def minimum_detectable_effect(differences: Sequence[float], *, alpha: float = 0.05, power: float = 0.8) -> float:
    """Return the mean difference found with this power, given the spread and number of the differences seen.

    >>> round(minimum_detectable_effect([0.1, -0.1, 0.2, 0.0, 0.1, -0.2, 0.1, 0.0]), 3)
    0.148

    References
    ----------
    Bloom, "Minimum Detectable Effects", Evaluation Review 1995: (t_alpha/2 + t_power) times the standard error.
    """
    from scipy.special import stdtrit  # noqa: PLC0415

    array = np.asarray(differences, float)
    if array.size < 2:
        return float("inf")
    t_sum = float(stdtrit(array.size - 1, 1 - alpha / 2) + stdtrit(array.size - 1, power))
    return t_sum * float(array.std(ddof=1)) / sqrt(array.size)
