"""The counted features against scikit-learn's own, on random texts."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from podlore.classify.models.counted_tfidf import CountedTfidf, hashed
from podlore.classify.terms import part_terms, word_terms


def texts(seed: int, count: int = 80) -> list[str]:
    rng = np.random.default_rng(seed)
    words = [f"{stem}{ending}" for stem in ("disk", "node", "link", "mem") for ending in ("", "s", "-full", " down")]
    return [" ".join(rng.choice(words, rng.integers(1, 9))) for _ in range(count)]


@pytest.mark.parametrize(("cut", "most", "min_df"), [(word_terms, None, 1), (word_terms, 17, 2), (part_terms, 40, 2)])
def test_terms_weights_and_features_are_those_of_scikit_learn(cut, most, min_df):
    own = CountedTfidf(cut, most, min_df)
    theirs = TfidfVectorizer(analyzer=cut, sublinear_tf=True, max_features=most, min_df=min_df, dtype=np.float32)
    assert np.array_equal(own.fit_transform(texts(1)).toarray(), theirs.fit_transform(texts(1)).toarray())
    assert list(own.terms_) == list(theirs.get_feature_names_out())
    assert np.array_equal(own.idf_, theirs.idf_)
    others = ["", "a word never met", *texts(2)]
    assert np.array_equal(own.transform(others).toarray(), theirs.transform(others).toarray())


def test_what_was_counted_before_does_not_change_the_features() -> None:
    first = CountedTfidf(word_terms).fit_transform(texts(3)).toarray()
    CountedTfidf(word_terms).fit_transform(["zebra first", *texts(4)])
    assert np.array_equal(first, CountedTfidf(word_terms).fit_transform(texts(3)).toarray())


def test_hashed_counts_are_of_unit_length_and_the_same_for_the_same_text() -> None:
    some = hashed(part_terms, texts(5), 64).toarray()
    assert np.allclose(np.linalg.norm(some, axis=1), 1)
    hashed(part_terms, ["quite another text"], 64)
    assert np.array_equal(some, hashed(part_terms, texts(5), 64).toarray())
    assert not hashed(part_terms, [""], 64).toarray().any()
