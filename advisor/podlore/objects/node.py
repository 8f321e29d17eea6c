"""Nodes: a Kubernetes object comes in, a `Node` leaves. Called by the reflector for every node it sees."""

from podlore.clock import Clock
from podlore.objects.gpu_units import gpu_capacity, is_gpu_resource
from podlore.objects.metadata import Metadata, created_at
from podlore.objects.parse import Amounts, Few, Instant, Shape, naming, parse, trace_time
from podlore.objects.quantity import milli, nano, whole
from podlore.objects.text import clean, clean_map
from podlore.vocabulary import Condition, Node, Resources, Taint


class TaintSpec(Shape, frozen=True):
    """A taint as written."""

    key: str
    effect: str = ""
    value: str | None = None


class ConditionObject(Shape, frozen=True):
    """An entry of any object's ``status.conditions``; one without a type (Volcano's) says nothing to us."""

    type: str = ""
    status: str = ""
    reason: str | None = None
    message: str | None = None
    last_transition_time: Instant = None


class NodeSpec(Shape, frozen=True):
    """A node's specification."""

    taints: Few[TaintSpec] = None
    unschedulable: bool | None = None


class NodeStatus(Shape, frozen=True):
    """A node's status."""

    allocatable: Amounts = None
    conditions: Few[ConditionObject] = None


class NodeObject(Shape, frozen=True):
    """A node as the API server serves it."""

    metadata: Metadata
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()


def read_node(obj: object, clock: Clock) -> Node:
    """Return the node that ``obj`` (JSON bytes, or the same parsed) describes.

    A node without a Ready condition is not ready: no kubelet has spoken for it yet.

    Raises
    ------
    BadInput
        With the path of the field that is wrong.
    """
    found = parse(obj, NodeObject)
    with naming(f"node {found.metadata.name}"):
        return _node(found, clock)


def conditions_of(found: list[ConditionObject] | None, clock: Clock) -> tuple[Condition, ...]:
    """Return the conditions with their times in trace time and their texts bounded."""
    return tuple(
        Condition(
            clean(condition.type, 317),
            clean(condition.status, 64),
            clean(condition.reason),
            clean(condition.message),
            trace_time(condition.last_transition_time, clock),
        )
        for condition in found or ()
        if condition.type
    )


def _node(found: NodeObject, clock: Clock) -> Node:
    conditions = conditions_of(found.status.conditions, clock)
    allocatable, gpu_resource = _allocatable(found.status.allocatable or {})
    return Node(
        name=found.metadata.name,
        uid=found.metadata.uid,
        created_at=created_at(found.metadata, clock),
        labels=clean_map(found.metadata.labels),
        taints=tuple(
            Taint(clean(taint.key, 317), clean(taint.effect, 64), clean(taint.value))
            for taint in found.spec.taints or ()
        ),
        is_ready=any(condition.type == "Ready" and condition.status == "True" for condition in conditions),
        is_cordoned=bool(found.spec.unschedulable),
        allocatable=allocatable,
        gpu_resource=gpu_resource,
        conditions=conditions,
    )


def _allocatable(amounts: dict[str, str | int | float]) -> tuple[Resources, str]:
    with naming("$.status.allocatable"):
        gpus = {name: nano(amount) for name, amount in amounts.items() if is_gpu_resource(name)}
        cpu_milli, memory_bytes = milli(nano(amounts.get("cpu", 0))), whole(nano(amounts.get("memory", 0)))
    gpu_milli, gpu_resource = gpu_capacity(gpus)
    return Resources(cpu_milli, memory_bytes, gpu_milli), gpu_resource
