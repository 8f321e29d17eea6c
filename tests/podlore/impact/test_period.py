"""A day of a live cluster in figures: what is there, what is absent, and that the intervals hold the truth."""

from dataclasses import replace
from random import Random

import pytest

from podlore.impact.day_samples import DAY_SECONDS, SAMPLE_SECONDS, DaySamples, GpuSample, sampled
from podlore.impact.period import period_impact
from podlore.policy import HOUR_SECONDS, Policy, Prices
from podlore.snapshot import History
from podlore.testing import NOW, gpu_window, job, node, pod, snapshot
from podlore.vocabulary import Action, Followed, Given, ObjectRef, Outcome, Pattern, Resources, Start

BEGIN = NOW // DAY_SECONDS * DAY_SECONDS
END = BEGIN + DAY_SECONDS
TIMES = [BEGIN + n * SAMPLE_SECONDS for n in range(288)]


def start(n: int, wait_seconds: float, gpus: float = 1.0) -> Start:
    at = BEGIN + HOUR_SECONDS + n
    requests = Resources(gpu_milli=int(1000 * gpus))
    return Start(f"p-{n}", "vision", job().ref, at - wait_seconds, at, requests)


def impact(samples=(), starts=(), given=(), outcomes=()):
    history = History(starts=tuple(starts), given=tuple(given), outcomes=tuple(outcomes))
    return period_impact(BEGIN, END, samples, history)


def test_a_sample_counts_devices_once_and_what_is_finished_not_at_all():
    shared = [pod(f"p-{n}", gpus=0.5, node="gpu-1") for n in range(2)]
    windows = tuple(replace(gpu_window(one, activity=0.6), uuid="GPU-1") for one in shared)
    done = pod("done", gpus=4, node="gpu-1", phase="Succeeded")
    seen = snapshot(nodes=(node(gpus=8),), pods=(*shared, done), gpu_windows=windows, has_metrics=True)
    assert sampled(seen) == GpuSample(NOW, 8, 1, pytest.approx(0.6), 2.0)
    poor = replace(seen, has_metrics=False, policy=Policy(prices=Prices({})))
    assert (sampled(poor).active, sampled(poor).usd_per_hour) == (None, None)


def test_a_steady_day_is_told_exactly():
    told = impact([GpuSample(at, 8, 4, 3, 8.0) for at in TIMES])
    values = {name: one.value for name, one in told.figures.items()}
    assert values == pytest.approx(
        {"allocated_percent": 50, "active_percent": 37.5, "idle_gpu_hours": 24, "usd": 192, "idle_usd": 48}
    )
    assert all(one.low == pytest.approx(one.high) for one in told.figures.values())


def test_what_nobody_measured_is_absent_and_not_zero():
    assert set(impact([GpuSample(at, 8, 4) for at in TIMES]).figures) == {"allocated_percent"}
    assert impact().figures == {}
    assert "wait_seconds_median" not in impact(starts=[start(n, 60) for n in range(4)]).figures


def test_waits_are_those_of_jobs_with_gpus_that_started_within_the_day():
    early, without = replace(start(1, 9999), scheduled_at=BEGIN - 1), start(2, 9999, gpus=0)
    told = impact(
        starts=[*(start(n, 600) for n in range(10)), *(start(n, 300, gpus=8) for n in range(10)), early, without]
    )
    assert told.jobs == 20
    assert told.figures["wait_seconds_median"].value == pytest.approx(450)
    assert told.figures["small_wait_ratio"].value == pytest.approx(2)


def test_nineteen_of_twenty_intervals_hold_the_truth():
    held = 0
    for seed in range(200):
        rng = Random(seed)
        told = impact(starts=[start(n, rng.expovariate(1 / 600)) for n in range(80)])
        one = told.figures["wait_seconds_median"]
        held += one.low <= 600 * 0.6931 <= one.high
    assert held >= 180


def test_advice_is_counted_once_by_when_it_was_given_and_measured():
    given = Given(ObjectRef("batch", "Job", "vision", "a"), Pattern.CRASH_LOOP, "X", Action.INVESTIGATE, BEGIN + 60)
    followed = Outcome(given, Followed.YES, 1.0, BEGIN + 600)
    before = Outcome(replace(given, at=BEGIN - 60), Followed.NO, 1.0, BEGIN - 1)
    told = impact(given=[given], outcomes=[followed, before])
    assert (told.given, told.followed) == (1, 1)


def test_a_day_is_complete_when_it_is_over_and_was_watched_and_is_told_once():
    samples = DaySamples()
    for at in TIMES:
        for later in (0, 60):
            samples.see(at_time(at + later))
    assert len(samples.all) == 288, "one every five minutes"
    assert samples.complete_day(END - 1) is None
    assert samples.complete_day(END) == BEGIN
    assert DaySamples(samples.all[: 288 * 8 // 10]).complete_day(END) is None
    samples.forget_before(END)
    assert samples.complete_day(END) is None


def at_time(now):
    return replace(snapshot(nodes=(node(),)), now=now)
