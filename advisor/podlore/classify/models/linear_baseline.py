"""The baseline to beat: scikit-learn's own TF-IDF of words, pairs and parts of words into logistic regression."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union


class LinearBaseline(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """What anybody would try first: ``TfidfVectorizer`` of words (1-2) and parts (3-5), both sublinear, C = 10."""

    def fit(self, texts: Sequence[str], y: Sequence[str], sample_weight: NDArray[np.float64] | None = None) -> Self:
        """Learn vocabulary and coefficients."""
        union = make_union(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True),
        )
        regression = LogisticRegression(C=10.0, class_weight="balanced", max_iter=300)
        self.pipeline_ = make_pipeline(union, regression)
        self.pipeline_.fit(list(texts), list(y), logisticregression__sample_weight=sample_weight)
        self.classes_: NDArray[Any] = self.pipeline_.classes_
        return self

    def decision_function(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the score of each class, shape (n_texts, n_classes)."""
        scores: NDArray[np.float64] = self.pipeline_.decision_function(list(texts))
        return scores
