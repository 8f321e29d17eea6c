"""What came of advice: followed, partly or not, the gain beside the promise and the control, and what it teaches."""

from dataclasses import replace

import pytest

from podlore.advice import advice
from podlore.advice.outcome import (
    OUTCOMES_MIN,
    OVER_AFTER_SECONDS,
    given_of,
    learned,
    look_again,
    with_control,
    with_new,
)
from podlore.advisor import advise
from podlore.patterns.found import found
from podlore.snapshot import History, Snapshot
from podlore.testing import HOUR, NOW, gpu_window, job, node, pod, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Evidence, EvidenceSource, Followed, Given, ObjectRef, Outcome, Pattern, Pod

OWNER = job("train", labels={"team": "perception"})
IDLE = pod("train-0", node="gpu-1", gpus=8, controller=OWNER.ref, age=6 * HOUR)


def cluster(*pods: Pod, **more: object) -> Snapshot:
    windows = tuple(gpu_window(one, gpu=n, activity=0.0) for one in pods for n in range(8) if one.node)
    nodes = (node("gpu-1"), node("gpu-2"))
    return snapshot(
        **{"pods": pods, "nodes": nodes, "controllers": (OWNER,), "gpu_windows": windows, "has_metrics": True} | more
    )


@pytest.fixture
def given() -> Given:
    view = ClusterView(cluster(IDLE))
    [one] = advise(view.snapshot).recommendations
    return given_of(one, view)


def after(given: Given, *pods: Pod, hours: float = 4, **more: object) -> Outcome | None:
    later = cluster(*pods, history=History(given=(replace(given, at=NOW - hours * HOUR),)), **more)
    return next(iter(look_again(ClusterView(later), advise(later)).outcomes), None)


def test_what_was_promised_is_written_down(given: Given) -> None:
    assert (given.team, given.gpus, given.unit) == ("perception", 8, "GPUHours")
    assert 0 < given.low < given.expected < given.high


def test_gpus_that_were_let_go_are_a_gain_for_the_rest_of_the_day(given: Given) -> None:
    outcome = after(given)
    assert outcome is not None
    assert (outcome.followed, outcome.observed, outcome.was_right) == (Followed.YES, 8 * 20, True)


def test_some_of_them_are_some_of_it(given: Given) -> None:
    half = pod("train-0", node="gpu-1", gpus=4, controller=OWNER.ref, age=6 * HOUR)
    outcome = after(given, half, hours=24)
    assert outcome is not None
    assert outcome.followed is Followed.PARTLY


def test_whoever_does_nothing_within_a_day_did_not_follow(given: Given) -> None:
    assert after(given, IDLE) is None, "it may still be followed"
    outcome = after(given, IDLE, hours=24)
    assert outcome is not None
    assert (outcome.followed, outcome.observed, outcome.was_right) == (Followed.NO, 0.0, None)


def test_whoever_went_back_to_work_did_not_follow_and_is_the_control(given: Given) -> None:
    busy = tuple(gpu_window(IDLE, gpu=n, activity=0.9) for n in range(8))
    untouched = after(given, IDLE, gpu_windows=busy, hours=14)
    assert untouched is not None
    assert (untouched.followed, untouched.observed) == (Followed.NO, 80)
    followed = after(given)
    assert followed is not None
    other = replace(followed, given=replace(followed.given, target=ObjectRef("batch", "Job", "nlp", "other")))
    [beside, control] = with_control((other, untouched))
    assert (beside.control, control.control) == (80, None)


def test_an_outcome_is_recorded_once(given: Given) -> None:
    old = replace(given, at=NOW - 4 * HOUR)
    known = Outcome(old, Followed.YES, 1.0, NOW)
    later = cluster(history=History(given=(old,), outcomes=(known,)))
    assert look_again(ClusterView(later), advise(later)).outcomes == (known,)


def live(seen: Snapshot, history: History, hours: float, useful: bool | None = None) -> History:
    """What a round remembers that comes so many hours after the advice, a minute after the one before."""
    now = NOW + hours * HOUR
    view = ClusterView(replace(seen, now=now, history=history))
    said = {(one.target, one.pattern, one.cause): useful for one in history.given if useful is not None}
    patience = {"looked_at": now - 60, "patience_seconds": OVER_AFTER_SECONDS}
    return look_again(view, advise(view.snapshot), useful=said, **patience)


def test_what_is_not_found_for_a_moment_is_not_over_and_counts_from_when_it_was_last_found(given: Given) -> None:
    history = live(cluster(), with_new(History(), [given]), 4)
    assert not history.outcomes
    assert history.given[0].unseen_since == NOW + 4 * HOUR - 60
    assert live(cluster(IDLE), history, 4.1).given == (given,), "it is there again"
    [outcome] = live(cluster(), history, 4.3).outcomes
    assert outcome.observed == pytest.approx(8 * (20 + 1 / 60))


def test_a_job_that_ended_is_settled_before_it_is_collected_and_was_not_followed(given: Given) -> None:
    ended = cluster(controllers=(replace(OWNER, finished_at=NOW + HOUR),))
    [outcome] = live(ended, with_new(History(), [given]), 1).outcomes
    assert (outcome.followed, outcome.was_right) == (Followed.NO, None)


def test_what_is_settled_is_forgotten_after_a_day_unless_it_stands(given: Given) -> None:
    history = live(cluster(IDLE), with_new(History(), [given]), 24)
    assert [one.followed for one in history.outcomes] == [Followed.NO]
    assert live(cluster(IDLE), history, 30) == history, "it stands, and is told once"
    assert live(cluster(), history, 31).given == ()


def test_people_say_whether_it_was_right(given: Given) -> None:
    history = live(cluster(IDLE), with_new(History(), [given]), 23, useful=False)
    [outcome] = live(cluster(IDLE), history, 24).outcomes
    assert (outcome.followed, outcome.was_right) == (Followed.NO, False)


def outcomes(given: Given, right: int, wrong: int) -> tuple[Outcome, ...]:
    made = [replace(given, target=ObjectRef("batch", "Job", "nlp", f"j-{n}")) for n in range(right + wrong)]
    return tuple(Outcome(one, Followed.YES, one.expected, NOW, was_right=n < right) for n, one in enumerate(made))


def test_confidence_learns_from_enough_outcomes_and_not_before(given: Given) -> None:
    few = learned(Pattern.RESOURCE_HOARDING, 0.9, outcomes(given, 10, OUTCOMES_MIN - 11))
    assert (few.is_calibrated, few.confidence) == (False, 0.9)
    many = learned(Pattern.RESOURCE_HOARDING, 0.9, outcomes(given, 20, 20))
    assert many.is_calibrated
    assert many.confidence == pytest.approx((9 + 20) / 50)
    assert (many.covered, many.measured) == (40, 40)
    taught = cluster(IDLE, history=History(outcomes=outcomes(given, 20, 20)))
    [one] = advise(taught).recommendations
    assert one.because.confidence == pytest.approx(0.55), "without power readings the detector itself says 0.77"


def test_the_day_has_a_budget_for_a_team_and_what_is_known_comes_again(given: Given) -> None:
    fact = Evidence(EvidenceSource.OBJECT, "seen", "so")
    finding = found(Pattern.CRASH_LOOP, "Application", OWNER.ref, "It fails.", [fact], gpus=1, hours=1)
    limits = replace(cluster().policy.limits, per_team_day_max=1)
    policy = replace(cluster().policy, limits=limits)
    full = cluster(IDLE, policy=policy, history=History(given=(given,)))
    assert [one.reason for one in advice([finding], ClusterView(full)).withheld] == ["TeamDayCap"]
    again = replace(given, pattern=finding.pattern, cause=finding.cause)
    known = cluster(IDLE, policy=policy, history=History(given=(again,)))
    assert len(advice([finding], ClusterView(known)).recommendations) == 1
    yesterday = cluster(IDLE, policy=policy, history=History(given=(replace(given, at=NOW - 25 * HOUR),)))
    assert len(advice([finding], ClusterView(yesterday)).recommendations) == 1
