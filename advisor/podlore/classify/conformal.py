"""Conformal sets: every class that is plausible, so that the true one is among them as often as promised.

The promise holds for families alike the held-out ones: each family counts as one, whatever the number of its rows.

References
----------
Sadinle, Lei, Wasserman, "Least Ambiguous Set-Valued Classifiers With Bounded Error Levels", JASA 2019.
"""

import numpy as np
from numpy.typing import NDArray

from podlore.classify.scores import Floats, Numbers


def least_chance(chances: Floats, truth: Numbers, family: Numbers, coverage: float = 0.9) -> float:
    """Return the probability from which on a class is plausible, learned on held-out rows.

    >>> rows = np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7]])
    >>> least_chance(rows, np.array([0, 1, 0]), np.arange(3), coverage=0.6)
    0.3
    """
    of_truth = chances[np.arange(len(truth)), truth]
    weight = 1 / np.bincount(family)[family]
    order = np.argsort(-of_truth)
    covered = np.cumsum(weight[order]) / (weight.sum() + 1)
    enough = np.flatnonzero(covered >= coverage)
    return float(of_truth[order[enough[0]]]) if len(enough) else 0.0


def plausible(chances: Floats, least: float) -> NDArray[np.bool_]:
    """Return which classes of each row are plausible; the most probable one always is."""
    most = chances == chances.max(axis=1, keepdims=True)
    sets: NDArray[np.bool_] = (chances >= least) | most
    return sets
