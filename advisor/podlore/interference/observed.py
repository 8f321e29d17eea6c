"""Who was seen to slow whom: a view's series come in, edges of the interference graph leave.

Called by the detector `podlore.patterns.interference` and by ``podlore interference graph``; computed once a view.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from podlore.interference.company import Effect, effect, throttled
from podlore.interference.meeting_point import MeetingPoint, meeting_point
from podlore.patterns import trends
from podlore.view import ClusterView
from podlore.vocabulary import ObjectRef, Pod, Workload

NEIGHBOURS_MAX = 50
SM_CLOCK = "DCGM_FI_DEV_SM_CLOCK"


@dataclass(frozen=True, slots=True)
class Edge:
    """An aggressor slows a victim on a node; both are workloads, or a pod that is gone."""

    victim: ObjectRef
    aggressor: ObjectRef
    node: str
    pod: Pod
    effect: Effect
    meeting: MeetingPoint


def observed(view: ClusterView) -> tuple[Edge, ...]:
    """Return what neighbours were seen to cost, the greatest lower bound of each pair of workloads."""
    return view.once("observed interference", lambda: tuple(_observed(view)))


def _observed(view: ClusterView) -> Iterator[Edge]:
    for workload in view.workloads:
        best: dict[ObjectRef, Edge] = {}
        for edge in _edges(view, workload):
            before = best.get(edge.aggressor)
            if before is None or edge.effect.low > before.effect.low:
                best[edge.aggressor] = edge
        yield from sorted(best.values(), key=lambda edge: (-edge.effect.low, edge.aggressor))


def _edges(view: ClusterView, workload: Workload) -> Iterator[Edge]:
    changes_min = view.policy.thresholds.interference.company_changes_min
    for pod in view.bound_pods(workload):
        own = trends.activity_of(view, pod.namespace, pod.name)
        if pod.requests.gpu_milli <= 0 or not trends.known(own):
            continue
        explained = _throttled(view, pod)
        for neighbour in _neighbours(view, workload, pod):
            presence = _presence(view, pod.node, neighbour)
            found = effect(own, presence, explained, changes_min)
            if found is not None and found.low > 0:
                aggressor = view.workload_by_pod.get((neighbour.namespace, neighbour.name))
                meeting = meeting_point(view, pod, neighbour, presence)
                yield Edge(workload.ref, aggressor.ref if aggressor else neighbour, pod.node, pod, found, meeting)


def _throttled(view: ClusterView, pod: Pod) -> tuple[bool, ...]:
    clocks = [one for one in view.series_by_pod.get((pod.namespace, pod.name), ()) if one.metric == SM_CLOCK]
    return throttled(trends.mean_of(clocks)) if clocks else ()


def _neighbours(view: ClusterView, workload: Workload, pod: Pod) -> list[ObjectRef]:
    """Return the pods of other workloads that were on the node at any time that is remembered."""
    own = {(one.namespace, one.name) for one in workload.pods}
    found_keys = {(series.namespace, series.pod) for series in view.series_by_node.get(pod.node, ()) if series.pod}
    return [ObjectRef("", "Pod", *key) for key in sorted(found_keys - own)][:NEIGHBOURS_MAX]


def _presence(view: ClusterView, node: str, neighbour: ObjectRef) -> tuple[bool, ...]:
    """Return in which steps the neighbour had any value on the node."""
    rows = [one for one in view.series_by_pod[neighbour.namespace, neighbour.name] if one.node == node]
    length = max(len(row.values) for row in rows)
    return tuple(
        any(len(row.values) >= back and row.values[-back] is not None for row in rows) for back in range(length, 0, -1)
    )
