"""Why a workload waits: one dominant reason, from a closed list, with what would free it.

The list is ordered; the first reason that applies is the dominant one, because it would still hold the workload back
if all later ones were solved: whoever is held back before a scheduler sees it does not wait for GPUs.
`accessibility_barrier` names it as the cause.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from podlore.patterns import steady
from podlore.patterns.comparable import Comparables
from podlore.patterns.fragmentation import binding_shape
from podlore.patterns.unschedulable import VOLUMES, Obstacle, obstacles
from podlore.patterns.waiting import Waiting
from podlore.topology import LIFTABLE, Objection, fits
from podlore.view import ClusterView
from podlore.vocabulary import Condition, Controller, Evidence, EvidenceSource, ObjectRef, Pod
from podlore.workloads import pod_ref


class Reason(StrEnum):
    """Why a workload waits, the most dominant first."""

    QUOTA = "Quota"
    SUSPENDED = "Suspended"
    GATE = "Gate"
    VOLUME = "Volume"
    TOPOLOGY = "Topology"
    CONSTRAINT = "Constraint"
    FRAGMENTATION = "Fragmentation"
    PRIORITY = "Priority"
    CAPACITY = "Capacity"
    SCHEDULER = "Scheduler"


WORDS: Mapping[Reason, str] = {
    Reason.QUOTA: "its quota is used up",
    Reason.SUSPENDED: "its queue keeps it suspended",
    Reason.GATE: "a scheduling gate holds it back",
    Reason.VOLUME: "a volume that it needs is not there or lies in another zone",
    Reason.TOPOLOGY: "its rules about where its pods may stand together leave no place",
    Reason.CONSTRAINT: "its constraints keep it off nodes that have room",
    Reason.FRAGMENTATION: "enough is free in sum, but nowhere together",
    Reason.PRIORITY: "work of higher priority was placed first",
    Reason.CAPACITY: "the nodes that it may use are full",
    Reason.SCHEDULER: "no scheduler has placed it although a node has room",
}
QUOTA_WORDS = ("quota", "OverLimit", "ExceedsMaxQuota", "NonPreemptibleOverQuota")
IN_COHORT = "quota in cohort"
UNMET_CONDITIONS = frozenset({"QuotaReserved", "Unschedulable", "PodGroupUnschedulable", "UnschedulableOnNodePool"})


@dataclass(frozen=True, slots=True)
class Explained:
    """A dominant reason with its evidence, and the nodes that would open if it were gone, where they are known."""

    reason: Reason
    evidence: tuple[Evidence, ...]
    opens: tuple[str, ...] = ()


Judge = Callable[[ClusterView, Waiting, Comparables], Explained | None]


def dominant_reason(view: ClusterView, one: Waiting, others: Comparables) -> Explained:
    """Return why a workload waits."""
    judged = (judge(view, one, others) for judge in JUDGES)
    return next(explained for explained in judged if explained is not None)


def lifting(view: ClusterView, pod: Pod) -> tuple[Objection | None, tuple[str, ...]]:
    """Return the constraint that opens most nodes with room if it alone is lifted, and those nodes."""
    opened = {
        objection: _has_room(view, pod, nodes)
        for objection, nodes in view.openings(pod).items()
        if objection.constraint in LIFTABLE
    }
    best = min(opened, key=lambda objection: (-len(opened[objection]), objection), default=None)
    return (best, opened[best]) if best is not None and opened[best] else (None, ())


# --- before a scheduler sees it ---


def _quota(view: ClusterView, one: Waiting, _others: Comparables) -> Explained | None:
    if any(Obstacle.QUOTA in obstacles(pod.unschedulable_message) for pod in one.pods):
        return Explained(Reason.QUOTA, (_object(pod_ref(one.pods[0]), "the scheduler names a quota"),))
    for controller in _controllers(view, one):
        for condition in controller.conditions:
            if _speaks_of_quota(condition):
                return Explained(
                    Reason.QUOTA, (_object(controller.ref, f"condition {condition.type} speaks of a quota"),)
                )
        events = view.events.get(controller.ref, ())
        if any(event.reason == "FailedCreate" and "quota" in event.message for event in events):
            return Explained(Reason.QUOTA, (_object(controller.ref, "event FailedCreate speaks of a quota"),))
    return None


def _suspended(_view: ClusterView, one: Waiting, _others: Comparables) -> Explained | None:
    if not one.workload.is_suspended or one.pods:
        return None
    return Explained(Reason.SUSPENDED, (_object(one.workload.ref, "suspended, and without pods"),))


def _gate(_view: ClusterView, one: Waiting, _others: Comparables) -> Explained | None:
    gates = sorted({gate for pod in one.pods for gate in pod.scheduling_gates})
    if not gates:
        return None
    return Explained(Reason.GATE, (_object(pod_ref(one.pods[0]), f"scheduling gate {gates[0]}"),))


# --- what the scheduler says, and what nodes have ---


def _volume(_view: ClusterView, one: Waiting, _others: Comparables) -> Explained | None:
    pod = next((pod for pod in one.pods if obstacles(pod.unschedulable_message) & VOLUMES), None)
    if pod is None:
        return None
    return Explained(Reason.VOLUME, (_object(pod_ref(pod), "the scheduler names a volume"),))


def _topology(_view: ClusterView, one: Waiting, _others: Comparables) -> Explained | None:
    together = {Obstacle.SPREAD, Obstacle.POD_AFFINITY, Obstacle.POD_ANTI_AFFINITY}
    pod = next((pod for pod in one.pods if obstacles(pod.unschedulable_message) & together), None)
    if pod is None:
        return None
    return Explained(Reason.TOPOLOGY, (_object(pod_ref(pod), "the scheduler names a rule about other pods"),))


def _constraint(view: ClusterView, one: Waiting, _others: Comparables) -> Explained | None:
    pod = one.largest
    if pod is None or _has_room(view, pod, view.eligible(pod)):
        return None
    lifted, opened = lifting(view, pod)
    if lifted is not None:
        return Explained(Reason.CONSTRAINT, (_opening(pod, lifted, opened),), opened)
    if view.nodes and not view.eligible(pod):
        return Explained(Reason.CONSTRAINT, (_object(pod_ref(pod), "no node meets all of its constraints"),))
    return None


def _fragmentation(view: ClusterView, one: Waiting, _others: Comparables) -> Explained | None:
    if binding_shape(view, one) is None:
        return None
    return Explained(Reason.FRAGMENTATION, (_object(one.workload.ref, WORDS[Reason.FRAGMENTATION]),))


def _priority(_view: ClusterView, one: Waiting, others: Comparables) -> Explained | None:
    pod = one.largest
    if pod is None or 2 * int((others.priorities > pod.priority).sum()) <= others.begun:
        return None
    return Explained(Reason.PRIORITY, (_object(pod_ref(pod), f"priority {pod.priority}, below that of most others"),))


def _capacity(view: ClusterView, one: Waiting, _others: Comparables) -> Explained | None:
    pod = one.largest
    if pod is None or _has_room(view, pod, view.eligible(pod)):
        return None
    nodes = steady.counted(len(view.eligible(pod)), "eligible node")
    return Explained(Reason.CAPACITY, (_object(pod_ref(pod), f"{nodes}, none with room for the pod"),))


def _scheduler(_view: ClusterView, one: Waiting, _others: Comparables) -> Explained:
    return Explained(Reason.SCHEDULER, (_object(one.workload.ref, "a node has room, and the pod has no node"),))


JUDGES: tuple[Judge, ...] = (
    _quota,
    _suspended,
    _gate,
    _volume,
    _topology,
    _constraint,
    _fragmentation,
    _priority,
    _capacity,
    _scheduler,
)
"""The order is that of `Reason`; the last always answers."""


def _has_room(view: ClusterView, pod: Pod, nodes: tuple[str, ...]) -> tuple[str, ...]:
    key = ("room", nodes, pod.requests)
    return view.once(key, lambda: tuple(name for name in nodes if fits(pod.requests, view.free[name])))


def _opening(pod: Pod, lifted: Objection, nodes: tuple[str, ...]) -> Evidence:
    return Evidence(
        source=EvidenceSource.TOPOLOGY,
        reference=f"Pod {pod.namespace}/{pod.name}: {lifted}",
        observed=f"{steady.counted(len(nodes), 'node')} with room would open without it",
        threshold="1 node",
    )


def _object(ref: ObjectRef, observed: str) -> Evidence:
    return Evidence(source=EvidenceSource.OBJECT, reference=str(ref), observed=observed)


def _controllers(view: ClusterView, one: Waiting) -> Iterator[Controller]:
    """Yield the workload's controller and what stands directly below it, such as its Kueue Workload."""
    controller = view.controllers_by_ref.get(one.workload.ref)
    if controller:
        yield controller
    yield from view.dependents.get(one.workload.ref, ())


def _speaks_of_quota(condition: Condition) -> bool:
    """Say whether a workload's own quota is full; a cohort's may be used up by those who borrow from it."""
    if IN_COHORT in condition.message:
        return False
    unmet = condition.type == "QuotaReserved" and condition.status == "False"
    unmet = unmet or (condition.type in UNMET_CONDITIONS - {"QuotaReserved"} and condition.status == "True")
    return unmet and any(word in condition.reason or word in condition.message for word in QUOTA_WORDS)
