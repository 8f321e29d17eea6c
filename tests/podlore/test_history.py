import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlore.clock import Clock
from podlore.history import (
    AGE_SECONDS_MAX,
    COUNT_MAX,
    NO_EXIT_CODE,
    SETTLE_WALL_SECONDS,
    Recorder,
    failures_between,
)
from podlore.snapshot import History
from podlore.vocabulary import Container, ObjectRef, Pod, Termination

NOW = 1_000_000.0
HOUR = 3600.0
JOB = ObjectRef("batch", "Job", "vision", "train")


class Time:
    """A clock's source that a test moves."""

    def __init__(self, at=NOW):
        self.at = at

    def __call__(self):
        return self.at


def pod(*containers, **changes):
    return replace(
        Pod("vision", "train-0", "u1", NOW - 10 * HOUR, "Running", "gpu-1", containers=containers), **changes
    )


def crash(seconds_ago, exit_code=1, reason="Error", run_seconds=60.0):
    return Termination(exit_code, reason, NOW - seconds_ago - run_seconds, NOW - seconds_ago)


def down(restarts, end):
    """A container that waits in its back-off."""
    return Container("main", restarts, waiting_reason="CrashLoopBackOff", ended_before=end)


def up(restarts, end=None):
    return Container("main", restarts, running_since=NOW - 1, ended_before=end)


def failures(before, after, clock=None):
    return list(failures_between(before, after, clock or Clock(read=Time())))


def test_an_end_with_an_error_is_a_failure_exactly_when_it_happened():
    (failure,) = failures(pod(up(0)), pod(down(0, crash(30))))
    assert (failure.at, failure.exit_code, failure.reason, failure.estimated) == (NOW - 30, 1, "Error", False)
    assert (failure.namespace, failure.pod, failure.container, failure.node) == ("vision", "train-0", "main", "gpu-1")


def test_the_same_end_is_counted_once_on_its_way_through_the_states():
    end = crash(30)
    stages = [up(0), Container("main", ended=end), down(0, end), up(1, end)]
    seen = [failures(pod(a), pod(b)) for a, b in itertools.pairwise(stages)]
    assert [len(found) for found in seen] == [1, 0, 0]


def test_an_end_that_is_well_is_no_failure():
    assert failures(pod(up(0)), pod(Container("main", ended=crash(5, exit_code=0, reason="Completed")))) == []


def test_an_end_that_was_asked_for_is_no_failure():
    gone = pod(Container("main", ended=crash(5, 137)), deleted_at=NOW - 35)
    assert failures(pod(up(0)), gone) == []
    crashed_before = pod(Container("main", ended=crash(50, 137)), deleted_at=NOW - 35)
    assert len(failures(pod(up(0)), crashed_before)) == 1


def test_an_evicted_pod_lends_its_reason_to_the_end():
    evicted = pod(Container("main", ended=crash(5, 137)), phase="Failed", reason="Evicted")
    assert [failure.reason for failure in failures(pod(up(0)), evicted)] == ["Evicted"]


def test_a_pod_that_its_node_refused_is_one_failure():
    refused = pod(Container("main"), phase="Failed", reason="UnexpectedAdmissionError", started_at=NOW - 7)
    (failure,) = failures(None, refused)
    assert (failure.container, failure.exit_code, failure.at) == ("", NO_EXIT_CODE, NOW - 7)
    assert failures(refused, refused) == []


def test_ends_that_nobody_saw_are_counted_from_the_restart_count_and_spread_over_the_gap():
    before, after = pod(down(1, crash(1000))), pod(down(4, crash(10, run_seconds=40)))
    *hidden, last = failures(before, after)
    assert [failure.estimated for failure in hidden] == [True, True]
    assert all(NOW - 1000 < failure.at < NOW - 50 for failure in hidden)
    assert hidden[0].at < hidden[1].at
    assert (last.at, last.estimated) == (NOW - 10, False)


def test_hidden_ends_are_no_failures_where_the_visible_one_is_none():
    well = crash(10, exit_code=0, reason="Completed")
    assert failures(pod(up(0)), pod(up(5, well))) == []


def test_restarts_without_a_visible_end_are_estimated_without_a_reason():
    found = failures(pod(up(0)), pod(up(2)))
    assert [(failure.exit_code, failure.reason, failure.estimated) for failure in found] == [
        (NO_EXIT_CODE, "", True)
    ] * 2


def test_at_first_sight_old_restarts_fall_along_the_back_off():
    # Three restarts: down since 20 s, after runs of 60 s; before that the kubelet waited 40 s, 20 s and 10 s.
    found = failures(None, pod(down(3, crash(20))))
    assert [(NOW - failure.at, failure.estimated) for failure in found] == [
        (20 + 60 + 40, True),
        (20 + 60 + 40 + 60 + 20, True),
        (20 + 60 + 40 + 60 + 20 + 60 + 10, True),
        (20, False),
    ]


@given(st.integers(0, 5000), st.floats(0, 600), st.floats(0, 600))
def test_first_sight_never_claims_more_in_the_last_hour_than_the_back_off_allows(restarts, seconds_ago, run_seconds):
    found = failures(None, pod(down(restarts, crash(seconds_ago, run_seconds=run_seconds))))
    assert all(NOW - failure.at <= HOUR or not failure.estimated for failure in found)
    assert len(found) <= restarts + 1
    # Six doublings (630 s) at the most are short; all others wait 300 s and run as long as the last one did.
    assert len(found) <= 1 + 6 + HOUR / (300 + run_seconds)


def test_first_sight_infers_nothing_where_the_last_run_is_unknown_or_ended_well():
    assert len(failures(None, pod(down(9, Termination(1, "Error", None, NOW - 5))))) == 1
    assert failures(None, pod(down(9, crash(5, exit_code=0, reason="Completed")))) == []


def test_the_back_off_runs_on_the_wall():
    lab = Clock(scale=10, anchor=NOW, read=Time())
    estimated = [failure for failure in failures(None, pod(down(1, crash(20))), lab) if failure.estimated]
    assert [NOW - failure.at for failure in estimated] == [20 + 60 + 10 * 10]


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def recorder(time):
    return Recorder(Clock(read=time))


def resolve(pod):
    return JOB


def test_a_start_is_remembered_when_a_pod_is_first_seen_bound(recorder):
    waiting = pod(node="", phase="Pending")
    bound = pod(scheduled_at=NOW - 60)
    recorder.saw(None, waiting, resolve)
    recorder.saw(waiting, bound, resolve)
    recorder.saw(bound, pod(up(0), scheduled_at=NOW - 60), resolve)
    (start,) = recorder.history().starts
    assert (start.workload, start.scheduled_at - start.created_at) == (JOB, 10 * HOUR - 60)


def test_history_is_the_same_object_until_something_happens(recorder):
    recorder.saw(None, pod(scheduled_at=NOW), resolve)
    before = recorder.history()
    assert recorder.history() is before
    recorder.saw(pod(up(0)), pod(down(0, crash(1))), resolve)
    assert recorder.history() is not before


def test_what_is_older_than_a_day_is_forgotten(recorder, time):
    recorder.saw(None, pod(scheduled_at=NOW - AGE_SECONDS_MAX - 1), resolve)
    recorder.saw(None, pod(up(1, crash(10)), scheduled_at=NOW, name="train-1"), resolve)
    assert [start.pod for start in recorder.history().starts] == ["train-1"]
    time.at += AGE_SECONDS_MAX - 5
    assert recorder.history().failures == ()
    assert len(recorder.history().starts) == 1
    time.at += 6
    assert recorder.history() == History()


def test_history_is_bounded_and_drops_the_oldest_first(recorder):
    for number in range(2 * COUNT_MAX + 10):
        recorder.saw(None, pod(name=f"p{number}", scheduled_at=NOW - 2 * COUNT_MAX + number - 10), resolve)
    starts = recorder.history().starts
    assert len(starts) <= COUNT_MAX + 10
    assert starts[-1].pod == f"p{2 * COUNT_MAX + 9}"
    assert starts[0].scheduled_at > NOW - COUNT_MAX - 20


def test_a_controller_that_arrives_late_still_names_the_workload(recorder, time):
    replica_set = ObjectRef("apps", "ReplicaSet", "vision", "serve-7f9c")
    recorder.saw(None, pod(down(0, crash(1)), scheduled_at=NOW), lambda _: replica_set)
    time.at += SETTLE_WALL_SECONDS - 1
    recorder.resettle(resolve)
    assert {entry.workload for entry in (*recorder.history().starts, *recorder.history().failures)} == {JOB}
    time.at += 2
    recorder.resettle(lambda _: replica_set)
    assert {entry.workload for entry in (*recorder.history().starts, *recorder.history().failures)} == {JOB}


@pytest.mark.parametrize("restores_first", [True, False])
def test_a_new_process_counts_nothing_twice(time, restores_first):
    crashing = pod(down(3, crash(20)), scheduled_at=NOW - 600)
    earlier = Recorder(Clock(read=time))
    earlier.saw(None, crashing, resolve)
    remembered = earlier.history()
    later = Recorder(Clock(read=time))
    time.at += 5  # what is inferred now falls elsewhere than what was inferred then
    crashing = pod(down(4, crash(-4, run_seconds=3)), scheduled_at=NOW - 600)
    if restores_first:
        later.restore(remembered)
    later.saw(None, crashing, resolve)
    if not restores_first:
        later.restore(remembered)
    assert later.history().starts == remembered.starts
    new = set(later.history().failures) - set(remembered.failures)
    assert [failure.at for failure in new] == [NOW + 4]
