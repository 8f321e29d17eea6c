"""TF-IDF of frequent words, hashed parts of words, into gradient-boosted trees."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from lightgbm import LGBMClassifier
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin

from podlore.classify.models.counted_tfidf import CountedTfidf, hashed
from podlore.classify.terms import part_terms, word_terms

_BINS = 15
"""A term's weight takes few values that matter; of 255 bins, as LightGBM has them, most are searched in vain."""


class TfidfLightGbm(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Boosted trees over words and pairs that are frequent, and over parts of words hashed into few columns.

    Parameters
    ----------
    trees, leaves
        How many rounds, and how many leaves a tree has.
    max_words, part_columns
        How many words and pairs are kept, and into how many columns the parts of words fall.
    threads
        Threads of LightGBM; one makes the result the same on every machine.
    """

    def __init__(
        self, trees: int = 80, leaves: int = 15, max_words: int = 1_500, part_columns: int = 1_024, threads: int = 1
    ) -> None:
        self.trees = trees
        self.leaves = leaves
        self.max_words = max_words
        self.part_columns = part_columns
        self.threads = threads

    def fit(self, texts: Sequence[str], y: Sequence[str], sample_weight: NDArray[np.float64] | None = None) -> Self:
        """Learn vocabulary and trees."""
        self.words_ = CountedTfidf(word_terms, self.max_words, min_df=3)
        features = self._features(self.words_.fit_transform(texts), texts)
        self.booster_ = LGBMClassifier(
            n_estimators=self.trees,
            num_leaves=self.leaves,
            learning_rate=0.15,
            max_bin=_BINS,
            class_weight="balanced",
            colsample_bytree=0.3,
            min_child_samples=10,
            random_state=0,
            n_jobs=self.threads,
            deterministic=True,
            force_row_wise=True,
            verbosity=-1,
        )
        self.booster_.fit(features, list(y), sample_weight=sample_weight)
        self.classes_: NDArray[Any] = self.booster_.classes_
        return self

    def decision_function(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the score of each class, shape (n_texts, n_classes)."""
        scores: NDArray[np.float64] = self.booster_.predict(
            self._features(self.words_.transform(texts), texts), raw_score=True
        )
        return scores

    def _features(self, words: Any, texts: Sequence[str]) -> Any:  # noqa: ANN401 - scipy ships no types
        return sparse.hstack([words, hashed(part_terms, texts, self.part_columns)], format="csr")
