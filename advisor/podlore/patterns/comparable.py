"""How long others have waited who asked for as much: the yardstick of `accessibility_barrier`.

Comparable is a workload that asked for at least half as many GPUs (CPU where no GPU is asked for): whoever asks for
more should wait longer. Their waits are known in full if they started meanwhile, and as lower bounds if they still
wait; both count, so that a queue in which everybody waits shows itself.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from podlore.patterns.waiting import Waiting
from podlore.topology.room import NOTHING, add
from podlore.view import ClusterView
from podlore.vocabulary import ObjectRef, Resources, Start

ASKED_SHARE_MIN = 0.5
LATEST_MAX = 500
"""Of those that began, so many are looked at, the latest; more would not move a median."""
BACKGROUND_KINDS = frozenset({"DaemonSet", "Node"})
"""Kinds that are placed on each node as it comes, and never queue."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A workload that was placed: what it got in sum, and how long its slowest pod had waited."""

    workload: ObjectRef
    requests: Resources
    wait_seconds: float
    priority: int | None


@dataclass(frozen=True, slots=True)
class Comparables:
    """Those who asked for as much: ``begun`` meanwhile, or waiting still; ``wait_seconds`` is the median of all."""

    begun: tuple[Begun, ...]
    still_waiting: int
    wait_seconds: float


class Yardstick:
    """Everybody who was placed, or waits, in one snapshot."""

    def __init__(self, view: ClusterView, queue: Iterable[Waiting]) -> None:
        self._now = view.now
        self._queue = tuple(queue)
        self._priority = {(pod.namespace, pod.name): pod.priority for pod in view.snapshot.pods}
        by_workload: defaultdict[ObjectRef, list[Start]] = defaultdict(list)
        for start in view.starts:
            if start.workload.kind not in BACKGROUND_KINDS:
                by_workload[start.workload].append(start)
        self._starts = sorted(by_workload.items(), key=lambda item: (-item[1][-1].scheduled_at, item[0]))

    def begun_since(self, since: float, *, besides: ObjectRef) -> tuple[Begun, ...]:
        """Return the workloads that got a place after a moment, the latest first."""
        begun = []
        for workload, starts in self._starts[:LATEST_MAX]:
            if starts[-1].scheduled_at <= since:
                break
            if workload != besides:
                begun.append(self._begun(workload, [start for start in starts if start.scheduled_at > since]))
        return tuple(begun)

    def comparables(self, one: Waiting) -> Comparables | None:
        """Return who else wanted as much while this workload waited; None where none of them began."""
        ours = one.workload.ref
        begun = tuple(b for b in self.begun_since(one.since, besides=ours) if _as_much(b.requests, one.requests))
        if not begun:
            return None
        rivals = [w for w in self._queue if w.workload.ref != ours and _as_much(w.requests, one.requests)]
        waits = [*(b.wait_seconds for b in begun), *(self._now - rival.since for rival in rivals)]
        return Comparables(begun, len(rivals), max(median(waits), 0.0))

    def is_known_before(self, namespace: str, moment: float) -> bool:
        """Say whether a namespace had anything placed before a moment."""
        return any(w.namespace == namespace and starts[0].scheduled_at < moment for w, starts in self._starts)

    def _begun(self, workload: ObjectRef, starts: list[Start]) -> Begun:
        requests = NOTHING
        for start in starts:
            requests = add(requests, start.requests)
        priorities = [self._priority.get((start.namespace, start.pod)) for start in starts]
        return Begun(
            workload,
            requests,
            max(start.scheduled_at - start.created_at for start in starts),
            max((priority for priority in priorities if priority is not None), default=None),
        )


def _as_much(theirs: Resources, ours: Resources) -> bool:
    if ours.gpu_milli > 0:
        return theirs.gpu_milli >= ASKED_SHARE_MIN * ours.gpu_milli
    return theirs.gpu_milli == 0 and theirs.cpu_milli >= ASKED_SHARE_MIN * ours.cpu_milli
