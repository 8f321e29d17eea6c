import numpy as np
import pytest

from podlore.classify.evaluation.family_bootstrap import FamilyBootstrap, difference, interval
from podlore.classify.scores import brier, confusion, log_loss, macro_f1
from podlore.classify.temperature import softmax

RNG = np.random.default_rng(0)


def drawn(n: int, sharp: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    scores = RNG.normal(0, 2, (n, 3))
    truth = np.array([RNG.choice(3, p=chance) for chance in softmax(scores)])
    return softmax(scores * sharp), truth


def test_the_first_score_is_the_sets_own() -> None:
    chances, truth = drawn(300)
    scores = FamilyBootstrap(np.arange(300) // 4, truth, 3, resamples=10).scores(chances)
    counts = confusion(truth, chances.argmax(axis=1), 3).astype(float)
    assert scores["macro_f1"][0] == pytest.approx(macro_f1(counts))
    assert scores["brier"][0] == pytest.approx(brier(chances, truth).mean())
    assert scores["log_loss"][0] == pytest.approx(log_loss(chances, truth).mean())


def test_a_resample_is_what_a_loop_over_its_families_gives() -> None:
    chances, truth = drawn(60)
    family = np.arange(60) // 3
    bootstrap = FamilyBootstrap(family, truth, 3, resamples=5)
    for number in range(1, 6):
        rows = [row for row in range(60) for _ in range(int(bootstrap.weights[number, family[row]]))]
        counts = confusion(truth[rows], chances[rows].argmax(axis=1), 3).astype(float)
        assert bootstrap.scores(chances)["macro_f1"][number] == pytest.approx(macro_f1(counts))
        assert bootstrap.scores(chances)["brier"][number] == pytest.approx(brier(chances[rows], truth[rows]).mean())


def test_the_interval_covers_the_truth_where_families_are_copies() -> None:
    """Forty families of ten copies each: rows as units would cover far less than promised."""
    covered = 0
    for seed in range(120):
        rng = np.random.default_rng(seed)
        right = np.repeat(rng.random(40) < 0.7, 10)
        chances = np.where(right[:, None], [0.9, 0.1], [0.1, 0.9])
        bootstrap = FamilyBootstrap(np.repeat(np.arange(40), 10), np.zeros(400, int), 2, seed=seed, resamples=400)
        found = interval(bootstrap.scores(chances)["accuracy"])
        covered += found.low <= 0.7 <= found.high
    assert covered / 120 > 0.88


def test_a_model_is_not_better_than_itself_and_better_than_a_worse_one() -> None:
    chances, truth = drawn(400)
    bootstrap = FamilyBootstrap(np.arange(400) // 2, truth, 3)
    good, bad = bootstrap.scores(chances), bootstrap.scores(np.full((400, 3), 1 / 3))
    assert difference(good["brier"], good["brier"]).p_value == 1
    better = difference(good["brier"], bad["brier"])
    assert better.high < 0
    assert better.p_value < 0.01
