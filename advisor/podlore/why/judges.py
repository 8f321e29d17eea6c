"""Judges of a wait, in the order of `WaitReason`: each says whether its reason applies, with the evidence.

What the queues say (Kueue's conditions and reason tokens, KAI's and Volcano's messages) comes first: they hold work
back before kube-scheduler sees it. What nodes have and the scheduler says follows, by the rules of
`podlore.patterns.reason`. Text from objects is matched and never repeated: it may name other teams' work.
"""

import re
from collections.abc import Callable, Iterator

from podlore.patterns import reason as by_nodes
from podlore.patterns.comparable import Comparables
from podlore.patterns.crash_loop import IMAGE_REASONS
from podlore.patterns.reason import Reason
from podlore.patterns.storage_stall import MOUNT_EVENTS
from podlore.patterns.unschedulable import VOLUMES, Obstacle, obstacles
from podlore.patterns.waiting import Waiting, is_being_helped
from podlore.topology import fits
from podlore.topology.room import add
from podlore.view import ClusterView
from podlore.vocabulary import Condition, Controller, Event, Evidence, EvidenceSource, ObjectRef, Pod
from podlore.why.wait_reason import WaitReason
from podlore.workloads import pod_ref

TEXT_LENGTH_MAX = 4096
MISSING = re.compile(
    r"(?:queue|localqueue|clusterqueue|flavor|priorityclass)\b.{0,80}(?:does ?n[o']t exist|not found|does not exist)"
    r"|QueueDoesNotExist|Misconfigured|misconfigured",
    re.IGNORECASE,
)
HELD = re.compile(
    r"\b(?:LocalQueue|ClusterQueue|queue)\b.{0,80}\b(?:is stopped|is inactive|on hold|is closed)|deactivated|OnHold",
    re.IGNORECASE,
)
QUOTA = re.compile(
    r"quota|OverLimit|over limit|allowable limit|overused|ExceedsMax|maximum capacity"
    r"|queue resource.{0,40}insufficient",
    re.IGNORECASE,
)
TOPOLOGY = re.compile(
    r"TopologyPlacementFailed|topology.{0,80}(?:allows to fit|doesn't allow|does not allow)", re.IGNORECASE
)
PREEMPTION = re.compile(
    r"WaitingForPreemptedWorkloads|PreemptionDelayNotElapsed|pending the preemption|waiting for preempted",
    re.IGNORECASE,
)
CHECKS = re.compile(r"AdmissionGated|WaitingForPodsReady|admission checks?\b|waiting for all pods", re.IGNORECASE)
FLAVOR = re.compile(r"NoMatchingFlavor|flavor.{0,80}(?:affinity|taint)", re.IGNORECASE)
GANG = re.compile(r"minAvailable|minMember|pod group is not ready|gang", re.IGNORECASE)
KUEUE_GATES = frozenset({"kueue.x-k8s.io/admission", "kueue.x-k8s.io/topology"})
REFUSED = ("forbidden", "denied the request", "not found", "is invalid")
UNMET = frozenset({"QuotaReserved", "Admitted", "PodsScheduled", "Inqueue"})
"""Conditions that tell of a wait while they are not True; others do while they are."""
Verdict = tuple[Evidence, ...]
Judge = Callable[[ClusterView, Waiting, Comparables], Verdict | None]


# --- what the queues say ---


def _misconfigured(view: ClusterView, one: Waiting, _others: Comparables) -> Verdict | None:
    if fact := _said(view, one, MISSING, "names a queue or flavor that is not there"):
        return fact
    for controller, event in _refusals(view, one):
        if "quota" not in event.message:
            return (_object(controller.ref, "event FailedCreate: the API server refuses its pods"),)
    return None


def _suspended(view: ClusterView, one: Waiting, _others: Comparables) -> Verdict | None:
    if fact := _said(view, one, HELD, "is on hold, or its queue is"):
        return fact
    has_word = any(_speaks(condition) for _, condition in _conditions(view, one))
    if one.workload.is_suspended and not one.pods and not has_word:
        return (_object(one.workload.ref, "suspended, and without pods"),)
    return None


def _quota(view: ClusterView, one: Waiting, _others: Comparables) -> Verdict | None:
    if fact := _said(view, one, QUOTA, "speaks of a quota"):
        return fact
    for controller, event in _refusals(view, one):
        if "quota" in event.message:
            return (_object(controller.ref, "event FailedCreate speaks of a quota"),)
    return None


def _topology(view: ClusterView, one: Waiting, _others: Comparables) -> Verdict | None:
    if fact := _said(view, one, TOPOLOGY, "says that no domain has room for all"):
        return fact
    together = {Obstacle.SPREAD, Obstacle.POD_AFFINITY, Obstacle.POD_ANTI_AFFINITY}
    pod = next((pod for pod in one.pods if obstacles(pod.unschedulable_message) & together), None)
    return (_object(pod_ref(pod), "the scheduler names a rule about other pods"),) if pod else None


def _gate(view: ClusterView, one: Waiting, _others: Comparables) -> Verdict | None:
    gates = sorted({gate for pod in one.pods for gate in pod.scheduling_gates})
    if gates and not (set(gates) <= KUEUE_GATES and _said(view, one, PREEMPTION, "")):
        return (_object(pod_ref(one.pods[0]), f"scheduling gate {gates[0]}"),)
    return _said(view, one, CHECKS, "waits for an admission check")


# --- what the scheduler says, and what nodes have ---


def _volume(_view: ClusterView, one: Waiting, _others: Comparables) -> Verdict | None:
    pod = next((pod for pod in one.pods if obstacles(pod.unschedulable_message) & VOLUMES), None)
    return (_object(pod_ref(pod), "the scheduler names a volume"),) if pod else None


def _preemption(view: ClusterView, one: Waiting, _others: Comparables) -> Verdict | None:
    if fact := _said(view, one, PREEMPTION, "waits for preempted work to leave"):
        return fact
    pod = one.largest
    if pod is None or one.is_gated:
        return None
    for name in view.eligible(pod):
        leaving = [other for other in view.pods_by_node.get(name, ()) if other.deleted_at is not None]
        room = view.free[name]
        for other in leaving:
            room = add(room, other.requests)
        if leaving and fits(pod.requests, room) and not fits(pod.requests, view.free[name]):
            return (_object(ObjectRef("", "Node", "", name), "pods there are leaving, and then it fits"),)
    return None


def _scale_up(view: ClusterView, one: Waiting, _others: Comparables) -> Verdict | None:
    if not is_being_helped(view, one):
        return None
    return (_object(pod_ref(one.pods[0]), "an autoscaler has promised a node"),)


def _constraint(view: ClusterView, one: Waiting, others: Comparables) -> Verdict | None:
    if fact := _said(view, one, FLAVOR, "no flavor matches its constraints"):
        return fact
    pod = next((pod for pod in one.pods if Obstacle.PORT in obstacles(pod.unschedulable_message)), None)
    if pod is not None:
        return (_object(pod_ref(pod), "the scheduler names a host port that is taken"),)
    return _by_nodes(view, one, others, Reason.CONSTRAINT)


def _fragmentation(view: ClusterView, one: Waiting, others: Comparables) -> Verdict | None:
    return _by_nodes(view, one, others, Reason.FRAGMENTATION)


def _priority(view: ClusterView, one: Waiting, others: Comparables) -> Verdict | None:
    return _by_nodes(view, one, others, Reason.PRIORITY) if _capacity(view, one, others) else None


def _capacity(view: ClusterView, one: Waiting, others: Comparables) -> Verdict | None:
    pod = next((pod for pod in one.pods if Obstacle.CLAIM in obstacles(pod.unschedulable_message)), None)
    if pod is not None:
        return (_object(pod_ref(pod), "the scheduler finds no free device for its claims"),)
    return _by_nodes(view, one, others, Reason.CAPACITY)


def _gang(view: ClusterView, one: Waiting, _others: Comparables) -> Verdict | None:
    workload = one.workload
    present = sum(pod.deleted_at is None for pod in workload.pods)
    if not workload.is_gang or present >= workload.pods_wanted:
        return _said(view, one, GANG, "waits for the rest of its gang")
    return (_object(workload.ref, f"{present} of {workload.pods_wanted} pods are there"),)


def _kept(_view: ClusterView, one: Waiting, _others: Comparables) -> Verdict | None:
    if not one.workload.is_suspended or one.pods:
        return None
    return (_object(one.workload.ref, "its queue keeps it suspended and does not say why"),)


def _scheduler(view: ClusterView, one: Waiting, _others: Comparables) -> Verdict | None:
    if not one.pods and not one.workload.is_suspended:
        return None
    return (_object(one.workload.ref, "nothing that can be seen keeps it from its place"),)


JUDGES: tuple[tuple[WaitReason, Judge], ...] = (
    (WaitReason.MISCONFIGURED, _misconfigured),
    (WaitReason.SUSPENDED, _suspended),
    (WaitReason.QUOTA, _quota),
    (WaitReason.TOPOLOGY, _topology),
    (WaitReason.GATE, _gate),
    (WaitReason.VOLUME, _volume),
    (WaitReason.PREEMPTION, _preemption),
    (WaitReason.SCALE_UP, _scale_up),
    (WaitReason.CONSTRAINT, _constraint),
    (WaitReason.FRAGMENTATION, _fragmentation),
    (WaitReason.PRIORITY, _priority),
    (WaitReason.CAPACITY, _capacity),
    (WaitReason.GANG, _gang),
    (WaitReason.SUSPENDED, _kept),
    (WaitReason.SCHEDULER, _scheduler),
)
"""For what has no place yet, in the order of `WaitReason`; a queue that says nothing is asked last."""
JUDGE_BY_NODES = dict(zip(Reason, by_nodes.JUDGES, strict=True))


# --- what has a place ---


def starting(view: ClusterView, pods: tuple[Pod, ...]) -> tuple[WaitReason, Verdict] | None:
    """Return why pods that have a place do not run; None if they do."""
    idle = [pod for pod in pods if not any(c.running_since is not None for c in pod.containers if not c.is_init)]
    idle = [pod for pod in idle if pod.phase == "Pending" and pod.deleted_at is None]
    for pod in idle:
        if any(event.reason in MOUNT_EVENTS for event in view.events.get(pod_ref(pod), ())):
            return WaitReason.VOLUME, (_object(pod_ref(pod), "the kubelet cannot mount a volume"),)
    for pod in idle:
        stuck = next((c for c in pod.containers if c.waiting_reason in IMAGE_REASONS), None)
        if stuck is not None:
            said = f"container {stuck.name} waits with {stuck.waiting_reason}"
            return WaitReason.IMAGE, (_object(pod_ref(pod), said),)
    if idle:
        return WaitReason.STARTING, (_object(pod_ref(idle[0]), "it has a node, and its containers do not run yet"),)
    return None


# --- reading what others said ---


def _by_nodes(view: ClusterView, one: Waiting, others: Comparables, reason: Reason) -> Verdict | None:
    explained = JUDGE_BY_NODES[reason](view, one, others)
    return explained.evidence if explained is not None else None


def _said(view: ClusterView, one: Waiting, words: re.Pattern[str], observed: str) -> Verdict | None:
    """Return who said such words about the workload, its queue's object or its pods; None if nobody did."""
    for controller, condition in _conditions(view, one):
        if _speaks(condition) and words.search(f"{condition.reason} {condition.message}"[:TEXT_LENGTH_MAX]):
            return (_object(controller.ref, f"condition {condition.type}: {observed}"),)
    for pod in one.pods:
        if words.search(pod.unschedulable_message[:TEXT_LENGTH_MAX]):
            return (_object(pod_ref(pod), f"the scheduler: {observed}"),)
    for ref, event in _warnings(view, one):
        if words.search(f"{event.reason} {event.message}"[:TEXT_LENGTH_MAX]):
            return (Evidence(EvidenceSource.EVENT, str(ref), f"event {event.reason}: {observed}"),)
    return None


def _speaks(condition: Condition) -> bool:
    """Say whether a condition tells of a wait."""
    if condition.type in UNMET:
        return condition.status == "False"
    return condition.status == "True" and condition.type not in {"Complete", "Succeeded", "Available"}


def _conditions(view: ClusterView, one: Waiting) -> Iterator[tuple[Controller, Condition]]:
    for controller in controllers(view, one):
        for condition in controller.conditions:
            yield controller, condition


def controllers(view: ClusterView, one: Waiting) -> Iterator[Controller]:
    """Yield the workload's controller and those below it, such as its Kueue Workload or its ReplicaSets."""
    known = view.controllers_by_ref.get(one.workload.ref)
    if known:
        yield known
    yield from view.dependents.get(one.workload.ref, ())


def _warnings(view: ClusterView, one: Waiting) -> Iterator[tuple[ObjectRef, Event]]:
    """Yield the latest event of each object that tells of a wait: earlier ones may be overtaken."""
    refs = [*(controller.ref for controller in controllers(view, one)), *(pod_ref(pod) for pod in one.pods)]
    for ref in refs:
        told = [event for event in view.events.get(ref, ()) if event.reason in WAIT_EVENTS]
        if told:
            yield ref, told[-1]


WAIT_EVENTS = frozenset({"FailedScheduling", "Unschedulable", "Pending", "NotTriggerScaleUp", "FailedAdmission"})


def _refusals(view: ClusterView, one: Waiting) -> Iterator[tuple[Controller, Event]]:
    """Yield the events by which a controller says that the API server refuses its pods."""
    for controller in controllers(view, one):
        for event in view.events.get(controller.ref, ()):
            if event.reason == "FailedCreate" and any(word in event.message for word in REFUSED):
                yield controller, event


def _object(ref: ObjectRef, observed: str) -> Evidence:
    return Evidence(source=EvidenceSource.OBJECT, reference=str(ref), observed=observed)
