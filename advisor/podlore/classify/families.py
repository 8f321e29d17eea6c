"""Families of near-duplicate messages: what must not be on both sides of a split.

Two templates are of one family if the cosine of their TF-IDF over parts of four and five characters is at least .70,
directly or through others. In: texts. Out: the number of each text's family.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import TfidfVectorizer

from podlore.classify.terms import labels_and_words

NEAR = 0.70
_BLOCK = 512

Numbers = NDArray[np.intp]


def skeleton(text: str) -> str:
    """Return a text's words without labels, the digits of its numbers and the names between them told apart.

    >>> skeleton("service=sshd | Failed password for <user> from <ip> port 4242")
    'failed password for user from ip port 0000'
    """
    return " ".join("0" * len(word) if word.isdigit() else word for word in labels_and_words(text)[1])


def families(texts: Sequence[str], near: float = NEAR) -> Numbers:
    """Return the family of each text as a number, shape (n,).

    >>> families(["disk 1 failed to answer", "disk 2 failed to answer", "login refused"]).tolist()
    [0, 0, 1]
    """
    skeletons = [skeleton(text) for text in texts]
    distinct = sorted(set(skeletons))
    row = {text: number for number, text in enumerate(distinct)}
    vectors = _vectorizer().fit_transform(distinct)
    pairs = [(left, right) for left, right, _ in near_pairs(vectors, vectors, near) if left < right]
    left, right = np.array(pairs, np.intp).reshape(-1, 2).T
    graph = csr_matrix((np.ones(len(left), bool), (left, right)), shape=(len(distinct), len(distinct)))
    _, of_distinct = connected_components(graph, directed=False)
    return _by_appearance(np.array([of_distinct[row[text]] for text in skeletons], np.intp))


def near_pairs(left: csr_matrix, right: csr_matrix, near: float) -> Iterator[tuple[int, int, float]]:
    """Yield the rows of two matrices of unit vectors whose cosine is at least ``near``, with it, block by block."""
    turned = right.T.tocsr()
    for start in range(0, left.shape[0], _BLOCK):
        cosines = (left[start : start + _BLOCK] @ turned).tocoo()
        close = cosines.data >= near
        yield from zip(
            (cosines.row[close] + start).tolist(),
            cosines.col[close].tolist(),
            cosines.data[close].tolist(),
            strict=True,
        )


def nearest(texts: Sequence[str], others: Sequence[str]) -> tuple[NDArray[np.float64], Numbers]:
    """Return for each text the highest cosine with one of the others, and which one it is."""
    vectors = _vectorizer().fit_transform([skeleton(text) for text in (*texts, *others)])
    left, turned = vectors[: len(texts)], vectors[len(texts) :].T.tocsr()
    highest, which = np.zeros(len(texts)), np.zeros(len(texts), np.intp)
    for start in range(0, len(texts), _BLOCK):
        cosines = left[start : start + _BLOCK] @ turned
        stop = start + cosines.shape[0]
        highest[start:stop] = cosines.max(axis=1).toarray().ravel()
        which[start:stop] = np.asarray(cosines.argmax(axis=1)).ravel()
    return highest, which


def _vectorizer() -> TfidfVectorizer:
    return TfidfVectorizer(analyzer="char", ngram_range=(4, 5), dtype=np.float32)


def _by_appearance(labels: Numbers) -> Numbers:
    """Return labels numbered in the order in which they appear."""
    order: dict[int, int] = {}
    return np.array([order.setdefault(int(label), len(order)) for label in labels], np.intp)
