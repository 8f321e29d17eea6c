"""Forecasts: what leads to a pattern is seen, how likely it gets there is told, and nothing is said twice."""

from dataclasses import replace

import pytest

from podlore.advisor import advise, detect
from podlore.patterns.forecast import HORIZONS_MINUTES, PRECURSORS, Precursor, forecasts, probability
from podlore.patterns.forecast.forecasts import PROBABILITY_MIN
from podlore.patterns.forecast.probability import WEIGHTS
from podlore.snapshot import History, Snapshot
from podlore.testing import HOUR, MINUTE, NOW, node, pod, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Container, Failure, ObjectRef, Pattern, Series, Termination


def killed_once(*, took: float, runs: float) -> Snapshot:
    """Return a pod that was killed for its memory after a while and runs again."""
    begun = NOW - runs
    end = Termination(137, "OOMKilled", begun - 10 - took, begun - 10)
    one = pod("etl", node="gpu-1", gpus=2, containers=(Container("main", 1, begun, ready=True, ended_before=end),))
    failure = Failure(
        "vision", "etl", "main", ObjectRef("", "Pod", "vision", "etl"), "gpu-1", begun - 10, 137, "OOMKilled"
    )
    return snapshot(nodes=(node("gpu-1"),), pods=(one,), history=History(failures=(failure,)))


def precursors(seen: Snapshot) -> list[Precursor]:
    return [one for look in PRECURSORS for one in look(ClusterView(seen))]


def test_what_was_killed_once_is_due_when_it_has_run_as_long_again() -> None:
    (one,) = precursors(killed_once(took=HOUR, runs=50 * MINUTE))
    assert (one.pattern, str(one.target)) == (Pattern.OUT_OF_MEMORY_LOOP, "vision/Pod/etl")
    assert one.due_seconds == pytest.approx(10 * MINUTE)


def test_what_is_there_already_is_no_forecast() -> None:
    seen = killed_once(took=HOUR, runs=50 * MINUTE)
    failure = seen.history.failures[0]
    twice = replace(seen, history=History(failures=(replace(failure, at=failure.at - HOUR), failure)))
    found = detect(ClusterView(twice))
    assert [(finding.pattern, finding.horizon_minutes) for finding in found] == [(Pattern.OUT_OF_MEMORY_LOOP, 0)]


def test_idle_gpus_are_foreseen_from_their_series() -> None:
    one = pod("notebook", node="gpu-1", gpus=1)
    values = (*[0.6] * 6, *[0.0] * 12)
    series = Series("DCGM_FI_PROF_SM_ACTIVE", "gpu-1", NOW, 5 * MINUTE, values, "GPU-1", "vision", "notebook")
    seen = snapshot(nodes=(node("gpu-1"),), pods=(one,), series=(series,), has_metrics=True)
    (found,) = precursors(seen)
    assert (found.pattern, found.due_seconds) == (Pattern.RESOURCE_HOARDING, HOUR)
    busy = replace(series, values=(*values, 0.4))
    assert not precursors(replace(seen, series=(busy,)))


def test_corrected_errors_foretell_a_fault_until_there_is_one() -> None:
    def errors(*values: float) -> Snapshot:
        metric = "DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS"
        return snapshot(nodes=(node("gpu-1"),), series=(Series(metric, "gpu-1", NOW, 5 * MINUTE, values, "GPU-1"),))

    (one,) = precursors(errors(0, 0, 4, 4, 8))
    assert (one.pattern, one.cause) == (Pattern.HARDWARE_FAULT, "Memory")
    assert not precursors(errors(0, 0, 0, 0, 0))
    assert not precursors(errors(0, 4, 8, 12, 16))


@pytest.mark.parametrize("pattern", list(WEIGHTS))
def test_a_longer_horizon_and_a_nearer_end_are_never_less_likely(pattern: Pattern) -> None:
    def likely(due_seconds: float, minutes: int) -> float:
        target = ObjectRef("", "Pod", "a", "b")
        return probability(Precursor(pattern, "X", target, due_seconds, 1800.0, 1.0, "waits"), 60 * minutes)

    dues = (0.0, 300.0, 3000.0, 30_000.0, 1e18)
    for minutes in HORIZONS_MINUTES:
        row = [likely(due, minutes) for due in dues]
        assert row == sorted(row, reverse=True)
        assert all(0 <= value <= 1 for value in row)
    assert [likely(600.0, m) for m in HORIZONS_MINUTES] == sorted(likely(600.0, m) for m in HORIZONS_MINUTES)


def test_a_forecast_says_when_and_how_likely_and_hides_nothing() -> None:
    seen = killed_once(took=HOUR, runs=59 * MINUTE)
    found = list(forecasts(ClusterView(seen), ()))
    for finding in found:
        assert finding.horizon_minutes in HORIZONS_MINUTES
        assert finding.confidence >= PROBABILITY_MIN
        assert finding.evidence[0].source == "Model"
    assert len(advise(seen).recommendations) == len(found)


def test_wild_times_make_no_forecast_fail() -> None:
    for took, runs in ((-1e18, 5.0), (1e18, -1e18), (0.0, 1e300)):
        list(forecasts(ClusterView(killed_once(took=took, runs=runs)), ()))
