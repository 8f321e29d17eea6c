"""What if a pod asked for something else: where it would fit, when, what frees it, and whom it would slow.

Nothing is simulated twice: kube-scheduler's objections and the room on each node come from `podlore.topology`, slowed
neighbours from what was observed (`podlore.interference.observed`), and how long running pods go on from Lindy's law.
Called by ``podlore whatif``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from podlore.errors import BadInput
from podlore.interference.observed import Edge, observed
from podlore.topology import fits
from podlore.topology.eligibility import LIFTABLE
from podlore.topology.room import GPU_MILLI, add
from podlore.view import ClusterView
from podlore.vocabulary import ObjectRef, Pod, Resources
from podlore.workloads import is_finished

GPUS_MAX = 1024
RANKED_MAX = 10
LINDY_LOW, LINDY_HIGH = 1 / 9, 9.0
"""The 10 % and 90 % quantiles of what remains, as ratios of the age: P(rest > r) = age / (age + r)."""


@dataclass(frozen=True, slots=True)
class Change:
    """What would be different: one node only, another number of GPUs, none of the constraints its owner can lift."""

    node: str = ""
    gpus: float | None = None
    no_constraint: bool = False


@dataclass(frozen=True, slots=True)
class Slowed:
    """A neighbour on a node, and the share (0-1) of speed it would lose, or cost: observed, or not known."""

    workload: ObjectRef
    loses: tuple[float, float, float] | None
    costs: tuple[float, float, float] | None


@dataclass(frozen=True, slots=True)
class Place:
    """One node for the changed pod: why not (empty if it may), whether it fits now, and who is there."""

    node: str
    objections: tuple[str, ...]
    fits: bool
    free: Resources
    neighbours: tuple[Slowed, ...]

    @property
    def is_open(self) -> bool:
        """Whether the pod could start there now."""
        return self.fits and not self.objections


@dataclass(frozen=True, slots=True)
class Freed:
    """The soonest way to room: on this node these pods must end; when, with an 80 % interval, in seconds."""

    node: str
    pods: tuple[Pod, ...]
    expected_seconds: float
    low_seconds: float
    high_seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """All of it; ``places`` that are open come first, those with the least loss first among them."""

    pod: Pod
    change: Change
    places: tuple[Place, ...]
    freed: Freed | None

    @property
    def fits_now(self) -> bool:
        """Whether there is a node on which it could start now."""
        return any(place.is_open for place in self.places)


def whatif(view: ClusterView, pod: Pod, change: Change) -> Answer:
    """Return what would become of a pod.

    Raises
    ------
    BadInput
        Where the node is unknown or the number of GPUs is none.

    Examples
    --------
    >>> from podlore.testing import node, snapshot
    >>> from podlore.testing import pod as a_pod
    >>> view = ClusterView(snapshot(nodes=(node("a", gpus=4),), pods=(a_pod("big", gpus=8),)))
    >>> whatif(view, view.snapshot.pods[0], Change()).fits_now
    False
    >>> whatif(view, view.snapshot.pods[0], Change(gpus=4)).fits_now
    True
    """
    if change.node and change.node not in view.nodes:
        raise BadInput(f"no node {change.node!r} in the snapshot; it has {len(view.nodes)} nodes")
    changed = _changed(pod, change)
    names = [change.node] if change.node else list(view.nodes)
    room = {name: _room(view, pod, name) for name in names}
    edges = _edges_of(view, pod)
    objections = view.objections(changed)
    places = [
        Place(
            name,
            tuple(
                str(one)
                for one in sorted(objections[name])
                if not (change.no_constraint and one.constraint in LIFTABLE)
            ),
            fits(changed.requests, room[name]),
            room[name],
            _neighbours(view, pod, name, edges),
        )
        for name in names
    ]
    ranked = sorted(places, key=lambda place: (not place.is_open, len(place.objections), _lost(place), place.node))
    is_open = bool(ranked) and ranked[0].is_open
    return Answer(changed, change, tuple(ranked), None if is_open else _freed(view, pod, places, changed))


def _changed(pod: Pod, change: Change) -> Pod:
    found = pod
    if change.gpus is not None:
        if not 0 <= change.gpus <= GPUS_MAX:
            raise BadInput(f"--gpus {change.gpus:g}: 0 to {GPUS_MAX} can be asked for")
        found = replace(found, requests=replace(pod.requests, gpu_milli=round(change.gpus * GPU_MILLI)))
    return found


def _room(view: ClusterView, pod: Pod, name: str) -> Resources:
    """Return what is free on a node, what the pod itself holds there given back."""
    holds = pod.node == name and not is_finished(pod)
    return add(view.free[name], pod.requests) if holds else view.free[name]


def _edges_of(view: ClusterView, pod: Pod) -> Mapping[ObjectRef, tuple[Edge | None, Edge | None]]:
    """Return, by the other workload, how it was seen to be slowed by the pod's workload, and to slow it."""
    own = view.workload_by_pod[pod.namespace, pod.name].ref
    found: dict[ObjectRef, tuple[Edge | None, Edge | None]] = {}
    for edge in observed(view):
        if edge.aggressor == own:
            found[edge.victim] = (edge, found.get(edge.victim, (None, None))[1])
        if edge.victim == own:
            found[edge.aggressor] = (found.get(edge.aggressor, (None, None))[0], edge)
    return found


def _neighbours(
    view: ClusterView, pod: Pod, name: str, edges: Mapping[ObjectRef, tuple[Edge | None, Edge | None]]
) -> tuple[Slowed, ...]:
    own = view.workload_by_pod[pod.namespace, pod.name].ref
    there = {view.workload_by_pod[one.namespace, one.name].ref for one in view.pods_by_node.get(name, ())} - {own}
    return tuple(Slowed(ref, *(_shares(edge) for edge in edges.get(ref, (None, None)))) for ref in sorted(there))


def _shares(edge: Edge | None) -> tuple[float, float, float] | None:
    return None if edge is None else (edge.effect.loss, edge.effect.low, edge.effect.high)


def _lost(place: Place) -> float:
    """Return the speed that would be lost at least, by all that is known."""
    return sum((one.loses or (0.0,))[0] + (one.costs or (0.0,))[0] for one in place.neighbours)


def _freed(view: ClusterView, pod: Pod, places: Iterable[Place], changed: Pod) -> Freed | None:
    """Return the soonest way to room on a node that is only full; None where no node would do even if empty."""
    ways = [
        way
        for place in places
        if not place.objections and (way := _way(view, pod, place, changed.requests)) is not None
    ]
    return min(ways, key=lambda way: (way.expected_seconds, len(way.pods), way.node), default=None)


def _way(view: ClusterView, pod: Pod, place: Place, wanted: Resources) -> Freed | None:
    """Return which pods must end, those first that end soonest, and when the last of them is likely to."""
    others = [one for one in view.pods_by_node.get(place.node, ()) if one.uid != pod.uid]
    others.sort(key=lambda one: (_rest(view, one), one.namespace, one.name))
    room, leaving = place.free, list[Pod]()
    for one in others:
        if fits(wanted, room):
            break
        if _gives(one.requests, wanted, room):
            room = add(room, one.requests)
            leaving.append(one)
    if not fits(wanted, room) or not leaving:
        return None
    rest = max(_rest(view, one) for one in leaving)
    return Freed(place.node, tuple(leaving), rest, rest * LINDY_LOW, rest * LINDY_HIGH)


def _gives(given: Resources, wanted: Resources, room: Resources) -> bool:
    """Say whether a pod holds some of what is lacking."""
    lacking = [have < want for want, have in _pairs(wanted, room)]
    holds = (given.cpu_milli, given.memory_bytes, given.gpu_milli)
    return any(lacks and held > 0 for lacks, held in zip(lacking, holds, strict=True))


def _rest(view: ClusterView, pod: Pod) -> float:
    """Return the median of how long a pod goes on: as long as it has, or until its workload's deadline."""
    began = pod.started_at or pod.scheduled_at or pod.created_at
    rest = max(view.now - began, 60.0)
    deadline = view.workload_by_pod[pod.namespace, pod.name].deadline_seconds
    return rest if deadline is None else max(min(rest, began + deadline - view.now), 0.0)


def _pairs(wanted: Resources, room: Resources) -> tuple[tuple[int, int], ...]:
    return (
        (wanted.cpu_milli, room.cpu_milli),
        (wanted.memory_bytes, room.memory_bytes),
        (wanted.gpu_milli, room.gpu_milli),
    )
