"""How large a difference is, in units of its own spread."""

from collections.abc import Sequence

import numpy as np


def cohens_d(differences: Sequence[float]) -> float:
    """Return the mean of paired differences over their standard deviation; infinite where they are all alike and not 0.

    >>> cohens_d([1.0, 3.0])
    1.414
    """
    array = np.asarray(differences, float)
    deviation = float(array.std(ddof=1)) if array.size > 1 else 0.0
    if deviation == 0:
        return float(np.sign(array.mean()) * np.inf) if array.mean() else 0.0
    return round(float(array.mean()) / deviation, 3)


def cliffs_delta(values: Sequence[float], others: Sequence[float]) -> float:
    """Return the chance that a value is above one of the others, minus the chance that it is below.

    >>> cliffs_delta([1, 2, 3], [0, 0, 2])
    0.667
    """
    ordered = np.sort(np.asarray(others, float))
    array = np.asarray(values, float)
    above = np.searchsorted(ordered, array, side="left").sum()
    below = (ordered.size - np.searchsorted(ordered, array, side="right")).sum()
    return round(float(above - below) / (array.size * ordered.size), 3)
