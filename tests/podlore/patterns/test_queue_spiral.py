"""QueueSpiral: round and round, and no further."""

from dataclasses import replace

from podlore.patterns.queue_spiral import queue_spiral
from podlore.snapshot import History, Snapshot
from podlore.testing import HOUR, MINUTE, NOW, job, pod, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Event, Failure, Finding, ObjectRef, Resources, Start

JOB = job("tune", namespace="nlp")
REF = JOB.ref


def found(**more: object) -> list[Finding]:
    seen: Snapshot = snapshot(**{"controllers": (JOB,)} | more)
    return list(queue_spiral(ClusterView(seen)))


def lost(*ages: float) -> tuple[Start, ...]:
    ends = ("bcdfg", "hjklm", "npqrs", "tvwxz", "24567")
    return tuple(
        Start(f"tune-{end}", "nlp", REF, NOW - age - 60, NOW - age, Resources(gpu_milli=8000))
        for end, age in zip(ends, ages, strict=False)
    )


WAITING = pod("tune-x2x4f", namespace="nlp", gpus=8, controller=REF, age=5 * MINUTE)
FOUR = lost(100 * MINUTE, 75 * MINUTE, 50 * MINUTE, 25 * MINUTE)


def test_four_lost_places_in_two_hours_are_a_spiral() -> None:
    [finding] = found(pods=(WAITING,), history=History(starts=FOUR))
    assert (str(finding.target), finding.cause, finding.gpus) == ("nlp/Job/tune", "Requeue", 8)


def test_three_are_none() -> None:
    assert not found(pods=(WAITING,), history=History(starts=FOUR[1:]))


def test_pods_that_failed_by_themselves_are_a_crash_loop_instead() -> None:
    failures = tuple(Failure("nlp", start.pod, "main", REF, "gpu-1", start.scheduled_at + 60, 1) for start in FOUR)
    assert not found(pods=(WAITING,), history=History(FOUR, failures))


def test_a_run_that_goes_on_makes_progress() -> None:
    running = pod("tune-x2x4f", namespace="nlp", gpus=8, node="gpu-1", controller=REF, age=40 * MINUTE)
    assert not found(pods=(running,), history=History(starts=FOUR))


def test_an_end_that_was_well_is_progress() -> None:
    done = pod("tune-zzzzz", namespace="nlp", node="gpu-1", phase="Succeeded", controller=REF)
    assert not found(pods=(WAITING, done), history=History(starts=FOUR))


def test_events_of_preemption_count_once_a_moment() -> None:
    kueue = job("tune-kueue", namespace="nlp", kind="Workload", group="kueue.x-k8s.io", controller=REF)
    first = NOW - 100 * MINUTE
    event = Event("e", kueue.ref, "EvictedDueToPreempted", "", count=4, first_seen_at=first, last_seen_at=NOW - MINUTE)
    assert found(pods=(WAITING,), controllers=(JOB, kueue), events=(event,))
    at_once = replace(event, first_seen_at=NOW - MINUTE - 5)
    assert not found(pods=(WAITING,), controllers=(JOB, kueue), events=(at_once,))


def test_objects_that_come_back_under_their_name_are_resubmitted() -> None:
    refs = [replace(REF, uid=f"uid-{n}") for n in range(4)]
    events = tuple(Event(ref.uid, ref, "Created", "", last_seen_at=NOW - 20 * MINUTE) for ref in refs)
    assert found(pods=(WAITING,), events=events)
    assert not found(pods=(WAITING,), events=events[:3])


def test_a_node_that_is_on_its_way_silences() -> None:
    event = Event("e", ObjectRef("", "Pod", "nlp", "tune-x2x4f"), "TriggeredScaleUp", "", last_seen_at=NOW - MINUTE)
    assert not found(pods=(WAITING,), history=History(starts=FOUR), events=(event,))


def test_a_schedule_whose_runs_pile_up_spirals() -> None:
    cron = job("nightly", kind="CronJob")
    jobs = [job(f"nightly-{n}", controller=cron.ref) for n in range(4)]
    pods = tuple(pod(f"nightly-{n}-x2x4f", controller=one.ref, age=HOUR) for n, one in enumerate(jobs))
    [finding] = found(pods=pods, controllers=(cron, *jobs))
    assert (str(finding.target), finding.cause) == ("vision/CronJob/nightly", "Backlog")
