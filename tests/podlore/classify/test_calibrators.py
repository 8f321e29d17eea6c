import numpy as np
import pytest

from podlore.classify.calibrators import CALIBRATORS, choose
from podlore.classify.scores import log_loss
from podlore.classify.temperature import softmax

RNG = np.random.default_rng(0)
SCORES = RNG.normal(0, 2, (6_000, 4))
TRUTH = np.array([RNG.choice(4, p=chance) for chance in softmax(SCORES)])
TOO_SURE = SCORES * 3


@pytest.mark.parametrize("name", CALIBRATORS)
def test_probabilities_are_shares(name: str) -> None:
    chances = CALIBRATORS[name]().fit(TOO_SURE, TRUTH).predict_proba(TOO_SURE[:50] * 9)
    assert chances.sum(axis=1) == pytest.approx(1)
    assert (chances >= 0).all()


@pytest.mark.parametrize("name", ["temperature", "platt", "isotonic"])
def test_scores_that_are_too_sure_are_cooled(name: str) -> None:
    fitted = CALIBRATORS[name]().fit(TOO_SURE[:4_000], TRUTH[:4_000])
    before = log_loss(softmax(TOO_SURE[4_000:]), TRUTH[4_000:]).mean()
    after = log_loss(fitted.predict_proba(TOO_SURE[4_000:]), TRUTH[4_000:]).mean()
    assert after < before - 0.2


def test_temperature_keeps_the_order_of_classes() -> None:
    chances = CALIBRATORS["temperature"]().fit(TOO_SURE, TRUTH).predict_proba(TOO_SURE)
    assert np.array_equal(chances.argmax(axis=1), TOO_SURE.argmax(axis=1))


def test_the_choice_is_the_simplest_that_fits_what_was_planted() -> None:
    best, losses = choose(TOO_SURE, TRUTH, np.arange(6_000) // 3)
    assert best == "temperature"
    assert losses["plain"] == max(losses.values())


def test_scores_that_are_right_already_need_little() -> None:
    _, losses = choose(SCORES, TRUTH, np.arange(6_000))
    assert losses["temperature"] == pytest.approx(losses["plain"], abs=0.002)
