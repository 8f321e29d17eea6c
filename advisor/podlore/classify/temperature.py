"""Temperature scaling: one number that makes probabilities as sure as they are right, on families never trained on."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.base import clone
from sklearn.model_selection import StratifiedGroupKFold

Floats = NDArray[np.float64]
_WIDEST = 4.0


def softmax(scores: Floats, temperature: float = 1.0) -> Floats:
    """Return probabilities of shape (n, n_classes).

    >>> softmax(np.array([[0.0, 0.0]])).tolist()
    [[0.5, 0.5]]
    """
    scaled = scores / temperature
    raised = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    chances: Floats = raised / raised.sum(axis=1, keepdims=True)
    return chances


def fit_temperature(scores: Floats, labels: NDArray[np.intp]) -> float:
    """Return the temperature under which held-out labels are likeliest; between 1/e⁴ and e⁴.

    Parameters
    ----------
    scores
        Out-of-fold scores, shape (n, n_classes).
    labels
        The column of the true class, shape (n,).

    References
    ----------
    Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
    """

    def loss(log_temperature: float) -> float:
        chances = softmax(scores, float(np.exp(log_temperature)))
        return float(-np.log(np.maximum(chances[np.arange(len(labels)), labels], 1e-12)).mean())

    found = minimize_scalar(loss, bounds=(-_WIDEST, _WIDEST), method="bounded")
    return float(np.exp(found.x))


def out_of_fold_scores(
    model: Any,  # noqa: ANN401 - scikit-learn ships no types
    texts: Sequence[str],
    labels: Sequence[str],
    weights: Floats,
    *,
    held: Sequence[int],
    groups: Sequence[str],
    folds: int = 3,
) -> Floats:
    """Return the scores of some texts, each by a model that saw no text of its group, shape (len(held), n_classes).

    Parameters
    ----------
    texts, labels, weights
        All that is trained on.
    held
        The rows that are held out in turn; the others are always trained on.
    groups
        The group of each row of ``held``.
    """
    rows, truth, turns = np.asarray(texts, object), np.asarray(labels, object), np.asarray(held, np.intp)
    always = np.setdiff1d(np.arange(len(rows)), turns)
    scores = np.zeros((len(turns), len(set(labels))))
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=0)
    for train, test in splitter.split(rows[turns], truth[turns], groups):
        side = np.concatenate([always, turns[train]])
        fitted = clone(model).fit(list(rows[side]), list(truth[side]), sample_weight=weights[side])
        scores[test] = fitted.decision_function(list(rows[turns[test]]))
    return scores
