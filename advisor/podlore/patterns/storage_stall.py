"""StorageStall: mounts fail, or work stands still on I/O, for a quarter of an hour.

A mount fails if the kubelet says so again and again while the pod does not start. Work stands still if GPUs that worked
do nothing while their node waits for I/O; a gang does as soon as one of its pods does. A download that goes on steadily
moves bytes, and is no stall. Pods without a node (a volume that waits for its first consumer) are not looked at.
"""

from collections.abc import Iterator, Sequence
from statistics import fmean

from podlore.patterns import stake, steady, trends
from podlore.patterns.failing import gpus_held
from podlore.patterns.found import found
from podlore.policy import MINUTE_SECONDS
from podlore.view import ClusterView
from podlore.vocabulary import Evidence, EvidenceSource, Finding, Pattern, Pod, Workload
from podlore.workloads import is_finished, pod_ref

MOUNT_EVENTS = frozenset({"FailedMount", "FailedAttachVolume", "FailedMapVolume", "VolumeFailedMount"})
STILL_SECONDS = 10 * MINUTE_SECONDS
"""A mount that nobody has complained of for so long has worked, or is not tried any more."""
PRESSURE_METRICS = ("container_pressure_io_waiting_seconds_total", "container_pressure_io_stalled_seconds_total")
NODE_PRESSURE_METRICS = ("node_pressure_io_waiting_seconds_total", "node_pressure_io_stalled_seconds_total")
BYTE_METRICS = (
    "container_network_receive_bytes_total",
    "container_fs_reads_bytes_total",
    "container_fs_writes_bytes_total",
)
PRESSURE_SHARE_MIN = 0.3
"""Share of the time in which somebody waits for I/O."""
BYTES_PER_SECOND_MAX = 10e6
"""More than this is a transfer that goes on."""
STILL_ACTIVITY_MAX = 0.05
WORKED_ACTIVITY_MIN = 0.2


def storage_stall(view: ClusterView) -> Iterator[Finding]:
    """Yield the workloads that storage holds up."""
    if not view.policy.thresholds.storage_stall.enabled:
        return
    for workload in view.workloads:
        yield from _mounts(view, workload)
        yield from _standing_still(view, workload)


# --- mounts ---


def _mounts(view: ClusterView, workload: Workload) -> Iterator[Finding]:
    bar = view.policy.thresholds.storage_stall.seconds_min
    stuck = [(pod, since) for pod in workload.pods if (since := _mounting_since(view, pod)) is not None]
    stuck = [(pod, since) for pod, since in stuck if view.now - since >= bar]
    if not stuck:
        return
    since = min(since for _, since in stuck)
    yield found(
        Pattern.STORAGE_STALL,
        "Mount",
        workload.ref,
        f"{workload.ref} cannot start: a volume could not be mounted since {steady.at(since)}.",
        [
            Evidence(
                source=EvidenceSource.EVENT,
                reference=f"Pod {pod.namespace}/{pod.name}",
                observed=f"mounts fail since {steady.at(began_at)}",
                threshold=steady.span(bar),
            )
            for pod, began_at in stuck[:3]
        ],
        gpus=gpus_held(pod for pod, _ in stuck),
        hours=stake.expected_hours(view.now - since, stake.rest_seconds(workload, view.now)),
        since=since,
    )


def _mounting_since(view: ClusterView, pod: Pod) -> float | None:
    """Return since when a pod's mounts fail; None if they do not, or not any more."""
    has_started = any(c.running_since is not None or c.ended or c.ended_before for c in pod.containers)
    if not pod.node or is_finished(pod) or pod.deleted_at is not None or has_started:
        return None
    events = [event for event in view.events.get(pod_ref(pod), ()) if event.reason in MOUNT_EVENTS]
    if not events or max(event.last_seen_at for event in events) < view.now - STILL_SECONDS:
        return None
    return min(event.first_seen_at for event in events)


# --- standing still ---


def _standing_still(view: ClusterView, workload: Workload) -> Iterator[Finding]:
    bar = view.policy.thresholds.storage_stall.seconds_min
    pods = [pod for pod in view.bound_pods(workload) if pod.requests.gpu_milli > 0]
    still = [pod for pod in pods if _stands_still(view, pod, bar)]
    if not still or not (workload.is_gang or len(still) == len(pods)):
        return
    yield found(
        Pattern.STORAGE_STALL,
        "Io",
        workload.ref,
        f"{workload.ref} stands still: its GPUs do nothing while it waits for I/O.",
        [
            Evidence(
                source=EvidenceSource.METRIC,
                reference=" or ".join((*PRESSURE_METRICS[:1], *NODE_PRESSURE_METRICS[:1])),
                observed=f"I/O is waited for more than {100 * PRESSURE_SHARE_MIN:g} % of the time, and few bytes move",
                threshold=f"{100 * PRESSURE_SHARE_MIN:g} % for {steady.span(bar)}",
                window_seconds=bar,
            )
        ],
        gpus=gpus_held(pods),
        hours=stake.expected_hours(bar, stake.rest_seconds(workload, view.now)),
    )


def _stands_still(view: ClusterView, pod: Pod, seconds: float) -> bool:
    activity = trends.activity_of(view, pod.namespace, pod.name)
    of_pod = view.series_by_pod.get((pod.namespace, pod.name), ())
    if not activity or not of_pod:
        return False
    steps = trends.steps_in(of_pod[0], seconds)
    lately, before = trends.last(activity, steps), trends.known(activity[:-steps])
    if len(trends.known(lately)) < steps or max(trends.known(lately)) > STILL_ACTIVITY_MAX:
        return False
    if not before or max(before) < WORKED_ACTIVITY_MIN:
        return False
    return waits_for_io(view, pod, steps) and not _moves_bytes(view, pod, steps)


def waits_for_io(view: ClusterView, pod: Pod, steps: int) -> bool:
    """Say whether the pod, or else its node, waits for I/O in every step."""
    own = _rates(view, pod, PRESSURE_METRICS, steps)
    rates = own or [
        rate
        for series in view.series_by_node.get(pod.node, ())
        if series.metric in NODE_PRESSURE_METRICS and not series.pod
        for rate in _last_rates(series.values, series.step_seconds, steps)
    ]
    return bool(rates) and fmean(rates) >= PRESSURE_SHARE_MIN


def _moves_bytes(view: ClusterView, pod: Pod, steps: int) -> bool:
    rates = _rates(view, pod, BYTE_METRICS, steps)
    return bool(rates) and fmean(rates) >= BYTES_PER_SECOND_MAX


def _rates(view: ClusterView, pod: Pod, metrics: Sequence[str], steps: int) -> list[float]:
    return [
        rate
        for series in view.series_by_pod.get((pod.namespace, pod.name), ())
        if series.metric in metrics
        for rate in _last_rates(series.values, series.step_seconds, steps)
    ]


def _last_rates(values: trends.Values, step_seconds: float, steps: int) -> list[float]:
    return [grown / step_seconds for grown in trends.known(trends.growths(values)[-steps:])]
