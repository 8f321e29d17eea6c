"""Fragmentation: pending for 15 minutes although enough eligible GPUs are free in sum, on no node or domain together.

Counted are only GPUs of nodes that the pod may run on and that have the CPU and memory left to feed them. Silent where
nothing is free, while a drain is under way, while an autoscaler brings a node, and where the scheduler names an
obstacle that has nothing to do with the shape of what is free.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from podlore.patterns import stake, steady
from podlore.patterns.found import found
from podlore.patterns.unschedulable import UNSEEN, obstacles
from podlore.patterns.waiting import Waiting, is_being_helped, waiting
from podlore.topology import times, usable_gpu_milli
from podlore.topology.room import GPU_MILLI
from podlore.view import ClusterView, constraints
from podlore.vocabulary import Evidence, EvidenceSource, Finding, Pattern, Pod
from podlore.workloads import is_finished

REQUIRED_TOPOLOGY = (
    "kueue.x-k8s.io/podset-required-topology",
    "kai.scheduler/topology-required-placement",
)
"""Annotations by which a gang asks for one domain of a level; their value is the level's node label."""
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
        if one.is_gated or view.now - one.since < limits.pending_seconds_min or is_being_helped(view, one):
            continue
        shape = binding_shape(view, one)
        if shape is not None:
            yield _finding(view, one, shape)


def binding_shape(view: ClusterView, one: Waiting) -> Shape | None:
    """Return how the shape of what is free keeps a workload from its place; None if something else does."""
    pod = one.largest
    if pod is None or pod.requests.gpu_milli <= 0 or any(obstacles(p.unschedulable_message) & UNSEEN for p in one.pods):
        return None
    wanted = len(one.pods) if one.workload.is_gang else 1
    level = _required_level(view, pod) if wanted > 1 else ""
    key = ("shape", constraints(pod), pod.requests, wanted, level)
    return view.once(key, lambda: _shape(view, pod, wanted, level))


def _shape(view: ClusterView, pod: Pod, wanted: int, level: str) -> Shape | None:
    rooms = {name: view.free[name] for name in view.eligible(pod)}
    usable = {name: milli for name, room in rooms.items() if (milli := usable_gpu_milli(pod.requests, room)) > 0}
    asked = wanted * pod.requests.gpu_milli
    if sum(usable.values()) < asked or _is_draining(view, pod):
        return None
    slots = {name: times(pod.requests, rooms[name]) for name in usable}
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
    where = "no node" if shape.together is Together.NODE else f"no single domain of {shape.level}"
    asked = steady.gpus(shape.asked_gpu_milli / GPU_MILLI)
    return found(
        Pattern.FRAGMENTATION,
        shape.together,
        one.workload.ref,
        f"{one.workload.ref} has waited for {asked} since {steady.at(one.since)}: enough are free in sum, "
        f"but on {where} together.",
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
        reference=f"Pod {one.pods[0].namespace}/{one.pods[0].name}",
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
    pod = one.largest
    large = (name for name in ranked if pod and view.nodes[name].allocatable.gpu_milli >= pod.requests.gpu_milli)
    return tuple(large)[:RANKED_NODES_MAX]
