"""Statistics: the same as their obvious twins, planted effects found, shuffled labels not more often than alpha."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podlore.impact.significance import (
    block_bootstrap,
    block_length,
    bootstrap_interval,
    cliffs_delta,
    diebold_mariano,
    difference_in_differences,
    holm,
    minimum_detectable_effect,
    paired_permutation,
    switchback,
    wilcoxon,
)
from podlore.testing.naive import statistics as naive

DIFFERENCES = st.lists(st.integers(-5, 5), min_size=1, max_size=8).filter(any)


@settings(max_examples=60, deadline=None)
@given(DIFFERENCES)
def test_the_exact_tests_give_what_listing_all_patterns_gives(differences):
    assert paired_permutation(differences) == pytest.approx(naive.paired_permutation(differences))
    assert wilcoxon(differences) == pytest.approx(naive.wilcoxon(differences))


def test_the_drawn_permutation_test_is_near_the_exact_one():
    values = list(np.random.default_rng(1).normal(0.4, 1, 17))
    drawn, exact = paired_permutation(values), paired_permutation(values[:16])
    assert 0 < drawn < 1
    assert abs(drawn - exact) < 0.2


def test_no_effect_is_called_one_more_often_than_alpha():
    rng = np.random.default_rng(0)
    alarms = sum(paired_permutation(rng.normal(0, 1, 8)) < 0.05 for _ in range(400))
    assert alarms / 400 < 0.08


def test_large_samples_of_wilcoxon_agree_with_scipy():
    from scipy.stats import wilcoxon as reference

    values = np.random.default_rng(2).normal(0.1, 1, 200)
    assert wilcoxon(values) == pytest.approx(reference(values, correction=True).pvalue, rel=0.02)


def test_bootstrap_intervals_cover_the_mean():
    rng = np.random.default_rng(3)
    hits = 0
    for seed in range(100):
        low, high = bootstrap_interval(rng.normal(5, 1, 20), seed=seed)
        hits += low <= 5 <= high
    assert hits >= 85


def test_blocks_are_longer_where_values_depend_on_those_before_and_the_interval_is_wider():
    rng = np.random.default_rng(4)
    noise = rng.normal(0, 1, 400)
    walk = np.zeros(400)
    for i in range(1, 400):
        walk[i] = 0.9 * walk[i - 1] + noise[i]
    assert block_length(walk) > 5 * block_length(noise)
    assert np.diff(block_bootstrap(walk)) > 1.5 * np.diff(block_bootstrap(walk, length=1.0))


def test_a_forecast_that_loses_less_is_found_and_equal_ones_are_not():
    rng = np.random.default_rng(5)
    losses = rng.random(60)
    statistic, p_value = diebold_mariano(losses, losses + 0.5 + 0.1 * rng.random(60))
    assert statistic < 0
    assert p_value < 0.001
    assert diebold_mariano(losses, losses) == (0.0, 1.0)


def test_holm_never_lowers_a_p_value_and_keeps_their_order():
    adjusted = holm([0.04, 0.01, 0.5])
    assert adjusted == [0.08, 0.03, 0.5]


def test_an_effect_twice_the_smallest_that_can_be_found_is_found():
    noise = np.random.default_rng(6).normal(0, 1, 10)
    noise -= noise.mean()
    smallest = minimum_detectable_effect(noise)
    assert paired_permutation(noise + 2 * smallest) < 0.05
    assert paired_permutation(noise + 0.1 * smallest) > 0.05


def test_switchback_cancels_a_trend_and_leaves_out_what_carries_over():
    is_on = ([False] * 3 + [True] * 3) * 6
    values = [2.0 * on for on in is_on]
    for start in range(3, len(values), 6):
        values[start] = 9.0
    assert switchback(values, is_on, carry_over=1).effect == pytest.approx(2.0)
    assert switchback(values, is_on).effect > 3.0


def test_difference_in_differences_finds_a_planted_effect_and_no_other():
    rng = np.random.default_rng(7)
    before = {f"pool{i}": rng.normal(i, 0.1, 5) for i in range(10)}
    treated = {f"pool{i}" for i in range(5)}
    after = {name: values + 1.0 + 2.0 * (name in treated) for name, values in before.items()}
    found = difference_in_differences(before, after, treated)
    assert found.effect == pytest.approx(2.0)
    assert found.p_value < 0.05
    with pytest.raises(ValueError, match="at least 2 treated"):
        difference_in_differences(before, after, {"pool0"})


def test_cliffs_delta_runs_from_minus_one_to_one():
    assert cliffs_delta([3, 4], [1, 2]) == 1.0
    assert cliffs_delta([1, 2], [3, 4]) == -1.0
