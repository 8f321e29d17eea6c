"""OutOfMemoryLoop: kills of one container."""

from dataclasses import replace

from podlore.patterns.out_of_memory_loop import out_of_memory_loop
from podlore.snapshot import History, Snapshot
from podlore.testing import HOUR, MINUTE, NOW, job, pod, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Container, Failure, Finding, ObjectRef, Pod, Termination


def found(seen: Snapshot) -> list[Finding]:
    return list(out_of_memory_loop(ClusterView(seen)))


def killed(of: Pod, *ages: float, reason: str = "OOMKilled") -> tuple[Failure, ...]:
    workload = of.controller or ObjectRef("", "Pod", of.namespace, of.name)
    return tuple(Failure(of.namespace, of.name, "main", workload, of.node, NOW - age, 137, reason) for age in ages)


def test_two_kills_in_six_hours_are_a_loop() -> None:
    one = pod(node="gpu-1", age=10 * HOUR, gpus=4)
    [finding] = found(snapshot(pods=(one,), history=History(failures=killed(one, 5 * HOUR, HOUR))))
    assert (finding.cause, finding.gpus) == ("MemoryLimit", 4)
    assert "memory limit 16 GiB" in finding.evidence[0].observed


def test_one_kill_is_none() -> None:
    one = pod(node="gpu-1", age=10 * HOUR)
    assert not found(snapshot(pods=(one,), history=History(failures=killed(one, HOUR))))


def test_two_kills_further_apart_are_none() -> None:
    one = pod(node="gpu-1", age=10 * HOUR)
    assert not found(snapshot(pods=(one,), history=History(failures=killed(one, 7 * HOUR, HOUR))))


def test_an_eviction_and_a_caught_error_are_no_kills() -> None:
    one = pod(node="gpu-1", age=10 * HOUR)
    failures = (*killed(one, HOUR, MINUTE, reason="Error"), *killed(one, HOUR, MINUTE, reason="Evicted"))
    assert not found(snapshot(pods=(one,), history=History(failures=failures)))


def test_one_kill_in_each_of_two_replicas_is_no_loop() -> None:
    controller = job("api", kind="Deployment", group="apps")
    pods = [pod(f"api-{n}", node="gpu-1", age=10 * HOUR, controller=controller.ref) for n in range(2)]
    history = History(failures=tuple(f for one in pods for f in killed(one, HOUR)))
    assert not found(snapshot(pods=tuple(pods), controllers=(controller,), history=history))


def test_a_status_tells_of_two_kills_without_any_memory_of_them() -> None:
    ends = [Termination(137, "OOMKilled", finished_at=NOW - age) for age in (20 * MINUTE, MINUTE)]
    container = Container("main", 1, ended_before=ends[0], ended=ends[1])
    assert found(snapshot(pods=(pod(node="gpu-1", age=10 * HOUR, containers=(container,)),)))


def test_what_is_remembered_and_told_counts_once() -> None:
    container = Container(
        "main", 1, running_since=NOW - HOUR, ended_before=Termination(137, "OOMKilled", None, NOW - HOUR)
    )
    one = replace(pod(node="gpu-1", age=10 * HOUR), containers=(container,))
    assert not found(snapshot(pods=(one,), history=History(failures=killed(one, HOUR - 0.4))))
