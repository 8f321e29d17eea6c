"""Impact metrics: known runs with known numbers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podlore.impact.accessibility import barrier_rate, finish_time_fairness, gini, jain, quota_reach, wait_ratio
from podlore.impact.cost import Rates, cost
from podlore.impact.fragmentation import Expected, fragmented_milli
from podlore.impact.record import JobRecord, RunRecord
from podlore.impact.report import by_group, metrics
from podlore.impact.utilization import allocated_share, idle_gpu_hours
from podlore.testing.naive import statistics as naive


def job(name, gpus, submitted_at, started_at, ended_at, **more):
    return JobRecord(name, more.pop("tenant", "t"), gpus, submitted_at, started_at, ended_at, **more)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 50), min_size=1, max_size=12))
def test_gini_is_half_the_mean_difference_over_the_mean(values):
    assert gini(values) == pytest.approx(naive.gini(values))


def test_jain_is_one_for_equals_and_one_nth_for_a_single_winner():
    assert jain([3, 3, 3]) == pytest.approx(1.0)
    assert jain([9, 0, 0]) == pytest.approx(1 / 3)


def test_what_is_held_and_what_is_idle_add_up():
    run = RunRecord((job("a", 2, 0, 0, 3600), job("b", 1, 0, 1800, None)), {"T4": 4.0}, 0, 3600)
    assert allocated_share(run) == pytest.approx(2.5 / 4)
    assert idle_gpu_hours(run) == pytest.approx(1.5)


def test_held_over_time_counts_where_it_is_told():
    run = RunRecord((), {"T4": 4.0}, 0, 100, held=((0, 4), (50, 2)))
    assert allocated_share(run) == pytest.approx(0.75)


def test_a_job_alone_on_the_cluster_is_not_treated_unfairly():
    run = RunRecord((job("a", 4, 0, 0, 100, alone_seconds=100),), {"T4": 4.0}, 0, 100)
    assert finish_time_fairness(run) == {"a": pytest.approx(1.0)}


def test_who_waits_behind_another_of_its_size_has_a_ratio_above_its_share():
    first = job("a", 4, 0, 0, 100, alone_seconds=100)
    second = job("b", 4, 0, 900, 1000, alone_seconds=100)
    rho = finish_time_fairness(RunRecord((first, second), {"T4": 4.0}, 0, 1000))
    assert rho["a"] < 1 < rho["b"]


def test_barriers_are_told_within_a_size_class():
    short = [job(f"s{i}", 1, 0, 60, 100) for i in range(9)]
    assert barrier_rate([*short, job("late", 1, 0, 7200, 7300)]) == pytest.approx(0.1)
    assert barrier_rate([job(f"l{i}", 1, 0, 7200, 7300) for i in range(9)]) == 0.0


def test_a_tenant_without_its_quota_lowers_the_reach():
    had = job("a", 4, 0, 0, 100, tenant="x")
    kept_out = job("b", 4, 0, None, None, tenant="y")
    assert quota_reach(RunRecord((had, kept_out), {"T4": 4.0}, 0, 100)) == 0.0
    assert quota_reach(RunRecord((had,), {"T4": 4.0}, 0, 100)) == 1.0


def test_no_group_no_ratio():
    assert wait_ratio([job("a", 1, 0, 5, 9)], lambda _: True) is None


def test_fragments_smaller_than_the_request_are_lost_and_all_where_cpu_lacks():
    half = [Expected(1.0, 4000, 1, 500)]
    assert fragmented_milli(8000, [400, 1000], "A", half) == 400
    assert fragmented_milli(1000, [400, 1000], "A", half) == 1400
    assert fragmented_milli(8000, [400, 1000], "A", [Expected(1.0, 0, 1, 500, ("B",))]) == 1400


def test_cost_follows_the_rates():
    run = RunRecord((job("a", 1, 0, 0, 3600),), {"A": 1.0, "B": 1.0}, 0, 3600)
    spent = cost(run, Rates({"A": 4.0, "B": 2.0}, busy_watts=500, idle_watts=100, pue=1.0, grams_co2_per_kwh=1000))
    assert (spent.usd, spent.idle_usd) == (6.0, 3.0)
    assert spent.kilowatt_hours == pytest.approx(0.6)
    assert spent.kilograms_co2 == pytest.approx(0.6)


def test_a_report_has_every_family_of_metrics():
    run = RunRecord(
        tuple(
            job(f"j{i}", 1 if i % 2 else 8, i, i + 10, i + 60, alone_seconds=50, is_constrained=i > 5) for i in range(9)
        ),
        {"T4": 16.0}, 0, 100,
    )  # fmt: skip
    found = metrics(run, Rates())
    for name in ("allocated_percent", "wait_seconds_p99", "completion_seconds_mean", "makespan_seconds", "idle_usd",
                 "kilowatt_hours", "kilograms_co2", "jain_tenants", "rho_max", "rho_above_1_share", "gini_waits",
                 "small_wait_ratio", "constrained_wait_ratio", "quota_reach", "barrier_rate"):  # fmt: skip
        assert name in found
    assert by_group(run)["size class"] == {"1": 10.0, "8": 10.0}
