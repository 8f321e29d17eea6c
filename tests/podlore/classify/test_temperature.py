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


def test_no_text_is_scored_by_a_model_that_saw_its_group(rows: list[Row]) -> None:
    class Witness(TfidfLogReg):
        def fit(self, texts, y, sample_weight=None):
            self.seen_ = set(texts)
            return super().fit(texts, y, sample_weight)

        def decision_function(self, texts):
            assert not self.seen_ & set(texts)
            return super().decision_function(texts)

    some = [row for row in rows if row.family.rsplit(".", 1)[0] != ""][:1_200]
    texts = [row.text for row in some]
    groups = [row.text for row in some]
    scores = out_of_fold_scores(
        Witness(max_words=500, max_parts=500), texts, [str(row.event_class) for row in some], groups
    )
    assert np.isfinite(scores).all()
    assert (scores != 0).any(axis=1).all()
