"""What is remembered of pods that may be gone: sightings come in, starts and failures leave, bounded in number and age.

``podlore.cluster_state`` tells a `Recorder` how each pod looked before and how it looks now. Kubernetes shows only the
last two ends of a container and a restart count, so an end is exact where it can be seen, and estimated (and marked so)
where only the count tells of it. Every estimate errs towards fewer failures in the recent past:

* between two sightings, hidden ends are spread evenly over the time in between;
* at first sight, they are laid out backwards along the kubelet's back-off (10 s, doubling to 300 s), each run as long
  as the last one, and only those of the last hour count. A back-off that was reset, or is configured shorter, would
  mean more failures than that, never fewer.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from podlore.clock import Clock
from podlore.policy import HOUR_SECONDS
from podlore.snapshot import History
from podlore.vocabulary import Container, Failure, ObjectRef, Pod, Start, Termination

AGE_SECONDS_MAX = 24 * HOUR_SECONDS
COUNT_MAX = 20_000
SETTLE_WALL_SECONDS = 60.0

BACK_OFF_FIRST_SECONDS = 10.0
BACK_OFF_LAST_SECONDS = 300.0
INFERRED_SECONDS = HOUR_SECONDS

NO_EXIT_CODE = -1
"""The exit code of a failure whose end nobody saw, or of a pod whose containers never ran."""

_Key = tuple[object, ...]
Resolve = Callable[[Pod], ObjectRef]


class Recorder:
    """Bounded memory of starts and failures.

    A workload is resolved when something happens, and again for a minute afterwards: the controllers of a new pod may
    arrive after the pod itself.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._starts: dict[_Key, Start] = {}
        self._failures: dict[_Key, Failure] = {}
        self._unsettled: dict[_Key, tuple[float, Pod]] = {}
        self._restored_until: dict[_Key, float] = {}
        self._history: History | None = None

    def saw(self, before: Pod | None, after: Pod, resolve: Resolve) -> None:
        """Record what happened to a pod between two sightings; ``before`` is None at first sight."""
        is_bound_anew = _is_bound_anew(before, after)
        if before and not is_bound_anew and (before.containers, before.phase) == (after.containers, after.phase):
            return  # the common case: nothing that history is about
        oldest = self._clock.now() - AGE_SECONDS_MAX
        if is_bound_anew and after.scheduled_at is not None and after.scheduled_at >= oldest:
            self._record_start(after, resolve)
        for failure in failures_between(before, after, self._clock):
            if failure.at >= oldest:
                self._record_failure(failure, after, resolve)

    def resettle(self, resolve: Resolve) -> None:
        """Resolve the workloads of what happened within the last minute once more: new controllers were seen."""
        settled_before = self._clock.now() - SETTLE_WALL_SECONDS * self._clock.scale
        self._unsettled = {key: entry for key, entry in self._unsettled.items() if entry[0] >= settled_before}
        for key, (_, pod) in self._unsettled.items():
            workload = resolve(pod)
            if start := self._starts.get(key):
                self._starts[key] = replace(start, workload=workload)
            if failure := self._failures.get(key):
                self._failures[key] = replace(failure, workload=workload)
        self._history = None

    def history(self) -> History:
        """Return everything remembered, oldest first; the same object as long as nothing changed."""
        oldest = self._clock.now() - AGE_SECONDS_MAX
        if self._history is None or _has_older(self._history, oldest):
            self._trim(oldest)
            self._history = History(tuple(self._starts.values()), tuple(self._failures.values()))
        return self._history

    def restore(self, history: History) -> None:
        """Take over what an earlier process remembered; what was inferred meanwhile for the same time gives way."""
        for failure in history.failures:
            container = _container_key(failure)
            self._restored_until[container] = max(failure.at, self._restored_until.get(container, failure.at))
        own = {key: failure for key, failure in self._failures.items() if not self._is_restored(failure)}
        self._starts = {_start_key(start): start for start in history.starts} | self._starts
        self._failures = {_failure_key(failure): failure for failure in history.failures} | own
        self._history = None

    def _is_restored(self, failure: Failure) -> bool:
        return failure.estimated and failure.at <= self._restored_until.get(_container_key(failure), -math.inf)

    def _record_start(self, pod: Pod, resolve: Resolve) -> None:
        workload, placed_at = resolve(pod), pod.scheduled_at or 0.0
        start = Start(pod.name, pod.namespace, workload, pod.created_at, placed_at, pod.requests, pod.node)
        self._starts[_start_key(start)] = start
        self._recorded(_start_key(start), pod)

    def _record_failure(self, failure: Failure, pod: Pod, resolve: Resolve) -> None:
        key = _failure_key(failure)
        if key not in self._failures and not self._is_restored(failure):
            self._failures[key] = replace(failure, workload=resolve(pod))
            self._recorded(key, pod)

    def _recorded(self, key: _Key, pod: Pod) -> None:
        self._unsettled[key] = (self._clock.now(), pod)
        self._history = None
        if max(len(self._starts), len(self._failures), len(self._unsettled)) > 2 * COUNT_MAX:
            self._trim(self._clock.now() - AGE_SECONDS_MAX)

    def _trim(self, oldest: float) -> None:
        starts = sorted((start for start in self._starts.values() if start.scheduled_at >= oldest), key=_start_order)
        failures = sorted((failure for failure in self._failures.values() if failure.at >= oldest), key=_failure_order)
        self._starts = {_start_key(start): start for start in starts[-COUNT_MAX:]}
        self._failures = {_failure_key(failure): failure for failure in failures[-COUNT_MAX:]}
        self._unsettled = dict(list(self._unsettled.items())[-COUNT_MAX:])


def failures_between(before: Pod | None, after: Pod, clock: Clock) -> Iterator[Failure]:
    """Return the failures that the two sightings of a pod tell of; their workload is the pod itself.

    An end that was asked for, after the pod's deletion, is no failure. A pod that failed as a whole lends its reason
    (Evicted, DeadlineExceeded, ...) to its containers' ends, and is one failure itself if no container ever ran.
    """
    known = {container.name: container for container in before.containers} if before else {}
    for container in after.containers:
        for end in _errors_between(known.get(container.name), container, after, clock):
            if after.deleted_at is None or end.at < after.deleted_at:
                yield _failure(after, container.name, end)
    if (
        after.phase == "Failed"
        and (before is None or before.phase != "Failed")
        and not any(map(_ends, after.containers))
    ):
        at = after.started_at or after.scheduled_at or clock.now()
        yield _failure(after, "", _End(at, NO_EXIT_CODE, after.reason))


@dataclass(frozen=True, slots=True)
class _End:
    at: float
    exit_code: int
    reason: str
    estimated: bool = False


def _failure(pod: Pod, container: str, end: _End) -> Failure:
    pod_ref = ObjectRef("", "Pod", pod.namespace, pod.name, uid=pod.uid)
    reason = (pod.phase == "Failed" and pod.reason) or end.reason
    return Failure(pod.namespace, pod.name, container, pod_ref, pod.node, end.at, end.exit_code, reason, end.estimated)


def _errors_between(before: Container | None, after: Container, pod: Pod, clock: Clock) -> Iterator[_End]:
    known = _visible(before) if before else ()
    new = [end for end in _visible(after) if end not in known]
    hidden = _ends(after) - (_ends(before) if before else 0) - len(new)
    if hidden > 0 and before is not None:
        yield from _spread(hidden, _last_known_at(before, pod), new[0] if new else None, clock.now())
    elif hidden > 0 and new:
        yield from _backwards(hidden, new[0], clock)
    for end in new:
        if _is_error(end):
            yield _End(
                clock.now() if end.finished_at is None else end.finished_at,
                end.exit_code,
                end.reason,
                end.finished_at is None,
            )


def _visible(container: Container) -> tuple[Termination, ...]:
    return tuple(end for end in (container.ended_before, container.ended) if end)


def _ends(container: Container) -> int:
    """Return how often a container has ended: each restart tells of one end, a container that is down of one more."""
    is_down = container.running_since is None and bool(_visible(container))
    return max(container.restart_count + is_down, len(_visible(container)))


def _is_error(end: Termination) -> bool:
    return end.exit_code != 0 or end.reason == "OOMKilled"


def _last_known_at(before: Container, pod: Pod) -> float:
    ends = [end.finished_at for end in _visible(before) if end.finished_at is not None]
    return max([*ends, before.running_since or pod.started_at or pod.created_at])


def _spread(hidden: int, since: float, next_end: Termination | None, now: float) -> Iterator[_End]:
    """Lay hidden ends out evenly until the next one that was seen; what ended well there ended well before, too."""
    if next_end and not _is_error(next_end):
        return
    until = max(since, (next_end and (next_end.started_at or next_end.finished_at)) or now)
    exit_code, reason = (next_end.exit_code, next_end.reason) if next_end else (NO_EXIT_CODE, "")
    for number in range(1, hidden + 1):
        yield _End(since + (until - since) * number / (hidden + 1), exit_code, reason, estimated=True)


def _backwards(hidden: int, last: Termination, clock: Clock) -> Iterator[_End]:
    """Lay hidden ends out backwards from the first one that was seen, as long as they fall into the last hour."""
    if not _is_error(last) or last.started_at is None or last.finished_at is None:
        return
    run_seconds, started_at = max(0.0, last.finished_at - last.started_at), last.started_at
    for restart in range(hidden, 0, -1):
        ended_at = started_at - _back_off_seconds(restart) * clock.scale
        if ended_at < clock.now() - INFERRED_SECONDS:
            return
        yield _End(ended_at, last.exit_code, last.reason, estimated=True)
        started_at = ended_at - run_seconds


def _back_off_seconds(restart: int) -> float:
    """Return how long the kubelet waits, on the wall, before a container's n-th restart."""
    doublings = min(restart - 1, 10)
    return min(BACK_OFF_FIRST_SECONDS * 2.0**doublings, BACK_OFF_LAST_SECONDS)


def _is_bound_anew(before: Pod | None, after: Pod) -> bool:
    return bool(after.node) and (before is None or not before.node)


def _has_older(history: History, oldest: float) -> bool:
    """Say whether something is too old by now; both are in order."""
    starts, failures = history.starts[:1], history.failures[:1]
    return any(start.scheduled_at < oldest for start in starts) or any(failure.at < oldest for failure in failures)


def _start_order(start: Start) -> tuple[object, ...]:
    return start.scheduled_at, start.namespace, start.pod


def _failure_order(failure: Failure) -> tuple[object, ...]:
    return failure.at, failure.namespace, failure.pod, failure.container


def _start_key(start: Start) -> _Key:
    return "start", start.namespace, start.pod, start.created_at


def _container_key(failure: Failure) -> _Key:
    return failure.namespace, failure.pod, failure.container


def _failure_key(failure: Failure) -> _Key:
    return "failure", *_container_key(failure), round(failure.at, 3)
