"""ResourceHoarding: all GPUs of a workload idle for 2 hours, seen on at least 90 % of the samples.

Idle means that the busiest sample shows at most 1 % activity and the power stays near the device's idle power. Memory
that is held is no excuse. Silent are workloads with traffic or with one busy GPU (rather OverRequest), gangs that wait
for a member, and pods whose containers do not run: those fail, which is another pattern's business.
"""

from collections.abc import Iterator, Mapping

from podlore.patterns import stake, steady
from podlore.patterns.found import found
from podlore.topology.room import GPU_MILLI
from podlore.view import ClusterView
from podlore.vocabulary import Evidence, EvidenceSource, Finding, GpuWindow, Pattern, Pod, Workload
from podlore.workloads import is_finished

IDLE_WATTS: Mapping[str, float] = {
    "NVIDIA-B200": 140.0,
    "NVIDIA-H200": 75.0,
    "NVIDIA-H100": 70.0,
    "NVIDIA-H800": 70.0,
    "NVIDIA-A100": 55.0,
    "NVIDIA-A800": 55.0,
    "NVIDIA-L40": 35.0,
    "NVIDIA-A40": 30.0,
    "NVIDIA-A10": 20.0,
    "NVIDIA-L4": 16.0,
    "Tesla-V100": 40.0,
    "Tesla-P100": 30.0,
    "Tesla-T4": 12.0,
}
"""Power of an idle device with a context open, by the start of its product name, where the cluster did not show it."""
NEAR_IDLE_RATIO, NEAR_IDLE_WATTS = 1.75, 25.0
"""Near idle is below this ratio, or this much above: an open context and held memory keep the clocks up."""
NO_POWER_WEAKER = 0.85


def resource_hoarding(view: ClusterView) -> Iterator[Finding]:
    """Yield the workloads that hold GPUs and leave all of them idle."""
    if not (view.policy.thresholds.resource_hoarding.enabled and view.snapshot.has_metrics):
        return
    for workload in view.workloads:
        windows = _idle_windows(view, workload)
        if windows:
            yield _finding(view, workload, windows)


def _idle_windows(view: ClusterView, workload: Workload) -> tuple[GpuWindow, ...]:
    """Return one idle window for each GPU of the workload, or nothing if one is busy or not known well enough."""
    pods = [pod for pod in view.bound_pods(workload) if pod.requests.gpu_milli > 0 or pod.claims]
    if not pods or _waits_for_a_member(workload):
        return ()
    since = view.now - view.policy.thresholds.resource_hoarding.idle_seconds_min
    found_windows: dict[tuple[str, str], GpuWindow] = {}
    for pod in pods:
        windows = _long_windows(view, pod)
        enough = len({window.uuid for window in windows}) * GPU_MILLI >= pod.requests.gpu_milli
        if not windows or not enough or not _has_run_since(pod, since):
            return ()
        found_windows |= {(window.node, window.uuid): window for window in windows}
    idle = all(_is_idle(view, window) for window in found_windows.values())
    return tuple(found_windows[key] for key in sorted(found_windows)) if idle else ()


def _waits_for_a_member(workload: Workload) -> bool:
    present = [pod for pod in workload.pods if not is_finished(pod)]
    if not workload.is_gang:
        return False
    return len(present) < workload.pods_wanted or any(not _runs(pod) for pod in present)


def _runs(pod: Pod) -> bool:
    return bool(pod.node) and any(c.running_since is not None for c in pod.containers if not c.is_init)


def _has_run_since(pod: Pod, since: float) -> bool:
    """Say whether a container that runs now ran already then; one that restarts does not idle, it fails."""
    return any(c.running_since is not None and c.running_since <= since for c in pod.containers)


def _long_windows(view: ClusterView, pod: Pod) -> tuple[GpuWindow, ...]:
    """Return the pod's windows that look back far enough and on enough samples, the shortest of each device."""
    limits = view.policy.thresholds.resource_hoarding
    windows = [
        window
        for window in view.windows.get((pod.namespace, pod.name), ())
        if window.window_seconds >= limits.idle_seconds_min and window.coverage * 100 >= limits.coverage_percent_min
    ]
    by_device = {(window.node, window.uuid): window for window in reversed(windows)}
    return tuple(by_device.values())


def _is_idle(view: ClusterView, window: GpuWindow) -> bool:
    active = window.activity_max * 100 > view.policy.thresholds.resource_hoarding.activity_percent_max
    return not active and not _draws_power(window)


def _draws_power(window: GpuWindow) -> bool:
    """Say whether the device drew more than an idle one does; unknown power is no veto."""
    idle_watts = window.power_idle_watts or _known_idle_watts(window.product)
    if window.power_max_watts is None or not idle_watts:
        return False
    return window.power_max_watts > max(idle_watts * NEAR_IDLE_RATIO, idle_watts + NEAR_IDLE_WATTS)


def _known_idle_watts(product: str) -> float:
    return next((watts for name, watts in IDLE_WATTS.items() if product.replace(" ", "-").startswith(name)), 0.0)


def _finding(view: ClusterView, workload: Workload, windows: tuple[GpuWindow, ...]) -> Finding:
    limits = view.policy.thresholds.resource_hoarding
    gpus = sum(1 / max(window.sharing, 1) for window in windows)
    least = steady.span(limits.idle_seconds_min)
    knows_power = all(window.power_max_watts is not None for window in windows)
    return found(
        Pattern.RESOURCE_HOARDING,
        "IdleGpus",
        workload.ref,
        f"{workload.ref} holds {steady.gpus(gpus)} and has used none of them for at least {least}.",
        [_activity_evidence(view, windows), *([_power_evidence(windows)] if knows_power else [])],
        gpus=gpus,
        hours=stake.expected_hours(_age_seconds(view, workload), stake.rest_seconds(workload, view.now)),
        weaker=1.0 if knows_power else NO_POWER_WEAKER,
    )


def _age_seconds(view: ClusterView, workload: Workload) -> float:
    started = [pod.started_at for pod in view.bound_pods(workload) if pod.started_at is not None]
    return view.now - min(started, default=workload.created_at)


def _activity_evidence(view: ClusterView, windows: tuple[GpuWindow, ...]) -> Evidence:
    limits = view.policy.thresholds.resource_hoarding
    names = view.policy.metric_names
    wanted = ("smActive", "grEngineActive", "gpuUtil")
    return Evidence(
        source=EvidenceSource.METRIC,
        reference=", else ".join(names[key] for key in wanted if key in names),
        observed=f"at most {limits.activity_percent_max:g} % on {steady.counted(len(windows), 'device')}",
        threshold=f"{limits.activity_percent_max:g} % at {limits.coverage_percent_min:g} % coverage",
        window_seconds=limits.idle_seconds_min,
        samples=steady.rounded_down(min(window.samples for window in windows)),
    )


def _power_evidence(windows: tuple[GpuWindow, ...]) -> Evidence:
    return Evidence(
        source=EvidenceSource.METRIC,
        reference="DCGM_FI_DEV_POWER_USAGE",
        observed=f"near the idle power of {windows[0].product or 'the device'}",
        threshold=f"{NEAR_IDLE_RATIO:g} times the idle power, or {NEAR_IDLE_WATTS:g} W above it",
        window_seconds=windows[0].window_seconds,
    )
