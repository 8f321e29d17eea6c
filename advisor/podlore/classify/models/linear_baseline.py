"""The baseline to beat: scikit-learn's own TF-IDF of words, pairs and parts of words into logistic regression."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from podlore.classify.models.counted_tfidf import CountedTfidf

_WORDS = TfidfVectorizer(ngram_range=(1, 2)).build_analyzer()
_PARTS = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5)).build_analyzer()


class LinearBaseline(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """What anybody would try first: ``TfidfVectorizer`` of words (1-2) and parts (3-5), both sublinear, C = 10."""

    def fit(self, texts: Sequence[str], y: Sequence[str], sample_weight: NDArray[np.float64] | None = None) -> Self:
        """Learn vocabulary and coefficients."""
        self.words_, self.parts_ = CountedTfidf(_WORDS), CountedTfidf(_PARTS)
        features = sparse.hstack([self.words_.fit_transform(texts), self.parts_.fit_transform(texts)], format="csr")
        self.regression_ = LogisticRegression(C=10.0, class_weight="balanced", max_iter=300)
        self.regression_.fit(features, list(y), sample_weight=sample_weight)
        self.classes_: NDArray[Any] = self.regression_.classes_
        return self

    def decision_function(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the score of each class, shape (n_texts, n_classes)."""
        features = sparse.hstack([self.words_.transform(texts), self.parts_.transform(texts)], format="csr")
        scores: NDArray[np.float64] = self.regression_.decision_function(features)
        return scores
