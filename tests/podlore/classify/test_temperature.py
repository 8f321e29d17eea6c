import numpy as np
import pytest

from podlore.classify.models.tfidf_logreg import TfidfLogReg
from podlore.classify.temperature import fit_temperature, out_of_fold_scores, softmax
from podlore.classify.training import Row


@pytest.mark.parametrize("planted", [0.5, 1.0, 3.0])
def test_the_planted_temperature_is_found(planted: float) -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 2, (20_000, 4))
    labels = np.array([rng.choice(4, p=chance) for chance in softmax(scores)])
    assert fit_temperature(scores * planted, labels) == pytest.approx(planted, rel=0.05)


class Witness(TfidfLogReg):
    """Remembers what it was trained on."""

    def fit(self, texts, y, sample_weight=None):
        self.seen_ = set(texts)
        return super().fit(texts, y, sample_weight)

    def decision_function(self, texts):
        assert not self.seen_ & set(texts)
        assert self.seen_ >= ALWAYS
        return super().decision_function(texts)


ALWAYS: set[str] = set()


def test_no_text_is_scored_by_a_model_that_saw_its_group_and_the_others_are_always_seen(
    rows: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = list(dict.fromkeys(row.text for row in rows))[:1_200]
    labels = [str(next(row for row in rows if row.text == text).event_class) for text in texts]
    monkeypatch.setitem(globals(), "ALWAYS", set(texts[:300]))
    held = range(300, len(texts))
    model, weights = Witness(max_words=500, max_parts=500), np.ones(len(texts))
    groups = [texts[row] for row in held]
    scores = out_of_fold_scores(model, texts, labels, weights, held=held, groups=groups)
    assert scores.shape == (len(held), 6)
    assert (scores != 0).any(axis=1).all()
