import numpy as np
import pytest

from podlore.classify.conformal import least_chance, plausible
from podlore.classify.temperature import softmax


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_the_true_class_is_plausible_as_often_as_promised(coverage: float) -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 2, (20_000, 5))
    truth = np.array([rng.choice(5, p=chance) for chance in softmax(scores)])
    chances = softmax(scores * 2)
    least = least_chance(chances[:10_000], truth[:10_000], np.arange(10_000), coverage)
    covered = plausible(chances[10_000:], least)[np.arange(10_000), truth[10_000:]]
    assert covered.mean() == pytest.approx(coverage, abs=0.015)


def test_a_large_family_counts_as_one() -> None:
    chances = np.array([[0.9, 0.1]] * 3 + [[0.2, 0.8]] * 97)
    truth = np.zeros(100, int)
    family = np.array([0, 1, 2] + [3] * 97)
    assert least_chance(chances, truth, family, coverage=0.55) == pytest.approx(0.9)
    assert least_chance(chances, truth, np.arange(100), coverage=0.55) == pytest.approx(0.2)


def test_where_nothing_can_be_promised_every_class_is_plausible() -> None:
    assert least_chance(np.array([[0.5, 0.5]]), np.array([0]), np.array([0]), coverage=0.9) == 0


def test_the_most_probable_class_is_always_plausible() -> None:
    assert plausible(np.array([[0.4, 0.35, 0.25]]), 0.9).tolist() == [[True, False, False]]
