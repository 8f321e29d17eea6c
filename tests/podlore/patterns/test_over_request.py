"""OverRequest: asked for, and never needed."""

from dataclasses import replace

import pytest

from podlore.patterns.over_request import over_request
from podlore.snapshot import Snapshot
from podlore.testing import GIB, HOUR, activity, gpu_window, job, pod, series, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Finding, Pod

BIG = pod(node="gpu-1", gpus=0, cpus=64, memory_gib=512, age=6 * HOUR)
CPU, MEMORY = "container_cpu_usage_seconds_total", "container_memory_working_set_bytes"


def found(*pods: Pod, **more: object) -> list[Finding]:
    seen: Snapshot = snapshot(pods=pods, has_metrics=True, **more)
    return list(over_request(ClusterView(seen)))


def cpu_seconds(cores: float, steps: int = 72) -> list[float]:
    return [cores * 300 * step for step in range(steps)]


def test_cores_that_are_never_used_are_said() -> None:
    [finding] = found(BIG, series=(series(CPU, cpu_seconds(3), pod=BIG),))
    assert finding.cause == "Cpu"
    assert "3 cores of 64" in finding.evidence[0].observed


def test_memory_that_is_never_used_is_said() -> None:
    [finding] = found(BIG, series=(series(MEMORY, [40.0 * GIB] * 72, pod=BIG),))
    assert finding.cause == "Memory"


@pytest.mark.parametrize("cores", [33, 60])
def test_half_of_what_was_asked_for_is_use_enough(cores: float) -> None:
    assert not found(BIG, series=(series(CPU, cpu_seconds(cores), pod=BIG),))


def test_a_rare_peak_is_need() -> None:
    usage = cpu_seconds(3)
    peak = [value + (60 * 300 if step >= 40 else 0) for step, value in enumerate(usage)]
    assert not found(BIG, series=(series(CPU, peak, pod=BIG),))


def test_two_hours_after_warm_up_must_be_known() -> None:
    young = pod(node="gpu-1", gpus=0, cpus=64, age=2 * HOUR)
    assert not found(young, series=(series(CPU, cpu_seconds(3), pod=young),))
    assert not found(BIG, series=(series(CPU, [None] * 60 + cpu_seconds(3, 12), pod=BIG),))


def test_a_request_too_small_to_matter_is_let_be() -> None:
    small = pod(node="gpu-1", gpus=0, cpus=8, age=6 * HOUR)
    assert not found(small, series=(series(CPU, cpu_seconds(1), pod=small),))


def test_every_pod_must_leave_its_share() -> None:
    controller = job(pods_wanted=2)
    pods = [
        replace(pod(f"w-{n}", node="gpu-1", gpus=0, cpus=64, age=6 * HOUR), controller=controller.ref) for n in (0, 1)
    ]
    rows = tuple(series(CPU, cpu_seconds(cores), pod=one) for one, cores in zip(pods, (3, 50), strict=True))
    assert not found(*pods, series=rows, controllers=(controller,))


HOLDER = pod(node="gpu-1", gpus=2, age=6 * HOUR)
ONE_IDLE = (gpu_window(HOLDER, gpu=0, activity=0.9), gpu_window(HOLDER, gpu=1, activity=0.0, memory_used_share=0.6))


def test_some_idle_gpus_are_too_many() -> None:
    [finding] = found(HOLDER, gpu_windows=ONE_IDLE)
    assert (finding.cause, finding.gpus) == ("Gpus", 1)


def test_a_server_that_holds_a_model_uses_its_gpu() -> None:
    controller = job("chat", kind="Deployment", group="apps")
    server = replace(HOLDER, controller=controller.ref)
    assert not found(server, gpu_windows=ONE_IDLE, controllers=(controller,))


def test_a_gpu_with_peaks_is_needed() -> None:
    rows = (activity(HOLDER, [0.0] * 40 + [0.7] + [0.0] * 30, gpu=1),)
    assert not found(HOLDER, gpu_windows=ONE_IDLE, series=rows)


def test_all_idle_is_another_pattern() -> None:
    idle = tuple(gpu_window(HOLDER, gpu=gpu, activity=0.0) for gpu in range(2))
    assert not found(HOLDER, gpu_windows=idle)
