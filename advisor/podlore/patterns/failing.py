"""Failures of a workload's containers, gathered from what is remembered and from what the objects still tell.

`crash_loop` and `out_of_memory_loop` read the streaks. A *slot* is what fails again and again: a container of a pod
that restarts in place, or of the pods that a Job makes one after the other for the same index. After a restart of the
operator nothing may be remembered; then a pod's status gives a lower bound on its failures:

- its present and last termination, with their times;
- its restart count, if the pod is younger than the window;
- the kubelet's back-off: it doubles from 10 s with each failure and starts anew after 10 minutes of running, so a
  back-off of 40 s means three failures, the third at most 21 minutes after the first.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from podlore.policy import MINUTE_SECONDS
from podlore.topology.room import GPU_MILLI
from podlore.view import ClusterView
from podlore.vocabulary import Container, Failure, Pod, Termination, Workload
from podlore.workloads import is_finished

BACK_OFF = re.compile(r"back-off (?:(\d{1,3})m)?(\d{1,2})s restarting failed")
BACK_OFF_FIRST_SECONDS = 10
BACK_OFF_REASON = "CrashLoopBackOff"
RECOVERY_SECONDS = 5 * MINUTE_SECONDS
"""A container that ran this long, and half as long again as between any two failures, has recovered."""
RECOVERY_RATIO = 1.5
SAME_FAILURE_SECONDS = 1.0
WAVE_SECONDS = MINUTE_SECONDS
"""Workers of one attempt that fail within a minute of each other failed once."""

OOM_REASON = "OOMKilled"
NOT_THE_CONTAINER = frozenset(
    {"DeadlineExceeded"}
    | {
        "Evicted",
        "Preempted",
        "Preempting",
        "NodeLost",
        "NodeShutdown",
        "Shutdown",
        "Terminated",
        "ContainerStatusUnknown",
    }
)
"""Reasons of ends that came from outside: its node left, its time was over, or somebody else needed the place."""
SIGNAL_EXITS = frozenset({137, 143})
"""SIGKILL and SIGTERM; on a pod that is being removed, they are its removal."""

SERVICES = frozenset({"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "ReplicationController", "Pod"})
"""Kinds whose pods restart in place; what other kinds make is told apart by its name without the random end."""
RANDOM_END = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{5}$")
RUN_TIME_END = re.compile(r"-\d{8,12}$")
"""A CronJob numbers its Jobs by their time."""

SlotKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Streak:
    """The failures of one slot inside a window; ``count`` is a lower bound, ``estimated`` if not all were seen.

    ``longest_gap_seconds`` lies between two failures that were seen, ``pods`` are those of the slot that are there now.
    """

    slot: str
    container: str
    count: int
    first_at: float
    last_at: float
    longest_gap_seconds: float
    exit_codes: tuple[int, ...]
    nodes: tuple[str, ...]
    pods: tuple[Pod, ...]
    estimated: bool


def is_out_of_memory(reason: str) -> bool:
    """Say whether the kernel ended a container for its memory."""
    return reason == OOM_REASON


def streaks(
    view: ClusterView, workload: Workload, window_seconds: float, counts: Callable[[str], bool]
) -> tuple[Streak, ...]:
    """Return the slots of a workload that failed inside the window.

    Parameters
    ----------
    counts
        Says of a termination's reason whether it is of the wanted kind.
    """
    since = view.now - window_seconds
    pods: defaultdict[str, list[Pod]] = defaultdict(list)
    for pod in workload.pods:
        pods[slot_of(workload, pod.name)].append(pod)
    failures = _by_slot(view, workload, since, counts)
    keys = sorted({*failures, *_looping(workload, counts)})
    in_waves = workload.pods_wanted > 1 and len({slot for slot, _ in keys}) == 1 and _shares_slots(workload)
    made = (_streak(key, failures.get(key, []), pods[key[0]], since, counts, in_waves=in_waves) for key in keys)
    return tuple(streak for streak in made if streak is not None)


def slot_of(workload: Workload, pod_name: str) -> str:
    """Return what a pod's successors have in common with it.

    >>> from podlore.vocabulary import ObjectRef
    >>> job = Workload(ObjectRef("batch", "Job", "nlp", "tune"), (), 0.0)
    >>> slot_of(job, "tune-3-x2x4f"), slot_of(job, "tune-3")
    ('tune-3', 'tune-3')
    """
    if workload.ref.kind in SERVICES:
        return pod_name
    name = RANDOM_END.sub("", pod_name)
    return RUN_TIME_END.sub("", name) if workload.ref.kind == "CronJob" else name


def is_over(view: ClusterView, workload: Workload) -> bool:
    """Say whether a workload has ended, so that nothing of it fails any more."""
    controller = view.controllers_by_ref.get(workload.ref)
    if controller is not None:
        return controller.finished_at is not None
    return workload.ref.kind == "Pod" and all(is_finished(pod) for pod in workload.pods)


def gpus_held(pods: Iterable[Pod]) -> float:
    """Return how many GPUs these pods hold, each pod counted once."""
    holding = {(pod.namespace, pod.name): pod for pod in pods if pod.node and not is_finished(pod)}
    return sum(pod.requests.gpu_milli for pod in holding.values()) / GPU_MILLI


def has_recovered(streak: Streak, now: float) -> bool:
    """Say whether the slot has come to life again, or is no more.

    It has if a container ended well after the last failure, or has run for longer than between any two failures.
    """
    if not streak.pods:
        return now - streak.last_at > RECOVERY_SECONDS
    containers = [c for pod in streak.pods for c in pod.containers if c.name == streak.container]
    needed_seconds = max(RECOVERY_SECONDS, RECOVERY_RATIO * streak.longest_gap_seconds)
    if any(c.running_since is not None and now - c.running_since >= needed_seconds for c in containers):
        return True
    return any(_ended_well(c, streak.last_at) for c in containers)


def _ended_well(container: Container, after: float) -> bool:
    ends = (container.ended, container.ended_before)
    return any(end and end.exit_code == 0 and (end.finished_at or 0.0) >= after for end in ends)


def _shares_slots(workload: Workload) -> bool:
    """Say whether pods that run side by side cannot be told apart by name, as those of a Job without indexes."""
    names = [slot_of(workload, pod.name) for pod in workload.pods]
    return workload.ref.kind not in SERVICES and len(set(names)) < len(names)


def _by_slot(
    view: ClusterView, workload: Workload, since: float, counts: Callable[[str], bool]
) -> dict[SlotKey, list[Failure]]:
    """Return the failures that were seen, each once, whether remembered or still in a status."""
    by_pod = {pod.name: pod for pod in workload.pods}
    found: defaultdict[SlotKey, list[Failure]] = defaultdict(list)
    remembered = view.failures.get(workload.ref, ())
    told = (failure for pod in workload.pods for failure in _told(workload, pod))
    for failure in sorted((*remembered, *told), key=lambda one: (one.at, one.pod, one.container, one.estimated)):
        if not since <= failure.at <= view.now or not counts(failure.reason) or failure.exit_code == 0:
            continue
        if _came_from_outside(failure, by_pod.get(failure.pod)):
            continue
        known = found[slot_of(workload, failure.pod), failure.container]
        if not any(_is_same(failure, other) for other in known[-3:]):
            known.append(failure)
    return {key: failures for key, failures in found.items() if failures}


def _told(workload: Workload, pod: Pod) -> Iterator[Failure]:
    for container in pod.containers:
        for end in (container.ended_before, container.ended):
            if end is not None and end.finished_at is not None:
                yield _failure(workload, pod, container, end, end.finished_at)


def _failure(workload: Workload, pod: Pod, container: Container, end: Termination, at: float) -> Failure:
    return Failure(pod.namespace, pod.name, container.name, workload.ref, pod.node, at, end.exit_code, end.reason)


def _is_same(failure: Failure, other: Failure) -> bool:
    near = abs(failure.at - other.at) < SAME_FAILURE_SECONDS
    return near and (failure.pod, failure.container) == (other.pod, other.container)


def _came_from_outside(failure: Failure, pod: Pod | None) -> bool:
    if (
        not failure.container
        or failure.reason in NOT_THE_CONTAINER
        or (pod is not None and pod.reason in NOT_THE_CONTAINER)
    ):
        return True
    is_leaving = pod is None or pod.deleted_at is not None
    return is_leaving and failure.exit_code in SIGNAL_EXITS and not is_out_of_memory(failure.reason)


def _looping(workload: Workload, counts: Callable[[str], bool]) -> Iterator[SlotKey]:
    """Return the slots that the kubelet holds back now for failures of the wanted kind."""
    for pod in workload.pods:
        for container in pod.containers:
            if container.waiting_reason == BACK_OFF_REASON and _last_end_counts(container, counts):
                yield slot_of(workload, pod.name), container.name


def _last_end_counts(container: Container, counts: Callable[[str], bool]) -> bool:
    end = container.ended or container.ended_before
    return end is not None and end.exit_code != 0 and counts(end.reason)


def _streak(
    key: SlotKey,
    failures: list[Failure],
    pods: list[Pod],
    since: float,
    counts: Callable[[str], bool],
    *,
    in_waves: bool,
) -> Streak | None:
    present = [pod for pod in pods if not is_finished(pod) and pod.deleted_at is None]
    told = [(pod, c, _told_count(pod, c, since)) for pod in present for c in pod.containers if c.name == key[1]]
    bound = max((count for _, c, count in told if _last_end_counts(c, counts)), default=0)
    seen = _waves(failures) if in_waves else len(failures)
    if not max(bound, seen):
        return None
    times = sorted(failure.at for failure in failures) or [_last_end_at(told, since)]
    ends = {failure.exit_code for failure in failures} | {
        end.exit_code for _, c, _ in told if (end := c.ended or c.ended_before)
    }
    return Streak(
        slot=key[0],
        container=key[1],
        count=max(bound, seen),
        first_at=times[0],
        last_at=times[-1],
        longest_gap_seconds=max((at - before for before, at in pairwise(times)), default=0.0),
        exit_codes=tuple(sorted(code for code in ends if code > 0)),
        nodes=tuple(
            sorted({failure.node for failure in failures if failure.node} | {p.node for p in present if p.node})
        ),
        pods=tuple(pods),
        estimated=bound > seen or any(failure.estimated for failure in failures),
    )


def _told_count(pod: Pod, container: Container, since: float) -> int:
    """Return how many failures since then a container's status vouches for."""
    began_at = pod.started_at if pod.started_at is not None else pod.created_at
    ended_badly_now = container.ended is not None and container.ended.exit_code != 0
    if began_at >= since:
        return container.restart_count + ended_badly_now
    return min(_failures_behind(container), container.restart_count + 1)


def _failures_behind(container: Container) -> int:
    """Return how many failures lie behind the present back-off.

    >>> message = "back-off 1m20s restarting failed container=c pod=p"
    >>> _failures_behind(Container("c", waiting_reason="CrashLoopBackOff", waiting_message=message))
    4
    """
    if container.waiting_reason != BACK_OFF_REASON:
        return 0
    match = BACK_OFF.search(container.waiting_message[:256])
    if match is None:
        return 0
    seconds = int(match[1] or 0) * MINUTE_SECONDS + int(match[2])
    return int(seconds // BACK_OFF_FIRST_SECONDS).bit_length() if seconds >= BACK_OFF_FIRST_SECONDS else 0


def _last_end_at(told: Iterable[tuple[Pod, Container, int]], since: float) -> float:
    ends = [end.finished_at for _, c, _ in told for end in (c.ended, c.ended_before) if end]
    return max((at for at in ends if at is not None), default=since)


def _waves(failures: list[Failure]) -> int:
    """Return how many failures there were, those counted once that follow each other at once."""
    times = sorted(failure.at for failure in failures)
    return sum(at - before > WAVE_SECONDS for before, at in pairwise([float("-inf"), *times]))
