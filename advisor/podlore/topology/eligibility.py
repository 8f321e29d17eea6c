"""May this pod run on that node? The objections of kube-scheduler's filters, one by one, so that each can be lifted.

``podlore.view`` asks for every pending workload. What is not in a `Pod` (affinity between pods, topology spread,
volumes' zones) is not judged here; the scheduler's own message tells of it (`podlore.patterns.unschedulable`).
"""

from enum import StrEnum
from typing import NamedTuple

from podlore.vocabulary import Node, Pod, Requirement, Taint, Toleration

UNSCHEDULABLE_TAINT = Taint("node.kubernetes.io/unschedulable", "NoSchedule")
REPELLING_EFFECTS = frozenset({"NoSchedule", "NoExecute"})
NODE_NAME_FIELD = "metadata.name"
"""The one field that ``matchFields`` may name; it is kept as a requirement's key."""


class Constraint(StrEnum):
    """What can keep a pod off a node, apart from room."""

    READY = "Ready"
    CORDON = "Cordon"
    SELECTOR = "Selector"
    AFFINITY = "Affinity"
    TAINT = "Taint"
    DEVICE = "Device"


LIFTABLE = frozenset({Constraint.SELECTOR, Constraint.AFFINITY, Constraint.TAINT})
"""Constraints that the owner of a pod can lift; the others belong to the node."""


class Objection(NamedTuple):
    """One constraint that a node fails, and what about it: a selector ``key=value``, a taint's ``key=value:effect``."""

    constraint: Constraint
    subject: str = ""

    def __str__(self) -> str:
        return f"{self.constraint} {self.subject}".rstrip()


def objections(pod: Pod, node: Node) -> frozenset[Objection]:
    """Return everything but room that keeps the pod off the node; empty where it may run.

    Examples
    --------
    >>> node = Node("gpu-1", "u1", 0.0, labels={"pool": "a"}, taints=(Taint("gpu", "NoSchedule"),))
    >>> pod = Pod("nlp", "p", "u2", 0.0, node_selector={"pool": "b"})
    >>> sorted(str(objection) for objection in objections(pod, node))
    ['Selector pool=b', 'Taint gpu:NoSchedule']
    """
    found = set(_selector_objections(pod, node)) | set(_taint_objections(pod, node))
    if not node.is_ready:
        found.add(Objection(Constraint.READY))
    if node.is_cordoned and not tolerates(pod.tolerations, UNSCHEDULABLE_TAINT):
        found.add(Objection(Constraint.CORDON))
    if pod.affinity_terms and not any(_meets_term(term, node) for term in pod.affinity_terms):
        found.add(Objection(Constraint.AFFINITY))
    if _lacks_device(pod, node):
        found.add(Objection(Constraint.DEVICE, pod.gpu_resource))
    return frozenset(found)


def tolerates(tolerations: tuple[Toleration, ...], taint: Taint) -> bool:
    """Say whether one of the tolerations matches the taint."""
    return any(_matches(toleration, taint) for toleration in tolerations)


def meets(requirement: Requirement, node: Node) -> bool:
    """Say whether a node's labels meet a requirement, with kube-scheduler's meaning of a missing label.

    >>> node = Node("gpu-1", "u", 0.0, labels={"gpus": "8"})
    >>> meets(Requirement("gpus", "Gt", ("4",)), node), meets(Requirement("pool", "NotIn", ("a",)), node)
    (True, True)
    """
    value = node.name if requirement.key == NODE_NAME_FIELD else node.labels.get(requirement.key)
    match requirement.operator:
        case "In":
            return value in requirement.values
        case "NotIn":
            return value not in requirement.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt":
            return _compares(requirement, value)
    return False


def _selector_objections(pod: Pod, node: Node) -> list[Objection]:
    return [
        Objection(Constraint.SELECTOR, f"{key}={value}")
        for key, value in pod.node_selector.items()
        if node.labels.get(key) != value
    ]


def _taint_objections(pod: Pod, node: Node) -> list[Objection]:
    return [
        Objection(Constraint.TAINT, f"{taint.key}{'=' if taint.value else ''}{taint.value}:{taint.effect}")
        for taint in node.taints
        if taint.effect in REPELLING_EFFECTS
        and taint.key != UNSCHEDULABLE_TAINT.key  # said by is_cordoned
        and not tolerates(pod.tolerations, taint)
    ]


def _lacks_device(pod: Pod, node: Node) -> bool:
    if pod.requests.gpu_milli <= 0:
        return False
    wrong = bool(pod.gpu_resource and node.gpu_resource and pod.gpu_resource != node.gpu_resource)
    return wrong or node.allocatable.gpu_milli <= 0


def _matches(toleration: Toleration, taint: Taint) -> bool:
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.operator == "Exists":
        return toleration.key in {"", taint.key}
    return toleration.operator in {"Equal", ""} and (toleration.key, toleration.value) == (taint.key, taint.value)


def _meets_term(term: tuple[Requirement, ...], node: Node) -> bool:
    return bool(term) and all(meets(requirement, node) for requirement in term)


def _compares(requirement: Requirement, value: str | None) -> bool:
    """Compare as whole numbers; what is none, or more than one, matches nothing, as in kube-scheduler."""
    number, bound = _whole(value), _whole(requirement.values[0] if len(requirement.values) == 1 else None)
    if number is None or bound is None:
        return False
    return number > bound if requirement.operator == "Gt" else number < bound


def _whole(text: str | None) -> int | None:
    try:
        return int(text) if text is not None and len(text) <= 20 else None
    except ValueError:
        return None
