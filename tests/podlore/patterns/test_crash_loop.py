"""CrashLoop: what fails again and again, and what only looks like it."""

from dataclasses import replace

import pytest

from podlore.patterns.crash_loop import crash_loop
from podlore.snapshot import History, Snapshot
from podlore.testing import HOUR, MINUTE, NOW, gang, job, node, pod, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Container, Event, Failure, Finding, ObjectRef, Pod, Termination

DEPLOYMENT = job("api", kind="Deployment", group="apps")


def found(seen: Snapshot) -> list[Finding]:
    return list(crash_loop(ClusterView(seen)))


def failed(of: Pod, *ages: float, workload: ObjectRef | None = None, **more: object) -> tuple[Failure, ...]:
    """Return failures of a pod's container, so many seconds ago."""
    workload = workload or of.controller or ObjectRef("", "Pod", of.namespace, of.name)
    made = Failure(of.namespace, of.name, "main", workload, of.node, NOW, 1, "Error")
    return tuple(replace(made, at=NOW - age, **more) for age in ages)  # type: ignore[arg-type]


def backing_off(restarts: int, message: str = "", exit_code: int = 1, reason: str = "Error") -> Container:
    end = Termination(exit_code, reason, finished_at=NOW - MINUTE)
    return Container("main", restarts, waiting_reason="CrashLoopBackOff", waiting_message=message, ended_before=end)


def running(for_seconds: float, restarts: int = 3) -> Container:
    end = Termination(1, "Error", finished_at=NOW - for_seconds - 10)
    return Container("main", restarts, running_since=NOW - for_seconds, ready=True, ended_before=end)


def test_three_failures_in_an_hour_are_a_loop() -> None:
    crashing = pod(node="gpu-1", gpus=2, containers=(backing_off(2),), controller=DEPLOYMENT.ref)
    history = History(failures=failed(crashing, 50 * MINUTE, 20 * MINUTE, MINUTE))
    [finding] = found(snapshot(pods=(crashing,), controllers=(DEPLOYMENT,), history=history))
    assert (str(finding.target), finding.cause, finding.gpus) == ("vision/Deployment/api", "Application", 2)


def test_two_failures_are_none() -> None:
    crashing = pod(node="gpu-1", containers=(backing_off(1),))
    assert not found(snapshot(pods=(crashing,), history=History(failures=failed(crashing, 20 * MINUTE, MINUTE))))


def test_a_retry_that_succeeds_is_no_crash_loop() -> None:
    healed = pod(node="gpu-1", containers=(running(20 * MINUTE),))
    history = History(failures=failed(healed, 40 * MINUTE, 30 * MINUTE, 21 * MINUTE))
    assert not found(snapshot(pods=(healed,), history=history))


def test_a_container_that_runs_between_its_failures_has_not_recovered() -> None:
    slow = pod(node="gpu-1", containers=(running(12 * MINUTE),))
    history = History(failures=failed(slow, 55 * MINUTE, 35 * MINUTE, 13 * MINUTE))
    assert found(snapshot(pods=(slow,), history=history))


@pytest.mark.parametrize(
    ("restarts", "message", "age"),
    [
        (3, "", 30 * MINUTE),
        (9, "back-off 5m0s restarting failed container=main pod=p_vision(u)", 20 * HOUR),
        (9, "back-off 40s restarting failed container=main pod=p_vision(u)", 20 * HOUR),
    ],
)
def test_a_status_alone_tells_of_a_loop(restarts: int, message: str, age: float) -> None:
    assert found(snapshot(pods=(pod(node="gpu-1", age=age, containers=(backing_off(restarts, message),)),)))


@pytest.mark.parametrize(
    ("restarts", "message"),
    [
        (9, ""),
        (9, "back-off 20s restarting failed container=main"),
        (1, "back-off 5m0s restarting failed container=main"),
    ],
)
def test_a_status_that_does_not_tell_enough_is_no_loop(restarts: int, message: str) -> None:
    assert not found(snapshot(pods=(pod(node="gpu-1", age=20 * HOUR, containers=(backing_off(restarts, message),)),)))


def test_memory_kills_are_another_pattern() -> None:
    killed = pod(node="gpu-1", age=30 * MINUTE, containers=(backing_off(5, exit_code=137, reason="OOMKilled"),))
    history = History(failures=failed(killed, 20 * MINUTE, 10 * MINUTE, MINUTE, reason="OOMKilled", exit_code=137))
    assert not found(snapshot(pods=(killed,), history=history))


def test_pods_that_a_rollout_removes_do_not_fail() -> None:
    old = [pod(f"api-{n}", controller=DEPLOYMENT.ref) for n in range(5)]
    ended = tuple(f for one in old for f in failed(one, 10 * MINUTE, exit_code=143))
    fresh = pod("api-new", node="gpu-1", controller=DEPLOYMENT.ref)
    assert not found(snapshot(pods=(fresh,), controllers=(DEPLOYMENT,), history=History(failures=ended)))


def test_evicted_pods_did_not_fail_by_themselves() -> None:
    evicted = [replace(pod(f"api-{n}", node="gpu-1", phase="Failed"), reason="Evicted") for n in range(4)]
    ended = tuple(f for one in evicted for f in failed(one, 5 * MINUTE, exit_code=137, workload=DEPLOYMENT.ref))
    assert not found(snapshot(pods=tuple(evicted), controllers=(DEPLOYMENT,), history=History(failures=ended)))


def test_each_replica_failing_once_is_no_loop() -> None:
    pods = [pod(f"api-{n}", node="gpu-1", containers=(backing_off(1),), controller=DEPLOYMENT.ref) for n in range(6)]
    history = History(failures=tuple(f for one in pods for f in failed(one, MINUTE)))
    assert not found(snapshot(pods=tuple(pods), controllers=(DEPLOYMENT,), history=history))


def test_the_pods_that_a_job_makes_one_after_the_other_are_one_loop() -> None:
    controller = job("tune")
    names = ("tune-x2x4f", "tune-bcd5g", "tune-zzzzz")
    pods = [pod(name, node="gpu-1", phase="Failed", controller=controller.ref, containers=()) for name in names]
    history = History(
        failures=tuple(f for one, age in zip(pods, (300, 200, 60), strict=True) for f in failed(one, age))
    )
    assert found(snapshot(pods=tuple(pods), controllers=(controller,), history=history))
    over = replace(controller, finished_at=NOW - 30)
    assert not found(snapshot(pods=tuple(pods), controllers=(over,), history=history))


def test_parallel_workers_that_fail_together_fail_once() -> None:
    controller = job("sweep", pods_wanted=4)
    names = ("sweep-x2x4f", "sweep-bcd5g", "sweep-zzzzz", "sweep-wwwww")
    pods = [pod(name, node="gpu-1", phase="Failed", controller=controller.ref) for name in names]
    history = History(
        failures=tuple(f for one, age in zip(pods, (62, 61, 60, 59), strict=True) for f in failed(one, age))
    )
    assert not found(snapshot(pods=tuple(pods), controllers=(controller,), history=history))


def test_a_gang_that_waits_for_a_member_is_not_blamed() -> None:
    controller, pods = gang(nodes=("gpu-1",), waiting=1)
    crashing = replace(pods[0], containers=(backing_off(4),), created_at=NOW - HOUR / 2, started_at=NOW - HOUR / 2)
    assert not found(snapshot(pods=(crashing, pods[1]), controllers=(controller,)))


def test_whoever_waits_for_a_service_that_only_starts_is_not_blamed() -> None:
    crashing = pod(node="gpu-1", age=HOUR / 2, containers=(backing_off(4),))
    database = job("db", kind="StatefulSet", group="apps")
    starting = pod("db-0", node="cpu-1", phase="Pending", controller=database.ref, containers=(Container("main"),))
    assert not found(snapshot(pods=(crashing, starting), controllers=(database,)))
    ready = replace(starting, containers=(Container("main", ready=True, running_since=NOW - HOUR),))
    assert found(snapshot(pods=(crashing, ready), controllers=(database,)))


def pulling(waited: float, reason: str = "ImagePullBackOff") -> Pod:
    container = Container("main", waiting_reason=reason)
    return pod(node="gpu-1", phase="Pending", age=waited, containers=(container,))


def test_an_image_that_cannot_be_pulled_for_a_quarter_of_an_hour_is_said() -> None:
    [finding] = found(snapshot(pods=(pulling(16 * MINUTE),)))
    assert finding.cause == "Image"
    assert "since" in finding.summary


def test_an_image_that_is_late_is_not() -> None:
    assert not found(snapshot(pods=(pulling(14 * MINUTE),)))
    assert not found(snapshot(pods=(pulling(2 * HOUR, reason="ContainerCreating"),)))


def test_the_time_of_a_pull_failure_counts_from_its_event() -> None:
    stuck = pulling(2 * HOUR)
    ref = ObjectRef("", "Pod", stuck.namespace, stuck.name)
    event = Event("e", ref, "Failed", "Failed to pull image", first_seen_at=NOW - 5 * MINUTE, last_seen_at=NOW)
    assert not found(snapshot(pods=(stuck,), events=(event,)))


def test_both_names_of_a_pull_failure_say_the_same() -> None:
    one, other = (
        found(snapshot(pods=(pulling(HOUR, r),), nodes=(node(),))) for r in ("ErrImagePull", "ImagePullBackOff")
    )
    assert one == other
