"""OverRequest: GPUs, CPU or memory asked for and unused at the 95th percentile over two hours, after warm-up.

Unused CPU and memory are said only if half of what was asked for, and enough to matter to others, was never needed:
peaks of the last twelve hours count as need, however rare. GPUs are said if some of a workload's are idle and others
work; where all are idle, that is `resource_hoarding`. A server's GPU that holds a model in memory is in use.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import quantiles

from podlore.patterns import stake, steady, trends
from podlore.patterns.found import found
from podlore.patterns.resource_hoarding import has_run_since, is_idle, long_windows, waits_for_a_member
from podlore.policy import MINUTE_SECONDS
from podlore.view import ClusterView
from podlore.vocabulary import Evidence, EvidenceSource, Finding, GpuWindow, Pattern, Pod, Series, Workload

CPU_METRIC = "container_cpu_usage_seconds_total"
MEMORY_METRIC = "container_memory_working_set_bytes"
WARM_UP_SECONDS = 30 * MINUTE_SECONDS
COVERAGE_MIN = 0.9
USED_SHARE_MAX = 0.5
UNUSED_CORES_MIN = 8.0
UNUSED_BYTES_MIN = 32 * 2**30
WORKS_ACTIVITY_MIN = 0.05
MODEL_MEMORY_SHARE_MIN = 0.2
SERVING_KINDS = frozenset({"Deployment", "StatefulSet", "ReplicaSet", "RayService", "LeaderWorkerSet", "DaemonSet"})
GIB = 2**30
Measure = Callable[[Series], Series]
"""Turns a series into what a request is compared with."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a pod asked for and needed of one resource: its 95th percentile and its highest peak, in one unit."""

    pod: Pod
    asked: float
    percentile: float
    peak: float

    @property
    def unused(self) -> float:
        """What it never needed, not even at its peak."""
        return self.asked - self.peak


def over_request(view: ClusterView) -> Iterator[Finding]:
    """Yield the workloads that ask for more than they use."""
    if not (view.policy.thresholds.over_request.enabled and view.snapshot.has_metrics):
        return
    for workload in view.workloads:
        pods = view.bound_pods(workload)
        if pods and not waits_for_a_member(workload):
            yield from _gpus(view, workload, pods)
            yield from _cpu(view, workload, pods)
            yield from _memory(view, workload, pods)


# --- GPUs ---


def _gpus(view: ClusterView, workload: Workload, pods: Sequence[Pod]) -> Iterator[Finding]:
    since = view.now - view.policy.thresholds.over_request.window_seconds
    holding = [pod for pod in pods if pod.requests.gpu_milli > 0 and has_run_since(pod, since)]
    windows = {(window.node, window.uuid): window for pod in holding for window in long_windows(view, pod)}
    idle = [
        window for _, window in sorted(windows.items()) if is_idle(view, window) and not _holds_model(workload, window)
    ]
    busy = [window for window in windows.values() if window.activity_mean >= WORKS_ACTIVITY_MIN]
    if idle and busy and not any(_has_peaks(view, window) for window in idle):
        yield _gpu_finding(view, workload, idle, len(windows))


def _holds_model(workload: Workload, window: GpuWindow) -> bool:
    return workload.ref.kind in SERVING_KINDS and (window.memory_used_share or 0.0) >= MODEL_MEMORY_SHARE_MIN


def _has_peaks(view: ClusterView, window: GpuWindow) -> bool:
    """Say whether the device worked at any time that is remembered, since its pod had warmed up."""
    pod = next(p for p in view.workload_by_pod[window.namespace, window.pod].pods if p.name == window.pod)
    by_metric = trends.by_metric(view.series_by_pod.get((window.namespace, window.pod), ()))
    names = [view.policy.metric_names.get(key, "") for key in trends.ACTIVITY_KEYS]
    rows = [one for name in names[:2] for one in by_metric.get(name, ()) if one.gpu == window.uuid]
    return any(value >= WORKS_ACTIVITY_MIN for one in rows for value in _after_warm_up(pod, one))


def _gpu_finding(view: ClusterView, workload: Workload, idle: Sequence[GpuWindow], total: int) -> Finding:
    seconds = view.policy.thresholds.over_request.window_seconds
    gpus = sum(1 / max(window.sharing, 1) for window in idle)
    return found(
        Pattern.OVER_REQUEST,
        "Gpus",
        workload.ref,
        f"{workload.ref} has used only some of its {steady.counted(total, 'GPU')} for at least {steady.span(seconds)}: "
        f"{len(idle)} did nothing.",
        [
            Evidence(
                source=EvidenceSource.METRIC,
                reference=view.policy.metric_names.get("smActive", "GPU activity"),
                observed=f"{len(idle)} of {steady.counted(total, 'device')} idle",
                threshold=f"activity {view.policy.thresholds.resource_hoarding.activity_percent_max:g} %",
                window_seconds=seconds,
            )
        ],
        gpus=gpus,
        hours=stake.expected_hours(view.now - workload.created_at, stake.rest_seconds(workload, view.now)),
    )


# --- CPU and memory ---


def _cpu(view: ClusterView, workload: Workload, pods: Sequence[Pod]) -> Iterator[Finding]:
    usages = [_usage(view, pod, CPU_METRIC, pod.requests.cpu_milli / 1000, _cores) for pod in pods]
    if small := _all_unused(usages, UNUSED_CORES_MIN):
        needed = max(usage.percentile for usage in small)
        yield _finding(view, workload, "Cpu", f"{needed:.1g} cores of {small[0].asked:g}")


def _memory(view: ClusterView, workload: Workload, pods: Sequence[Pod]) -> Iterator[Finding]:
    usages = [_usage(view, pod, MEMORY_METRIC, float(pod.requests.memory_bytes), _levels) for pod in pods]
    if small := _all_unused(usages, UNUSED_BYTES_MIN):
        needed = max(usage.percentile for usage in small) / GIB
        yield _finding(view, workload, "Memory", f"{needed:.1g} GiB of {small[0].asked / GIB:.3g}")


def _cores(series: Series) -> Series:
    """Turn CPU seconds into cores in use."""
    grown = trends.growths(series.values)
    cores = tuple(None if value is None else value / series.step_seconds for value in grown)
    return Series(series.metric, series.node, series.until_at, series.step_seconds, cores)


def _levels(series: Series) -> Series:
    return series


def _usage(view: ClusterView, pod: Pod, metric: str, asked: float, measure: Measure) -> Usage | None:
    rows = trends.by_metric(view.series_by_pod.get((pod.namespace, pod.name), ())).get(metric, ())
    seconds = view.policy.thresholds.over_request.window_seconds
    for row in rows:
        warm = _after_warm_up(pod, measure(row))
        steps = trends.steps_in(row, seconds)
        lately = warm[-steps:]
        if len(lately) >= max(COVERAGE_MIN * steps, 2):
            percent = view.policy.thresholds.over_request.quantile_percent
            return Usage(pod, asked, quantiles(lately, n=100)[min(max(int(percent), 1), 99) - 1], max(warm))
    return None


def _after_warm_up(pod: Pod, series: Series) -> list[float]:
    """Return the values of a series since its pod had warmed up."""
    began_at = pod.started_at if pod.started_at is not None else pod.created_at
    steps = int((series.until_at - began_at - WARM_UP_SECONDS) // series.step_seconds)
    return trends.known(trends.last(series.values, max(steps, 0)))


def _all_unused(usages: Sequence[Usage | None], least: float) -> list[Usage]:
    """Return the pods' usages if every pod leaves half of what it asked for, and enough to matter."""
    known = [usage for usage in usages if usage is not None]
    small = [u for u in known if u.asked > 0 and u.peak <= USED_SHARE_MAX * u.asked and u.unused >= least]
    return small if small and len(small) == len(usages) else []


def _finding(view: ClusterView, workload: Workload, cause: str, used: str) -> Finding:
    limits = view.policy.thresholds.over_request
    metric, word = {"Cpu": (CPU_METRIC, "CPU"), "Memory": (MEMORY_METRIC, "memory")}[cause]
    return found(
        Pattern.OVER_REQUEST,
        cause,
        workload.ref,
        f"{workload.ref} asked for more {word} in each of its pods than twice what it ever needed.",
        [
            Evidence(
                source=EvidenceSource.METRIC,
                reference=metric,
                observed=f"{used} used at the {limits.quantile_percent:g}th percentile",
                threshold=f"{100 * USED_SHARE_MAX:g} % of the request, peaks included",
                window_seconds=limits.window_seconds,
            )
        ],
    )
