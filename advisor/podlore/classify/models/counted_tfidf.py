"""scikit-learn's TF-IDF, with every text cut and counted once a process: the folds of a protocol share their texts.

In: texts and a function that cuts one into terms. Out: sparse features, the same as ``TfidfVectorizer`` makes them.
Called by the models of this folder.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.preprocessing import normalize

REMEMBERED = 1 << 17
"""Of so many texts the counts are kept."""

Cut = Callable[[str], Sequence[str]]
Matrix = Any  # scipy's sparse matrices ship no types
_tables: dict[Cut, "_Table"] = {}
"""By way to cut: numbers of terms differ from process to process, and no result depends on them."""


class CountedTfidf:
    """Sublinear tf-idf of unit length.

    Parameters
    ----------
    cut
        Returns the terms of a text; a function of a module, so that all models share what it counted.
    most, min_df
        How many terms are kept, the most frequent first, and in how many texts a term must stand.
    """

    def __init__(self, cut: Cut, most: int | None = None, min_df: int = 1) -> None:
        self.cut, self.most, self.min_df = cut, most, min_df

    def fit_transform(self, texts: Sequence[str]) -> Matrix:
        """Choose and weigh terms; return the features of the texts, shape (n_texts, n_terms)."""
        counts = _table(self.cut).counts(texts)
        names = _table(self.cut).names
        in_texts = np.bincount(counts.indices, minlength=len(names))
        kept = np.flatnonzero(in_texts >= self.min_df)
        kept = np.array(sorted(kept, key=names.__getitem__), np.intp)
        if self.most is not None and len(kept) > self.most:
            frequency = np.bincount(counts.indices, counts.data, len(names))[kept].astype(np.float32)
            kept = kept[np.sort(np.argsort(-frequency)[: self.most])]
        self.terms_ = tuple(names[row] for row in kept)
        self._kept = kept
        self._weights = TfidfTransformer(sublinear_tf=True)
        features: Matrix = self._weights.fit_transform(_columns(counts, kept))
        self.idf_: NDArray[np.float32] = self._weights.idf_.astype(np.float32)
        return features

    def transform(self, texts: Sequence[str]) -> Matrix:
        """Return the features of texts, of which nothing is learned."""
        features: Matrix = self._weights.transform(_columns(_table(self.cut).counts(texts), self._kept))
        return features


def hashed(cut: Cut, texts: Sequence[str], columns: int) -> Matrix:
    """Return counts of terms that fall into few columns, each text of unit length."""
    counts = _table(cut).counts(texts)
    fallen = sparse.csr_matrix(
        (counts.data, _table(cut).hashes()[counts.indices] % columns, counts.indptr), shape=(len(texts), columns)
    )
    fallen.sum_duplicates()
    return normalize(fallen, copy=False)


def _columns(counts: Matrix, kept: NDArray[np.intp]) -> Matrix:
    """Return the counts of the kept terms, a column each, in their order."""
    column = np.full(counts.shape[1], -1, np.intp)
    column[kept] = np.arange(len(kept))
    at = column[counts.indices]
    known = np.concatenate([[0], np.cumsum(at >= 0)])[counts.indptr]
    matrix = sparse.csr_matrix((counts.data[at >= 0], at[at >= 0], known), shape=(counts.shape[0], len(kept)))
    matrix.sort_indices()
    return matrix


class _Table:
    """The number of each term met so far, and the counts of each text by number."""

    def __init__(self, cut: Cut) -> None:
        self._cut = cut
        self._number: dict[str, int] = {}
        self._by_text: dict[str, tuple[NDArray[np.int32], NDArray[np.float32]]] = {}
        self._hashes = np.zeros(0, np.int64)
        self._lock = Lock()

    @property
    def names(self) -> list[str]:
        """The terms by number."""
        return list(self._number)

    def counts(self, texts: Sequence[str]) -> Matrix:
        """Return how often each term stands in each text."""
        with self._lock:
            rows = [self._counted(text) for text in texts]
        ends = np.cumsum([0, *(len(numbers) for numbers, _ in rows)])
        numbers = np.concatenate([numbers for numbers, _ in rows])
        counts = np.concatenate([counts for _, counts in rows])
        return sparse.csr_matrix((counts, numbers, ends), shape=(len(texts), len(self._number)))

    def hashes(self) -> NDArray[np.int64]:
        """Return a number for each term that is the same on every machine."""
        new = self.names[len(self._hashes) :]
        self._hashes = np.concatenate([self._hashes, np.array([crc32(name.encode()) for name in new], np.int64)])
        return self._hashes

    def _counted(self, text: str) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        found = self._by_text.get(text)
        if found is None:
            counts = Counter(self._cut(text))
            numbers = [self._number.setdefault(term, len(self._number)) for term in counts]
            found = np.array(numbers, np.int32), np.fromiter(counts.values(), np.float32, len(counts))
            if len(self._by_text) < REMEMBERED:
                self._by_text[text] = found
        return found


def _table(cut: Cut) -> _Table:
    """Return the table of a way to cut."""
    return _tables.setdefault(cut, _Table(cut))
