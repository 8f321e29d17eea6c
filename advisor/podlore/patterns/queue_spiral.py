"""QueueSpiral: at least 4 requeues, preemptions or resubmissions in two hours without net progress.

A requeue is a pod that had a place and lost it without having failed by itself: preempted, evicted, or deleted with a
Job that came back under its name. A resubmission is an object that came back under its name, placed or not. A schedule
whose runs wait for each other spirals too: it makes more than can be placed. Silent is what makes progress (a run that
ends well, or goes on for half an hour), and scale-up in flight.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from podlore.patterns import stake, steady
from podlore.patterns.failing import WAVE_SECONDS, slot_of
from podlore.patterns.found import found
from podlore.patterns.waiting import is_being_helped, waiting_of
from podlore.policy import MINUTE_SECONDS
from podlore.topology.room import GPU_MILLI
from podlore.view import ClusterView
from podlore.vocabulary import Event, Evidence, EvidenceSource, Finding, ObjectRef, Pattern, Start, Workload
from podlore.workloads import pod_ref

REQUEUE_REASONS = frozenset(
    {
        "Preempted",
        "Evicted",
        "EvictedDueToPreempted",
        "EvictedDueToPodsReadyTimeout",
        "TaintManagerEviction",
        "Requeued",
    }
)
PROGRESS_SECONDS = 30 * MINUTE_SECONDS
"""A run of this length brings something to an end, or to a checkpoint."""
EXTRA_KINDS = frozenset({"Deployment", "ReplicaSet", "DaemonSet"})
"""Kinds that replace pods by others of new names: only events tell of their requeues."""


def queue_spiral(view: ClusterView) -> Iterator[Finding]:
    """Yield the workloads that go round in the queue."""
    limits = view.policy.thresholds.queue_spiral
    if not limits.enabled:
        return
    lost_starts = _lost_starts(view)
    for workload in view.workloads:
        one = waiting_of(view, workload)
        if one is not None and is_being_helped(view, one):
            continue
        if workload.ref.kind == "CronJob":
            yield from _backlog(view, workload)
            continue
        lost = lost_starts.get(workload.ref, ())
        requeues = max(len(lost), _told_requeues(view, workload), _resubmissions(view, workload))
        if requeues >= limits.requeues_min and not _makes_progress(view, workload, lost):
            yield _finding(view, workload, "Requeue", f"lost its place at least {limits.requeues_min} times")


def _lost_starts(view: ClusterView) -> Mapping[ObjectRef, tuple[Start, ...]]:
    """Return, by workload, the starts of its busiest slot whose pods are gone without having failed by themselves."""
    since = view.now - view.policy.thresholds.queue_spiral.window_seconds
    present = {(pod.namespace, pod.name, pod.created_at) for pod in view.snapshot.pods}
    failed = {(failure.namespace, failure.pod) for failure in view.snapshot.history.failures}
    slots: defaultdict[ObjectRef, defaultdict[str, list[Start]]] = defaultdict(lambda: defaultdict(list))
    for start in view.starts:
        workload = view.workload_by_ref.get(start.workload)
        if workload is None or workload.ref.kind in EXTRA_KINDS or start.scheduled_at < since:
            continue
        resubmitted = start.created_at < workload.created_at
        is_gone = (start.namespace, start.pod, start.created_at) not in present
        if is_gone and (resubmitted or (start.namespace, start.pod) not in failed):
            slots[workload.ref][slot_of(workload, start.pod)].append(start)
    return {ref: tuple(_longest(by_slot.values())) for ref, by_slot in slots.items()}


def _longest(rows: Iterable[list[Start]]) -> list[Start]:
    return max(rows, key=len)


def _told_requeues(view: ClusterView, workload: Workload) -> int:
    """Return how often events tell of a lost place; those of one moment are one."""
    since = view.now - _window_seconds(view)
    told = _requeue_events(view)
    if not told:
        return 0
    refs = {workload.ref, *(pod_ref(pod) for pod in workload.pods), *_gone_pods(view).get(workload.ref, ())}
    refs |= {controller.ref for controller in view.dependents.get(workload.ref, ())}
    events = [event for ref in refs for event in told.get(ref, ())]
    times = sorted(at for event in events for at in _times(event) if at >= since)
    return sum(at - before > WAVE_SECONDS for before, at in pairwise([float("-inf"), *times]))


def _requeue_events(view: ClusterView) -> Mapping[ObjectRef, list[Event]]:
    """Return the events that tell of a lost place, by what they are about."""
    return view.once("requeue events", lambda: _found_requeue_events(view))


def _found_requeue_events(view: ClusterView) -> Mapping[ObjectRef, list[Event]]:
    told: defaultdict[ObjectRef, list[Event]] = defaultdict(list)
    for event in view.snapshot.events:
        if event.reason in REQUEUE_REASONS:
            told[event.about].append(event)
    return told


def _resubmissions(view: ClusterView, workload: Workload) -> int:
    """Return how often events tell of an earlier object of the same name: the workload's own, or a pod's of it.

    A pod that failed was replaced for that; so many of its incarnations do not count.
    """
    since = view.now - view.policy.thresholds.queue_spiral.window_seconds
    failures = Counter(failure.pod for failure in view.failures.get(workload.ref, ()))
    counts = [_incarnations(view, workload.ref, since) - 1]
    counts += [_incarnations(view, pod_ref(pod), since) - 1 - failures[pod.name] for pod in workload.pods]
    return max(counts)


def _incarnations(view: ClusterView, ref: ObjectRef, since: float) -> int:
    return len({event.about.uid for event in view.events.get(ref, ()) if event.last_seen_at >= since} | {ref.uid})


def _times(event: Event) -> Iterator[float]:
    """Yield when an event happened: its repeats spread evenly between the first and the last."""
    count = min(max(event.count, 1), 100)
    step = (event.last_seen_at - event.first_seen_at) / max(count - 1, 1)
    for number in range(count):
        yield event.last_seen_at - number * step


def _gone_pods(view: ClusterView) -> Mapping[ObjectRef, list[ObjectRef]]:
    """Return the pods that were placed and are gone, by workload."""
    return view.once("gone pods", lambda: _by_workload(view))


def _by_workload(view: ClusterView) -> Mapping[ObjectRef, list[ObjectRef]]:
    gone: defaultdict[ObjectRef, list[ObjectRef]] = defaultdict(list)
    for start in view.starts:
        if (start.namespace, start.pod) not in view.workload_by_pod:
            gone[start.workload].append(ObjectRef("", "Pod", start.namespace, start.pod))
    return gone


def _makes_progress(view: ClusterView, workload: Workload, lost: tuple[Start, ...]) -> bool:
    """Say whether a run ended well, goes on for long, or went on for long before its place was lost.

    Of pods that ended well and are gone the controller keeps count: one in each window is progress.
    """
    if any(pod.phase == "Succeeded" for pod in workload.pods):
        return True
    controller, window_seconds = view.controllers_by_ref.get(workload.ref), _window_seconds(view)
    if controller is not None and controller.pods_succeeded * window_seconds >= max(
        view.now - workload.created_at, window_seconds
    ):
        return True
    running = [c.running_since for pod in view.bound_pods(workload) for c in pod.containers if c.running_since]
    if running and view.now - min(running) >= PROGRESS_SECONDS:
        return True
    return any(later.created_at - start.scheduled_at >= 2 * PROGRESS_SECONDS for start, later in pairwise(lost))


def _window_seconds(view: ClusterView) -> float:
    return view.policy.thresholds.queue_spiral.window_seconds


def _backlog(view: ClusterView, workload: Workload) -> Iterator[Finding]:
    """Yield a schedule whose runs pile up: none ends, and each adds to the queue."""
    limits = view.policy.thresholds.queue_spiral
    since = view.now - limits.window_seconds
    waiting = [pod for pod in workload.pods if not pod.node and pod.created_at >= since and pod.deleted_at is None]
    ended = any(pod.phase == "Succeeded" and pod.created_at >= since for pod in workload.pods)
    if len(waiting) >= limits.requeues_min and not ended:
        yield _finding(view, workload, "Backlog", f"made at least {limits.requeues_min} runs that wait for each other")


def _finding(view: ClusterView, workload: Workload, cause: str, what: str) -> Finding:
    limits = view.policy.thresholds.queue_spiral
    window = steady.span(limits.window_seconds)
    pods = [pod for pod in workload.pods if pod.deleted_at is None]
    return found(
        Pattern.QUEUE_SPIRAL,
        cause,
        workload.ref,
        f"{workload.ref} goes round in the queue: it {what} within {window} and got no further.",
        [
            Evidence(
                source=EvidenceSource.OBJECT,
                reference=str(workload.ref),
                observed=what,
                threshold=f"{limits.requeues_min} in {window} without progress",
                window_seconds=limits.window_seconds,
            )
        ],
        gpus=sum(pod.requests.gpu_milli for pod in pods) / GPU_MILLI,
        hours=stake.expected_hours(limits.window_seconds, stake.rest_seconds(workload, view.now)),
    )
