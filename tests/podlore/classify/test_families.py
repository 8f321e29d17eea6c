import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from podlore.classify.families import NEAR, families, nearest, skeleton
from podlore.classify.training import Row


def slow_families(texts: list[str]) -> list[int]:
    """Join whatever is near, over and over, until nothing changes."""
    skeletons = [skeleton(text) for text in texts]
    distinct = sorted(set(skeletons))
    vectors = TfidfVectorizer(analyzer="char", ngram_range=(4, 5)).fit_transform(distinct).toarray()
    family = list(range(len(distinct)))
    changed = True
    while changed:
        changed = False
        for left in range(len(distinct)):
            for right in range(left):
                near = vectors[left] @ vectors[right] >= NEAR
                if near and family[left] != family[right]:
                    lower = min(family[left], family[right])
                    family[left] = family[right] = lower
                    changed = True
    order: dict[int, int] = {}
    return [order.setdefault(family[distinct.index(text)], len(order)) for text in skeletons]


def test_families_are_those_of_the_slow_twin(rows: list[Row]) -> None:
    texts = [row.text for row in rows[:150]]
    assert families(texts).tolist() == slow_families(texts)


def test_numbers_and_labels_do_not_tell_texts_apart() -> None:
    assert families(["service=a | disk 17 is full", "service=b | disk 99 is full", "network down"]).tolist() == [
        0,
        0,
        1,
    ]


def test_texts_without_words_are_one_family() -> None:
    assert families(["", "---", "real words here"]).tolist() == [0, 0, 1]


def test_the_nearest_is_the_highest_cosine(rows: list[Row]) -> None:
    texts, others = [row.text for row in rows[:40]], [row.text for row in rows[40:400]]
    cosines, which = nearest(texts, others)
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(4, 5)).fit([skeleton(t) for t in (*texts, *others)])
    left = vectorizer.transform([skeleton(text) for text in texts]).toarray()
    right = vectorizer.transform([skeleton(text) for text in others]).toarray()
    assert np.allclose(cosines, (left @ right.T).max(axis=1), atol=1e-5)
    assert np.allclose((left @ right.T)[np.arange(40), which], cosines, atol=1e-5)
