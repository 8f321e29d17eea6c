"""TF-IDF of words, pairs and parts of words into logistic regression: the default model."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from podlore.classify.classifier import Classifier, TermModel
from podlore.classify.models.counted_tfidf import CountedTfidf
from podlore.classify.terms import part_terms, word_terms
from podlore.vocabulary import EventClass


class TfidfLogReg(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Logistic regression with balanced classes over two blocks of sublinear tf-idf, each of unit length.

    Parameters
    ----------
    c
        Inverse strength of the L2 penalty.
    max_words, max_parts
        How many terms are kept, the most frequent first: they bound the size of the model file.
    class_weight
        ``balanced``, or None to learn how frequent the classes are as well.
    """

    def __init__(
        self, c: float = 3.0, max_words: int = 40_000, max_parts: int = 60_000, class_weight: str | None = "balanced"
    ) -> None:
        self.c = c
        self.max_words = max_words
        self.max_parts = max_parts
        self.class_weight = class_weight

    def fit(self, texts: Sequence[str], y: Sequence[str], sample_weight: NDArray[np.float64] | None = None) -> Self:
        """Learn vocabulary, weights of terms and coefficients."""
        self.words_ = CountedTfidf(word_terms, self.max_words, min_df=2)
        self.parts_ = CountedTfidf(part_terms, self.max_parts, min_df=2)
        features = sparse.hstack([self.words_.fit_transform(texts), self.parts_.fit_transform(texts)], format="csr")
        self.regression_ = LogisticRegression(C=self.c, class_weight=self.class_weight, max_iter=200, tol=1e-3)
        self.regression_.fit(features, list(y), sample_weight=sample_weight)
        self.classes_ = self.regression_.classes_
        return self

    def decision_function(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the score of each class, shape (n_texts, n_classes)."""
        scores: NDArray[np.float64] = self.regression_.decision_function(self._features(texts))
        return scores

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the probability of each class, not calibrated."""
        chances: NDArray[np.float64] = self.regression_.predict_proba(self._features(texts))
        return chances

    def predict(self, texts: Sequence[str]) -> NDArray[Any]:
        """Return the most probable class of each text."""
        best: NDArray[Any] = self.regression_.predict(self._features(texts))
        return best

    def _features(self, texts: Sequence[str]) -> Any:  # noqa: ANN401 - a scipy sparse matrix, untyped here
        return sparse.hstack([self.words_.transform(texts), self.parts_.transform(texts)], format="csr")


def compile_model(model: TfidfLogReg, temperature: float, version: str) -> Classifier:
    """Return the fitted model as the plain arrays that serve it; both give the same scores."""
    coefficients = model.regression_.coef_.T.astype(np.float32)
    n_words = len(model.words_.terms_)
    return Classifier(
        classes=tuple(EventClass(name) for name in model.classes_),
        words=_term_model(model.words_, coefficients[:n_words]),
        parts=_term_model(model.parts_, coefficients[n_words:]),
        intercept=model.regression_.intercept_.astype(np.float32),
        temperature=temperature,
        version=version,
    )


def _term_model(tfidf: CountedTfidf, coefficients: NDArray[np.float32]) -> TermModel:
    return TermModel(tfidf.terms_, tfidf.idf_, coefficients)
