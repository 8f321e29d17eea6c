"""CrashLoop: at least 3 failures in an hour other than out-of-memory, still failing; images that cannot be pulled.

Silent are retries that succeed, pods that end because they are removed, evicted or lost with their node, gangs that
wait for a member, and programs that wait for a service of their namespace that is itself only starting.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from podlore.patterns import stake, steady
from podlore.patterns.failing import Streak, gpus_held, has_recovered, is_out_of_memory, is_over, streaks
from podlore.patterns.found import found
from podlore.policy import MINUTE_SECONDS
from podlore.view import ClusterView
from podlore.vocabulary import Container, Evidence, EvidenceSource, Finding, ObjectRef, Pattern, Pod, Workload
from podlore.workloads import is_finished, pod_ref

IMAGE_REASONS = frozenset(
    {"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"}
    | {"RegistryUnavailable", "SignatureValidationFailed"}
)
IMAGE_EVENTS = frozenset({"Failed", "BackOff", "InspectFailed", "ErrImageNeverPull"})
SERVING_KINDS = frozenset({"Deployment", "StatefulSet", "ReplicaSet", "RayCluster", "RayService", "LeaderWorkerSet"})
"""Kinds that others may wait for."""
ESTIMATED_SURER = 0.85
EVIDENCE_MAX = 3
BACK_OFF_LAST_SECONDS = 5 * MINUTE_SECONDS
"""The kubelet's longest back-off: so late may a failure be that waited for what came up just before."""


def crash_loop(view: ClusterView) -> Iterator[Finding]:
    """Yield the workloads that crash again and again, and those whose images cannot be had."""
    if not view.policy.thresholds.crash_loop.enabled:
        return
    for workload in view.workloads:
        if not is_over(view, workload):
            yield from _crashing(view, workload)
            yield from _without_image(view, workload)


# --- failures ---


def _crashing(view: ClusterView, workload: Workload) -> Iterator[Finding]:
    limits = view.policy.thresholds.crash_loop
    failing = [
        streak
        for streak in streaks(view, workload, limits.window_seconds, lambda reason: not is_out_of_memory(reason))
        if streak.count >= limits.failures_min and not has_recovered(streak, view.now)
    ]
    if failing and not _waits_for_others(view, workload, max(streak.last_at for streak in failing)):
        yield _crash_finding(view, workload, failing)


def _waits_for_others(view: ClusterView, workload: Workload, failed_at: float) -> bool:
    """Say whether it may have failed only because somebody else was not there yet."""
    if workload.is_gang and any(not pod.node and not is_finished(pod) for pod in workload.pods):
        return True
    if _starting_services(view).get(workload.ref.namespace, set()) - {workload.ref}:
        return True
    unready_until = _unready_until(view, workload)
    return unready_until is not None and failed_at <= unready_until + BACK_OFF_LAST_SECONDS


def _unready_until(view: ClusterView, workload: Workload) -> float | None:
    """Return when a service of the namespace was last told not to be ready; None where none was."""
    return max(
        (
            event.last_seen_at
            for other in _serving(view).get(workload.ref.namespace, ())
            if other.ref != workload.ref
            for pod in other.pods
            for event in view.events.get(pod_ref(pod), ())
            if event.reason == "Unhealthy"
            and "Readiness" in event.message
            and not any(c.restart_count for c in pod.containers)
        ),
        default=None,
    )


def _serving(view: ClusterView) -> Mapping[str, list[Workload]]:
    """Return the workloads that others may wait for, by namespace."""
    return view.once("serving", lambda: _by_namespace(w for w in view.workloads if w.ref.kind in SERVING_KINDS))


def _starting_services(view: ClusterView) -> Mapping[str, set[ObjectRef]]:
    """Return the services that are only starting, by namespace."""
    return view.once(
        "starting services",
        lambda: {
            namespace: {one.ref for one in services if _is_only_starting(one)}
            for namespace, services in _serving(view).items()
        },
    )


def _by_namespace(workloads: Iterable[Workload]) -> Mapping[str, list[Workload]]:
    found_workloads: defaultdict[str, list[Workload]] = defaultdict(list)
    for workload in workloads:
        found_workloads[workload.ref.namespace].append(workload)
    return found_workloads


def _is_only_starting(workload: Workload) -> bool:
    """Say whether a workload has no ready pod yet, without failing itself."""
    containers = [container for pod in workload.pods for container in pod.containers]
    if not workload.pods or any(c.ready or c.restart_count or c.waiting_reason in IMAGE_REASONS for c in containers):
        return False
    return any(not is_finished(pod) for pod in workload.pods)


def _crash_finding(view: ClusterView, workload: Workload, failing: list[Streak]) -> Finding:
    limits = view.policy.thresholds.crash_loop
    first_at = min(streak.first_at for streak in failing)
    pods = [pod for streak in failing for pod in streak.pods]
    often = f"at least {limits.failures_min} times within {steady.span(limits.window_seconds)}"
    return found(
        Pattern.CRASH_LOOP,
        "Application",
        workload.ref,
        f"{workload.ref} keeps failing: {_who(failing)} failed {often}.",
        [_streak_evidence(view, workload, streak) for streak in failing[:EVIDENCE_MAX]],
        gpus=gpus_held(pods),
        hours=stake.expected_hours(view.now - first_at, stake.rest_seconds(workload, view.now)),
        surer=ESTIMATED_SURER if all(streak.estimated for streak in failing) else 1.0,
        since=first_at,
    )


def _who(failing: list[Streak]) -> str:
    where = f" of {len(failing)} pods" if len(failing) > 1 else ""
    return f"container {failing[0].container}{where}"


def _streak_evidence(view: ClusterView, workload: Workload, streak: Streak) -> Evidence:
    limits = view.policy.thresholds.crash_loop
    codes = ", ".join(str(code) for code in streak.exit_codes[:EVIDENCE_MAX]) or "unknown"
    return Evidence(
        source=EvidenceSource.OBJECT,
        reference=f"Pod {workload.ref.namespace}/{streak.slot}, container {streak.container}",
        observed=f"at least {limits.failures_min} failures, exit code {codes}",
        threshold=f"{limits.failures_min} failures in {steady.span(limits.window_seconds)}, still failing",
        window_seconds=limits.window_seconds,
    )


# --- images ---


class Stuck(NamedTuple):
    """A container whose image cannot be had."""

    pod: Pod
    container: Container
    since: float


def _without_image(view: ClusterView, workload: Workload) -> Iterator[Finding]:
    bar = view.policy.thresholds.crash_loop.image_pull_seconds_min
    stuck = [one for one in _stuck(view, workload) if view.now - one.since >= bar]
    if not stuck:
        return
    since = min(one.since for one in stuck)
    yield found(
        Pattern.CRASH_LOOP,
        "Image",
        workload.ref,
        f"{workload.ref} cannot start: the image of container {stuck[0].container.name} could not be pulled since "
        f"{steady.at(since)}.",
        [
            Evidence(
                source=EvidenceSource.OBJECT,
                reference=f"Pod {one.pod.namespace}/{one.pod.name}, container {one.container.name}",
                observed=f"waits with {_pull_failure(one.container)} since {steady.at(one.since)}",
                threshold=f"{steady.span(bar)}",
            )
            for one in stuck[:EVIDENCE_MAX]
        ],
        gpus=gpus_held([one.pod for one in stuck]),
        hours=stake.expected_hours(view.now - since, stake.rest_seconds(workload, view.now)),
        since=since,
    )


def _stuck(view: ClusterView, workload: Workload) -> Iterator[Stuck]:
    for pod in workload.pods:
        if pod.deleted_at is not None or is_finished(pod):
            continue
        for container in pod.containers:
            if container.waiting_reason in IMAGE_REASONS:
                yield Stuck(pod, container, _pulling_since(view, pod))


def _pull_failure(container: Container) -> str:
    """Name the failure; the kubelet tells two of them in turns, and advice must not."""
    return "ImagePullBackOff" if container.waiting_reason == "ErrImagePull" else container.waiting_reason


def _pulling_since(view: ClusterView, pod: Pod) -> float:
    """Return since when a pod has been without its image: after its placement, its init containers, its last run."""
    ends = [end.finished_at for c in pod.containers for end in (c.ended, c.ended_before) if end and end.finished_at]
    placed_at = pod.scheduled_at if pod.scheduled_at is not None else pod.created_at
    told = [event.first_seen_at for event in view.events.get(pod_ref(pod), ()) if event.reason in IMAGE_EVENTS]
    return max([placed_at, *ends, *([min(told)] if told else [])])
