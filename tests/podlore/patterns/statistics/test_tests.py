"""Tests of rates and distributions, false discoveries, and detectors of drift: what they promise."""

import numpy as np
import pytest
from scipy import stats

from podlore.errors import BadInput, NotEnoughEvidence
from podlore.patterns.statistics import (
    ChangeMartingale,
    Cusum,
    PageHinkley,
    benjamini_hochberg,
    distribution_test,
    e_benjamini_hochberg,
    rate_test,
)
from podlore.patterns.statistics.distribution_test import effective_share


def test_the_exact_rate_test_is_the_binomial_one() -> None:
    found = rate_test([3, 3, 3, 3], [5, 6, 5, 6])
    assert found.law == "Poisson"
    assert found.p_value == pytest.approx(stats.binomtest(22, 34, 0.5).pvalue)


def test_bursts_of_one_rate_are_no_change_though_a_poisson_test_would_say_so() -> None:
    rng = np.random.default_rng(4)
    false = naive = 0
    for _ in range(150):
        before, after = (rng.negative_binomial(0.7, 0.05, 14) for _ in range(2))
        false += rate_test(before, after).p_value <= 0.05
        naive += stats.binomtest(int(after.sum()), int(before.sum() + after.sum()), 0.5).pvalue <= 0.05
    assert false <= 17
    assert naive >= 75


def test_few_bins_and_few_samples_are_said() -> None:
    with pytest.raises(NotEnoughEvidence, match="seen 2 bins"):
        rate_test([1, 2], [1, 2, 3])
    with pytest.raises(NotEnoughEvidence, match="samples"):
        distribution_test([0.5] * 7, [0.5] * 50)


def test_samples_that_hang_together_are_worth_less() -> None:
    rng = np.random.default_rng(4)
    false = naive = 0
    for _ in range(150):
        wander = np.zeros((2, 100))
        for step in range(1, 100):
            wander[:, step] = 0.8 * wander[:, step - 1] + rng.normal(size=2)
        false += distribution_test(wander[0], wander[1]).p_shift <= 0.05
        naive += stats.mannwhitneyu(wander[0], wander[1]).pvalue <= 0.05
    assert false <= 20
    assert naive >= 50
    assert effective_share(np.ones(50)) == 1.0


def test_benjamini_hochberg_agrees_with_scipy() -> None:
    p_values = np.random.default_rng(1).beta(0.4, 1.5, 60)
    assert benjamini_hochberg(p_values, 0.1).tolist() == (stats.false_discovery_control(p_values) <= 0.1).tolist()


def test_false_discoveries_refuse_what_is_no_p_or_e_value() -> None:
    with pytest.raises(BadInput):
        benjamini_hochberg([0.5, 1.5])
    with pytest.raises(BadInput):
        e_benjamini_hochberg([float("nan")])
    assert benjamini_hochberg([]).tolist() == []


def test_the_martingale_keeps_its_level_for_ever_and_finds_a_change() -> None:
    alarms = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        martingale = ChangeMartingale(rng)
        for value in rng.poisson(3, 150):
            martingale.update(float(value))
        alarms += martingale.largest >= 20
    assert alarms <= 7
    for value in rng.poisson(9, 40):
        martingale.update(float(value))
    assert martingale.e_value >= 20


@pytest.mark.parametrize("detector", [Cusum(), PageHinkley()], ids=["cusum", "page-hinkley"])
def test_drift_is_detected_both_ways_and_forgotten_at_a_reset(detector: Cusum | PageHinkley) -> None:
    rng = np.random.default_rng(2)
    for shift in (2.0, -2.0):
        detector.reset()
        for value in [*rng.normal(size=100), float("nan")]:
            detector.update(value)
        assert not detector.drift_detected
        for value in rng.normal(shift, 1, 60):
            detector.update(value)
        assert detector.drift_detected
