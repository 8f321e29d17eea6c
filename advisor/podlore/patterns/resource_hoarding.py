"""ResourceHoarding: all GPUs of a workload idle for 2 hours, seen on at least 90 % of the samples.

Idle means that the busiest sample shows at most 1 % activity and the power stays near the device's idle power. Memory
that is held is no excuse. Silent are workloads with traffic or with one busy GPU (rather OverRequest), gangs that wait
for a member, and pods whose containers do not run: those fail, which is another pattern's business. Who came back to
work again and again within the hours that are remembered waits for calls: a quiet evening is no idleness.
"""

from collections.abc import Iterator, Mapping

from podlore.patterns import stake, steady
from podlore.patterns.found import found
from podlore.patterns.idle_spells import idle_spells
from podlore.topology.room import GPU_MILLI
from podlore.view import ClusterView
from podlore.vocabulary import Evidence, EvidenceSource, Finding, GpuWindow, Pattern, Pod, Workload
from podlore.workloads import is_finished

LIMIT_WATTS: Mapping[str, float] = {
    "NVIDIA-B200": 1000.0,
    "NVIDIA-H200": 700.0,
    "NVIDIA-H100-PCIe": 350.0,
    "NVIDIA-H100": 700.0,
    "NVIDIA-H800": 700.0,
    "NVIDIA-A100-PCIE": 250.0,
    "NVIDIA-A100": 400.0,
    "NVIDIA-A800": 400.0,
    "NVIDIA-L40": 300.0,
    "NVIDIA-A40": 300.0,
    "NVIDIA-A30": 165.0,
    "NVIDIA-A10": 150.0,
    "NVIDIA-L4": 72.0,
    "Tesla-V100": 300.0,
    "Tesla-P100": 250.0,
    "Tesla-T4": 70.0,
}
"""Power limits by the start of the product name, the longer names first, from the vendors' data sheets."""
IDLE_SHARE_OF_LIMIT, IDLE_WATTS_LEAST = 0.3, 35.0
"""With an open context a GPU that does nothing stays below this share of its limit, small ones below so many watts."""
NEAR_IDLE_RATIO, NEAR_IDLE_WATTS = 1.75, 25.0
"""Near the idle power that a cluster showed is below this ratio, or this much above."""
NO_POWER_SURER = 0.85


def resource_hoarding(view: ClusterView) -> Iterator[Finding]:
    """Yield the workloads that hold GPUs and leave all of them idle."""
    if not (view.policy.thresholds.resource_hoarding.enabled and view.snapshot.has_metrics):
        return
    for workload in view.workloads:
        windows = _idle_windows(view, workload)
        if windows and not idle_spells(view, workload.ref).has_traffic:
            yield _finding(view, workload, windows)


def _idle_windows(view: ClusterView, workload: Workload) -> tuple[GpuWindow, ...]:
    """Return one idle window for each GPU of the workload, or nothing if one is busy or not known well enough."""
    pods = [pod for pod in view.bound_pods(workload) if pod.requests.gpu_milli > 0 or pod.claims]
    if not pods or waits_for_a_member(workload):
        return ()
    since = view.now - view.policy.thresholds.resource_hoarding.idle_seconds_min
    found_windows: dict[tuple[str, str], GpuWindow] = {}
    for pod in pods:
        windows = long_windows(view, pod)
        enough = len({window.uuid for window in windows}) * GPU_MILLI >= pod.requests.gpu_milli
        if not windows or not enough or not has_run_since(pod, since):
            return ()
        found_windows |= {(window.node, window.uuid): window for window in windows}
    idle = all(is_idle(view, window) for window in found_windows.values())
    return tuple(found_windows[key] for key in sorted(found_windows)) if idle else ()


def waits_for_a_member(workload: Workload) -> bool:
    """Say whether a gang is not complete yet: its GPUs must be held, and cannot work."""
    present = [pod for pod in workload.pods if not is_finished(pod)]
    if not workload.is_gang:
        return False
    return len(present) < workload.pods_wanted or any(not _runs(pod) for pod in present)


def _runs(pod: Pod) -> bool:
    return bool(pod.node) and any(c.running_since is not None for c in pod.containers if not c.is_init)


def has_run_since(pod: Pod, since: float) -> bool:
    """Say whether a container that runs now ran already then; one that restarts does not idle, it fails."""
    return any(c.running_since is not None and c.running_since <= since for c in pod.containers)


def long_windows(view: ClusterView, pod: Pod) -> tuple[GpuWindow, ...]:
    """Return the pod's windows that look back far enough and on enough samples, the shortest of each device."""
    limits = view.policy.thresholds.resource_hoarding
    windows = [
        window
        for window in view.windows.get((pod.namespace, pod.name), ())
        if window.window_seconds >= limits.idle_seconds_min and window.coverage * 100 >= limits.coverage_percent_min
    ]
    by_device = {(window.node, window.uuid): window for window in reversed(windows)}
    return tuple(by_device.values())


def is_idle(view: ClusterView, window: GpuWindow) -> bool:
    """Say whether a device did nothing in its window."""
    active = window.activity_max * 100 > view.policy.thresholds.resource_hoarding.activity_percent_max
    return not active and not _draws_power(window)


def _draws_power(window: GpuWindow) -> bool:
    """Say whether the device drew more than an idle one does; unknown power is no veto."""
    bar_watts = _near_idle_watts(window)
    return window.power_max_watts is not None and bar_watts is not None and window.power_max_watts > bar_watts


def _near_idle_watts(window: GpuWindow) -> float | None:
    """Return the power below which the device counts as idle; None where nothing is known of it.

    The idle power that a cluster shows may be that of devices without an open context, so the larger bar counts.
    """
    product = window.product.replace(" ", "-")
    limit_watts = next((watts for name, watts in LIMIT_WATTS.items() if product.startswith(name)), None)
    bars_watts = [max(limit_watts * IDLE_SHARE_OF_LIMIT, IDLE_WATTS_LEAST)] if limit_watts else []
    if idle_watts := window.power_idle_watts:
        bars_watts.append(max(idle_watts * NEAR_IDLE_RATIO, idle_watts + NEAR_IDLE_WATTS))
    return max(bars_watts, default=None)


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
        surer=1.0 if knows_power else NO_POWER_SURER,
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
        threshold=f"{NEAR_IDLE_RATIO:g} times the idle power, or {100 * IDLE_SHARE_OF_LIMIT:g} % of the limit",
        window_seconds=windows[0].window_seconds,
    )
