"""ResourceHoarding: idle beyond doubt, or silence."""

from dataclasses import replace

import pytest

from podlore.patterns.resource_hoarding import resource_hoarding
from podlore.snapshot import Snapshot
from podlore.testing import HOUR, MINUTE, NOW, activity, gang, gpu_window, job, pod, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Container, Finding, GpuWindow, Pod

IDLE = pod(node="gpu-1", gpus=2)


def found(seen: Snapshot) -> list[Finding]:
    return list(resource_hoarding(ClusterView(seen)))


def seen(*pods: Pod, windows: tuple[GpuWindow, ...], **more: object) -> Snapshot:
    return snapshot(pods=pods, gpu_windows=windows, has_metrics=True, **more)


def windows(of: Pod, **more: object) -> tuple[GpuWindow, ...]:
    return tuple(gpu_window(of, gpu=gpu, **{"activity": 0.005} | more) for gpu in range(of.requests.gpu_milli // 1000))  # type: ignore[arg-type]


def test_all_gpus_idle_for_two_hours_are_hoarded() -> None:
    [finding] = found(seen(IDLE, windows=windows(IDLE)))
    assert (str(finding.target), finding.gpus, finding.gpu_hours_at_stake) == ("vision/Pod/train-0", 2, 4)


def test_a_snapshot_without_metrics_says_nothing() -> None:
    assert not found(snapshot(pods=(IDLE,), gpu_windows=windows(IDLE), has_metrics=False))


@pytest.mark.parametrize(
    "busy",
    [
        {"activity_max": 0.5},
        {"activity": 0.02},
        {"coverage": 0.89},
        {"window_seconds": HOUR},
        {"power_max_watts": 300.0, "power_idle_watts": 70.0},
        {"power_max_watts": 300.0},
    ],
)
def test_a_doubt_about_one_gpu_silences(busy: dict[str, float]) -> None:
    first, second = windows(IDLE)
    doubtful = gpu_window(IDLE, gpu=1, **{"activity": 0.005} | busy)  # type: ignore[arg-type]
    assert not found(seen(IDLE, windows=(first, doubtful)))
    assert not found(seen(IDLE, windows=(replace(first, power_max_watts=72.0), doubtful)))
    assert found(seen(IDLE, windows=(first, second)))


def test_a_gpu_that_was_not_seen_silences() -> None:
    assert not found(seen(IDLE, windows=windows(IDLE)[:1]))


def test_memory_that_is_held_is_no_excuse() -> None:
    assert found(seen(IDLE, windows=windows(IDLE, memory_used_share=0.9)))


def test_power_near_idle_makes_it_surer() -> None:
    [plain], [sure] = (found(seen(IDLE, windows=windows(IDLE, power_max_watts=watts))) for watts in (None, 90.0))
    assert sure.confidence > plain.confidence


def test_a_young_pod_does_not_hoard() -> None:
    young = pod(node="gpu-1", age=90 * MINUTE)
    assert not found(seen(young, windows=windows(young)))


def test_a_container_that_restarts_fails_and_does_not_idle() -> None:
    restarted = replace(IDLE, containers=(Container("main", 4, running_since=NOW - 10 * MINUTE),))
    assert not found(seen(restarted, windows=windows(restarted)))


def test_one_busy_replica_excuses_the_workload() -> None:
    controller = job("api", kind="Deployment", group="apps")
    pods = [pod(f"api-{n}", node="gpu-1", controller=controller.ref) for n in range(2)]
    busy = (*windows(pods[0]), *windows(pods[1], activity=0.6))
    assert not found(seen(*pods, windows=busy, controllers=(controller,)))


def test_a_gang_that_waits_for_a_member_does_not_hoard() -> None:
    controller, pods = gang(nodes=("gpu-1", "gpu-2"), waiting=1)
    idle = (*windows(pods[0]), *windows(pods[1]))
    assert not found(seen(*pods, windows=idle, controllers=(controller,)))
    complete = replace(controller, pods_wanted=2)
    assert found(seen(*pods[:2], windows=idle, controllers=(complete,)))


def test_a_device_that_is_shared_is_counted_once_over_its_users() -> None:
    pods = [pod(f"notebook-{n}", node="gpu-1") for n in range(4)]
    shared = tuple(gpu_window(one, activity=0.0, uuid="GPU-1", sharing=4) for one in pods)
    assert sum(finding.gpus for finding in found(seen(*pods, windows=shared))) == 1


def test_a_deadline_bounds_the_stake() -> None:
    controller = job(deadline_seconds=4.5 * HOUR)
    ending = replace(IDLE, controller=controller.ref)
    [finding] = found(seen(ending, windows=windows(ending), controllers=(controller,)))
    assert finding.gpu_hours_at_stake == 2


def test_a_minute_later_the_finding_is_the_same() -> None:
    now = seen(IDLE, windows=windows(IDLE))
    assert found(now) == found(replace(now, now=NOW + 60))


def test_an_endpoint_that_was_called_all_day_may_have_a_quiet_evening() -> None:
    one = pod("serve-0", node="gpu-1", gpus=1)
    day, evening = [0.0, 0.0, 0.3] * 30, [0.0] * 30
    calls, phases = activity(one, [*day, *evening]), activity(one, [*[0.9] * 90, *evening])
    assert not found(seen(one, windows=windows(one), series=(calls,)))
    assert found(seen(one, windows=windows(one), series=(phases,)))
