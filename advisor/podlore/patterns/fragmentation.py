"""Fragmentation: pending for 15 minutes although enough eligible GPUs are free in sum, on no node or domain together.

Counted are only GPUs of nodes that the pod may run on and that have the CPU and memory left to feed them. Silent where
nothing is free, while a drain is under way, while an autoscaler brings a node, and where the scheduler names an
obstacle that has nothing to do with the shape of what is free.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from podlore.patterns import stake, steady
from podlore.patterns.found import found
from podlore.patterns.unschedulable import UNSEEN, Obstacle, obstacles
from podlore.patterns.waiting import Waiting, is_being_helped, waiting
from podlore.topology import times, usable_gpu_milli
from podlore.topology.room import GPU_MILLI
from podlore.view import ClusterView, constraints
from podlore.vocabulary import Evidence, EvidenceSource, Finding, Pattern, Pod, Resources
from podlore.workloads import is_finished

REQUIRED_TOPOLOGY = (
    "kueue.x-k8s.io/podset-required-topology",
    "kai.scheduler/topology-required-placement",
)
"""Annotations by which a gang asks for one domain of a level; their value is the level's node label."""
TOPOLOGY_FITS_FEWER = re.compile(r"allows to fit only \d+ out of \d+ pod")
"""How Kueue says that no domain of the required level has room."""
RANKED_NODES_MAX = 5


class Together(StrEnum):
    """Where the free GPUs would have to be together; the cause of the finding."""

    NODE = "Node"
    DOMAIN = "Domain"


@dataclass(frozen=True, slots=True)
class Shape:
    """Why something does not fit although enough is free: ``usable_by_node`` holds what is free, in GPU thousandths."""

    together: Together
    asked_gpu_milli: int
    usable_by_node: Mapping[str, int]
    level: str = ""

    @property
    def usable_gpu_milli(self) -> int:
        """What is free in sum."""
        return sum(self.usable_by_node.values())


def fragmentation(view: ClusterView) -> Iterator[Finding]:
    """Yield the workloads for which enough is free, but not together."""
    limits = view.policy.thresholds.fragmentation
    if not limits.enabled:
        return
    for one in waiting(view):
        if view.now - one.since < limits.pending_seconds_min or is_being_helped(view, one):
            continue
        shape = binding_shape(view, one)
        if shape is not None:
            yield _finding(view, one, shape)


def binding_shape(view: ClusterView, one: Waiting) -> Shape | None:
    """Return how the shape of what is free keeps a workload from its place; None if something else does."""
    pod = one.largest
    if pod is None:
        return _shape_that_its_queue_names(view, one)
    if pod.requests.gpu_milli <= 0 or one.is_gated:
        return None
    unseen = frozenset().union(*(obstacles(p.unschedulable_message) for p in one.pods)) & UNSEEN
    if unseen:
        return _shape_beside_peers(view, one, pod) if unseen == {Obstacle.POD_AFFINITY} else None
    wanted = len(one.pods) if one.workload.is_gang else 1
    level = _required_level(view, pod) if wanted > 1 else ""
    key = ("shape", constraints(pod), pod.requests, wanted, level)
    return view.once(key, lambda: _shape(view, pod, wanted, level))


def _shape_that_its_queue_names(view: ClusterView, one: Waiting) -> Shape | None:
    """Return the shape of a workload without pods whose queue says that its topology leaves no place together."""
    conditions = [condition for below in view.dependents.get(one.workload.ref, ()) for condition in below.conditions]
    told = any(c.status == "False" and TOPOLOGY_FITS_FEWER.search(c.message[:1024]) for c in conditions)
    wanted = one.workload.pods_wanted
    if not told or wanted < 1 or one.requests.gpu_milli <= 0:
        return None
    each = Resources(*(amount // wanted for amount in _amounts(one.requests)))
    usable = _usable(view, Pod("", "", "", one.since, requests=each))
    asked = one.requests.gpu_milli
    return Shape(Together.DOMAIN, asked, usable) if sum(usable.values()) >= asked else None


def _shape_beside_peers(view: ClusterView, one: Waiting, pod: Pod) -> Shape | None:
    """Return the shape of a gang whose last pods must join its first ones in a domain that is full."""
    held = {peer.node for peer in view.bound_pods(one.workload)}
    level = next((level for level in reversed(view.topology.levels[:-1]) if view.topology.span(held, level) == 1), "")
    if not (one.workload.is_gang and held and level):
        return None
    usable = _usable(view, pod)
    asked = len(one.pods) * pod.requests.gpu_milli
    home = view.topology.domain_of(min(held), level)
    slots = {name: times(pod.requests, view.free[name]) for name in usable}
    at_home = sum(count for name, count in slots.items() if view.topology.domain_of(name, level) == home)
    if at_home >= len(one.pods) or sum(slots.values()) < len(one.pods) or _is_draining(view, pod):
        return None
    return Shape(Together.DOMAIN, asked, usable, level)


def _usable(view: ClusterView, pod: Pod) -> dict[str, int]:
    """Return what pods of this shape could use of each eligible node, where it is anything."""
    found = {name: usable_gpu_milli(pod.requests, view.free[name]) for name in view.eligible(pod)}
    return {name: milli for name, milli in found.items() if milli > 0}


def _amounts(requests: Resources) -> tuple[int, int, int]:
    return requests.cpu_milli, requests.memory_bytes, requests.gpu_milli


def _shape(view: ClusterView, pod: Pod, wanted: int, level: str) -> Shape | None:
    usable = _usable(view, pod)
    asked = wanted * pod.requests.gpu_milli
    if sum(usable.values()) < asked or _is_draining(view, pod):
        return None
    slots = {name: times(pod.requests, view.free[name]) for name in usable}
    if sum(slots.values()) < wanted:
        return Shape(Together.NODE, asked, usable)
    domains = view.topology.domains(slots, level) if level else {}
    if domains and all(sum(slots[name] for name in nodes) < wanted for nodes in domains.values()):
        return Shape(Together.DOMAIN, asked, usable, level)
    return None


def _is_draining(view: ClusterView, pod: Pod) -> bool:
    """Say whether room is being made: a node that the pod may use is emptied, or pods are on their way out of one."""
    for name, found_objections in view.objections(pod).items():
        leaving = [other for other in view.pods_by_node.get(name, ()) if other.deleted_at is not None]
        if leaving and all(objection.constraint == "Cordon" for objection in found_objections):
            return True
    return False


def _required_level(view: ClusterView, pod: Pod) -> str:
    named = (pod.annotations.get(key) or pod.labels.get(key) for key in REQUIRED_TOPOLOGY)
    return next((level for level in named if level in view.topology.levels), "")


def _finding(view: ClusterView, one: Waiting, shape: Shape) -> Finding:
    limits = view.policy.thresholds.fragmentation
    where = "no node" if shape.together is Together.NODE else f"no single domain {shape.level and f'of {shape.level}'}"
    asked = steady.gpus(shape.asked_gpu_milli / GPU_MILLI)
    return found(
        Pattern.FRAGMENTATION,
        shape.together,
        one.workload.ref,
        f"{one.workload.ref} has waited for {asked} since {steady.at(one.since)}: enough are free in sum, "
        f"but on {where.strip()} together.",
        [_room_evidence(shape), _wait_evidence(one, limits.pending_seconds_min)],
        gpus=shape.asked_gpu_milli / GPU_MILLI,
        hours=stake.expected_hours(view.now - one.since),
        since=one.since,
        ranked_nodes=_nearest(view, one, shape),
    )


def _room_evidence(shape: Shape) -> Evidence:
    most = max(shape.usable_by_node.values())
    return Evidence(
        source=EvidenceSource.TOPOLOGY,
        reference="allocatable less the requests of bound pods, on eligible nodes",
        observed=f"{steady.gpus(shape.usable_gpu_milli / GPU_MILLI)} free on "
        f"{steady.counted(len(shape.usable_by_node), 'node')}, at most {steady.gpus(most / GPU_MILLI)} on one",
        threshold=f"{steady.gpus(shape.asked_gpu_milli / GPU_MILLI)} on one {shape.level or 'node'}",
    )


def _wait_evidence(one: Waiting, bar_seconds: float) -> Evidence:
    return Evidence(
        source=EvidenceSource.OBJECT,
        reference=f"Pod {one.pods[0].namespace}/{one.pods[0].name}" if one.pods else str(one.workload.ref),
        observed=f"without a node since {steady.at(one.since)}",
        threshold=steady.span(bar_seconds),
    )


def _nearest(view: ClusterView, one: Waiting, shape: Shape) -> tuple[str, ...]:
    """Return the nodes that are closest to having room: those with most free, then those with fewest pods to move."""
    holders = {
        name: sum(not is_finished(pod) and pod.requests.gpu_milli > 0 for pod in view.pods_by_node.get(name, ()))
        for name in shape.usable_by_node
    }
    ranked = sorted(shape.usable_by_node, key=lambda name: (-shape.usable_by_node[name], holders[name], name))
    least = one.largest.requests.gpu_milli if one.largest else 0
    large = (name for name in ranked if view.nodes[name].allocatable.gpu_milli >= least)
    return tuple(large)[:RANKED_NODES_MAX]
