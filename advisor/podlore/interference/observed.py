"""Who was seen to slow whom: a view's series come in, edges of the interference graph leave.

Called by the detector `podlore.patterns.interference` and by ``podlore interference graph``; computed once a view.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from podlore.interference.company import Effect, effect, throttled
from podlore.interference.meeting_point import MeetingPoint, meeting_point
from podlore.patterns import trends
from podlore.patterns.runs import NUMBER, run_name
from podlore.view import ClusterView
from podlore.vocabulary import ObjectRef, Pod, Workload
from podlore.workloads import is_finished

NEIGHBOURS_MAX = 50
CHANCE_MAX = 1 / 3
"""What one neighbour's two changes of company leave to chance; who has had many neighbours needs more of them, since
one of many keeps to the ups and downs of anybody's day."""
CHANCE_MAX_OF_SERVICES = 1 / 6
"""What a service does follows its traffic, which has phases of its own."""
SERVICES = frozenset({"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"})
IDLE_SHARE_MAX = 0.05
"""A neighbour slows work down; it does not end it. Steps below were nobody's fault but the workload's own."""
SM_CLOCK = "DCGM_FI_DEV_SM_CLOCK"


@dataclass(frozen=True, slots=True)
class Edge:
    """An aggressor slows a victim on a node; both are workloads, or a pod that is gone.

    ``is_apart`` says that the aggressor runs now, but not on this node: somebody has separated the two.
    """

    victim: ObjectRef
    aggressor: ObjectRef
    node: str
    pod: Pod
    effect: Effect
    meeting: MeetingPoint
    is_apart: bool = False


def observed(view: ClusterView) -> tuple[Edge, ...]:
    """Return what neighbours were seen to cost, the greatest lower bound of each pair of workloads."""
    return view.once("observed interference", lambda: tuple(_observed(view)))


def lost_on(view: ClusterView, workload: ObjectRef, node: str) -> float:
    """Return the speed that a workload and those on a node were seen to cost each other: nothing where none met."""
    others = {view.workload_by_pod[pod.namespace, pod.name].ref for pod in view.pods_by_node.get(node, ())} - {workload}
    return sum(
        edge.effect.loss
        for edge in observed(view)
        if (edge.victim == workload and edge.aggressor in others)
        or (edge.aggressor == workload and edge.victim in others)
    )


def _observed(view: ClusterView) -> Iterator[Edge]:
    for workload in view.workloads:
        best: dict[ObjectRef, Edge] = {}
        for edge in _edges(view, workload):
            before = best.get(edge.aggressor)
            if before is None or edge.effect.low > before.effect.low:
                best[edge.aggressor] = edge
        yield from sorted(best.values(), key=lambda edge: (-edge.effect.low, edge.aggressor))


def _edges(view: ClusterView, workload: Workload) -> Iterator[Edge]:
    chance_max = CHANCE_MAX_OF_SERVICES if workload.ref.kind in SERVICES else CHANCE_MAX
    changes_min = view.policy.thresholds.interference.company_changes_min
    for pod in view.bound_pods(workload):
        own = _at_work(trends.activity_of(view, pod.namespace, pod.name))
        if pod.requests.gpu_milli <= 0 or not trends.known(own):
            continue
        explained = _throttled(view, pod)
        candidates = [
            (visitors, presence)
            for visitors in _visitors(view, workload, pod)
            if _changes(presence := _presence(view, pod.node, visitors)) >= changes_min
        ]
        for visitors, presence in candidates:
            found = effect(own, presence, explained, changes_min)
            if found is not None and found.low > 0 and found.chance * len(candidates) <= chance_max:
                meeting = meeting_point(view, pod, visitors, presence)
                is_apart = _runs_elsewhere(view, visitors[-1], pod.node)
                yield Edge(workload.ref, _aggressor(view, visitors), pod.node, pod, found, meeting, is_apart)


def _at_work(activity: Sequence[float | None]) -> tuple[float | None, ...]:
    return tuple(None if value is None or value <= IDLE_SHARE_MAX else value for value in activity)


def _aggressor(view: ClusterView, visitors: Sequence[ObjectRef]) -> ObjectRef:
    """Return the workload of the visitors that are still there, else the last of them."""
    owned = (view.workload_by_pod.get((one.namespace, one.name)) for one in reversed(visitors))
    return next((workload.ref for workload in owned if workload), visitors[-1])


def _runs_elsewhere(view: ClusterView, visitor: ObjectRef, node: str) -> bool:
    """Say whether pods of a visitor's kind run now, and none of them here."""
    kind = _kind_of(visitor.namespace, visitor.name)
    nodes = {
        pod.node
        for pod in view.snapshot.pods
        if pod.node and not is_finished(pod) and _kind_of(pod.namespace, pod.name) == kind
    }
    return bool(nodes) and node not in nodes


def _kind_of(namespace: str, pod: str) -> tuple[str, str]:
    """Return what runs of one kind have in common: an hourly job has another name each hour."""
    return namespace, NUMBER.sub("#", run_name(pod))


def _throttled(view: ClusterView, pod: Pod) -> tuple[bool, ...]:
    clocks = [one for one in view.series_by_pod.get((pod.namespace, pod.name), ()) if one.metric == SM_CLOCK]
    return throttled(trends.mean_of(clocks)) if clocks else ()


def _visitors(view: ClusterView, workload: Workload, pod: Pod) -> list[list[ObjectRef]]:
    """Return the pods of others that were on the node at any time that is remembered, those of one kind together.

    The next visit of an hourly job is no time without it.
    """
    own = {(one.namespace, one.name) for one in workload.pods}
    keys = {(series.namespace, series.pod) for series in view.series_by_node.get(pod.node, ()) if series.pod} - own
    kinds: dict[tuple[str, str], list[ObjectRef]] = {}
    for namespace, name in sorted(keys):
        kinds.setdefault(_kind_of(namespace, name), []).append(ObjectRef("", "Pod", namespace, name))
    return list(kinds.values())[:NEIGHBOURS_MAX]


def _changes(presence: Sequence[bool]) -> int:
    return sum(here != there for here, there in pairwise(presence))


def _presence(view: ClusterView, node: str, visitors: Sequence[ObjectRef]) -> tuple[bool, ...]:
    """Return in which steps one of the visitors had any value on the node."""
    rows = [row for one in visitors for row in view.series_by_pod[one.namespace, one.name] if row.node == node]
    length = max(len(row.values) for row in rows)
    return tuple(
        any(len(row.values) >= back and row.values[-back] is not None for row in rows) for back in range(length, 0, -1)
    )
