"""MiniLM's sentence embeddings into logistic regression: how far general language knowledge gets on logs."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from podlore.classify.models.minilm import Vectors, model

_vectors: dict[str, Vectors] = {}
"""By text: folds of a cross-validation embed the same texts again and again."""


class MiniLmLogReg(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Logistic regression with balanced classes over vectors of unit length.

    Parameters
    ----------
    c
        Inverse strength of the L2 penalty.
    """

    def __init__(self, c: float = 10.0) -> None:
        self.c = c

    def fit(self, texts: Sequence[str], y: Sequence[str], sample_weight: NDArray[np.float64] | None = None) -> Self:
        """Embed and learn coefficients."""
        self.regression_ = LogisticRegression(C=self.c, class_weight="balanced", max_iter=500)
        self.regression_.fit(embedded(texts), list(y), sample_weight=sample_weight)
        self.classes_: NDArray[Any] = self.regression_.classes_
        return self

    def decision_function(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the score of each class, shape (n_texts, n_classes)."""
        scores: NDArray[np.float64] = self.regression_.decision_function(embedded(texts))
        return scores


def embedded(texts: Sequence[str]) -> Vectors:
    """Return the vectors of texts, each embedded once a process."""
    new = list(dict.fromkeys(text for text in texts if text not in _vectors))
    if new:
        _vectors.update(zip(new, model().embed(new), strict=True))
    return np.array([_vectors[text] for text in texts])
