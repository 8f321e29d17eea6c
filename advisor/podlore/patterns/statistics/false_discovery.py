"""Many tests, few false alarms: p-values or e-values come in, which to believe leaves.

References
----------
Benjamini, Hochberg, "Controlling the False Discovery Rate", JRSS B 1995. Wang, Ramdas, "False Discovery Rate Control
with E-values", JRSS B 2022: holds whatever depends on what, also for tests that are looked at all the time.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from podlore.errors import BadInput

Mask = NDArray[np.bool_]


def benjamini_hochberg(p_values: ArrayLike, level: float = 0.05) -> Mask:
    """Return which discoveries to make so that at most ``level`` of them are false on average.

    >>> benjamini_hochberg([0.001, 0.02, 0.03, 0.9], 0.05).tolist()
    [True, True, True, False]
    """
    p = np.asarray(p_values, dtype=np.float64)
    if not ((p >= 0) & (p <= 1)).all():
        raise BadInput("a p-value lies outside of 0 to 1")
    return _step_up(p, level)


def e_benjamini_hochberg(e_values: ArrayLike, level: float = 0.05) -> Mask:
    """Return which discoveries to make by e-values; they may depend on each other in any way.

    >>> e_benjamini_hochberg([100.0, 30.0, 0.5], 0.05).tolist()
    [True, True, False]
    """
    e = np.asarray(e_values, dtype=np.float64)
    if not (e >= 0).all():
        raise BadInput("an e-value lies below 0")
    return _step_up(1 / np.maximum(e, 1e-300), level)


def _step_up(small: NDArray[np.float64], level: float) -> Mask:
    order = np.argsort(small, kind="stable")
    passes = np.flatnonzero(small[order] <= level * np.arange(1, len(small) + 1) / max(len(small), 1))
    chosen = np.zeros(len(small), dtype=bool)
    if len(passes):
        chosen[order[: passes[-1] + 1]] = True
    return chosen
