"""Pods: a Kubernetes object comes in, a `Pod` leaves. Called by the reflector for every pod it sees."""

from typing import Literal

from podlore.clock import Clock
from podlore.objects.metadata import Metadata, controller_of, created_at, deleted_at
from podlore.objects.parse import Count, Few, Instant, Name, Shape, naming, parse, trace_time
from podlore.objects.pod_requests import pod_requests
from podlore.objects.pod_spec import ContainerSpec, NodeSelector, PodSpec, RequirementSpec, SelectorTerm, TolerationSpec
from podlore.objects.quantity import nano, whole
from podlore.objects.text import clean, clean_map
from podlore.vocabulary import Container, Pod, Requirement, Termination, Toleration


class Ended(Shape, frozen=True):
    """``state.terminated``."""

    exit_code: int = 0
    reason: str | None = None
    started_at: Instant = None
    finished_at: Instant = None


class Running(Shape, frozen=True):
    """``state.running``."""

    started_at: Instant = None


class Waiting(Shape, frozen=True):
    """``state.waiting``."""

    reason: str | None = None
    message: str | None = None


class State(Shape, frozen=True):
    """A container's state: one of the three."""

    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Ended | None = None


class ContainerStatus(Shape, frozen=True):
    """An entry of ``status.containerStatuses``."""

    name: Name
    restart_count: Count = 0
    ready: bool = False
    state: State | None = None
    last_state: State | None = None


class PodCondition(Shape, frozen=True):
    """An entry of ``status.conditions``."""

    type: str
    status: str
    reason: str | None = None
    message: str | None = None
    last_transition_time: Instant = None


class ClaimStatus(Shape, frozen=True):
    """Which claim was made for a pod's claim template."""

    name: Name
    resource_claim_name: str | None = None


class PodStatus(Shape, frozen=True):
    """A pod's status."""

    phase: Literal["Pending", "Running", "Succeeded", "Failed", "Unknown", ""] = "Pending"
    reason: str | None = None
    message: str | None = None
    start_time: Instant = None
    conditions: Few[PodCondition] = None
    container_statuses: Few[ContainerStatus] = None
    init_container_statuses: Few[ContainerStatus] = None
    resource_claim_statuses: Few[ClaimStatus] = None


class PodObject(Shape, frozen=True):
    """A pod as the API server serves it."""

    metadata: Metadata
    spec: PodSpec
    status: PodStatus = PodStatus()


def read_pod(obj: object, clock: Clock) -> Pod:
    """Return the pod that ``obj`` describes.

    Parameters
    ----------
    obj
        JSON bytes of a v1 Pod, or the same parsed.
    clock
        Converts the API server's wall times to trace time.

    Raises
    ------
    BadInput
        With the path of the field that is wrong.

    Examples
    --------
    >>> pod = read_pod(b'''{"metadata": {"name": "train-0", "namespace": "vision", "uid": "u1",
    ...     "creationTimestamp": "2026-11-23T10:00:00Z"}, "spec": {"containers": [
    ...     {"name": "main", "resources": {"limits": {"nvidia.com/gpu": "2"}}}]}}''', Clock())
    >>> pod.name, pod.requests.gpu_milli
    ('train-0', 2000)
    """
    found = parse(obj, PodObject)
    with naming(f"pod {found.metadata.namespace}/{found.metadata.name}"):
        return _pod(found, clock)


def _pod(found: PodObject, clock: Clock) -> Pod:
    metadata, spec, status = found.metadata, found.spec, found.status
    annotations = clean_map(metadata.annotations)
    requests, gpu_resource = pod_requests(spec, annotations)
    placed = next((condition for condition in status.conditions or () if condition.type == "PodScheduled"), None)
    started_at = trace_time(status.start_time, clock)
    return Pod(
        namespace=metadata.namespace or "default",
        name=metadata.name,
        uid=metadata.uid,
        created_at=created_at(metadata, clock),
        phase=status.phase or "Pending",
        node=clean(spec.node_name, 253),
        controller=controller_of(metadata),
        labels=clean_map(metadata.labels),
        annotations=annotations,
        requests=requests,
        gpu_resource=gpu_resource,
        containers=_containers(spec, status, clock),
        scheduled_at=_scheduled_at(placed, clock) or (started_at if spec.node_name else None),
        started_at=started_at,
        deleted_at=deleted_at(metadata, clock),
        reason=clean(status.reason),
        message=clean(status.message),
        unschedulable_message=_unschedulable_message(placed),
        scheduler=clean(spec.scheduler_name, 253) or "default-scheduler",
        priority=spec.priority or 0,
        node_selector=clean_map(spec.node_selector),
        affinity_terms=_affinity_terms(spec),
        tolerations=_tolerations(spec),
        scheduling_gates=tuple(gate.name for gate in spec.scheduling_gates or ()),
        claims=_claims(spec, status),
    )


def _scheduled_at(placed: PodCondition | None, clock: Clock) -> float | None:
    return trace_time(placed.last_transition_time, clock) if placed and placed.status == "True" else None


def _unschedulable_message(placed: PodCondition | None) -> str:
    if placed is None or placed.status != "False" or placed.reason == "SchedulingGated":
        return ""
    return clean(placed.message)


def _containers(spec: PodSpec, status: PodStatus, clock: Clock) -> tuple[Container, ...]:
    """Return the containers in order of start: init containers first, those without a status too."""
    statuses = {found.name: found for found in status.init_container_statuses or ()}
    statuses |= {found.name: found for found in status.container_statuses or ()}
    init = [_container(container, statuses, clock, is_init=True) for container in spec.init_containers or ()]
    return (*init, *(_container(container, statuses, clock, is_init=False) for container in spec.containers or ()))


def _container(spec: ContainerSpec, statuses: dict[str, ContainerStatus], clock: Clock, *, is_init: bool) -> Container:
    status = statuses.get(spec.name)
    limit_bytes = _memory_limit_bytes(spec)
    if status is None:
        return Container(spec.name, memory_limit_bytes=limit_bytes, is_init=is_init)
    state, last_state = status.state or State(), status.last_state or State()
    waiting = state.waiting or Waiting()
    return Container(
        name=spec.name,
        restart_count=status.restart_count,
        running_since=trace_time(state.running.started_at, clock) if state.running else None,
        ready=status.ready,
        waiting_reason=clean(waiting.reason),
        waiting_message=clean(waiting.message),
        ended=_termination(state.terminated, clock),
        ended_before=_termination(last_state.terminated, clock),
        memory_limit_bytes=limit_bytes,
        is_init=is_init,
    )


def _memory_limit_bytes(spec: ContainerSpec) -> int:
    limits = spec.resources.limits if spec.resources else None
    return whole(nano(limits["memory"])) if limits and "memory" in limits else 0


def _termination(ended: Ended | None, clock: Clock) -> Termination | None:
    if ended is None:
        return None
    started_at, finished_at = trace_time(ended.started_at, clock), trace_time(ended.finished_at, clock)
    return Termination(ended.exit_code, clean(ended.reason), started_at, finished_at)


def _affinity_terms(spec: PodSpec) -> tuple[tuple[Requirement, ...], ...]:
    """Return the alternatives; an empty one matches no node in Kubernetes, so it stands for nothing here."""
    affinity = spec.affinity.node_affinity if spec.affinity else None
    required = affinity.required_during_scheduling_ignored_during_execution if affinity else None
    if required is None:
        return ()
    terms = tuple(filter(None, (_term(term) for term in (required or NodeSelector()).node_selector_terms or ())))
    return terms or ((Requirement("metadata.name", "In"),),)


def _term(term: SelectorTerm) -> tuple[Requirement, ...]:
    return tuple(_requirement(found) for found in (*(term.match_expressions or ()), *(term.match_fields or ())))


def _requirement(found: RequirementSpec) -> Requirement:
    values = tuple(clean(value, 253) for value in found.values or ())
    return Requirement(clean(found.key, 317), clean(found.operator, 64), values)


def _tolerations(spec: PodSpec) -> tuple[Toleration, ...]:
    return tuple(_toleration(found) for found in spec.tolerations or ())


def _toleration(found: TolerationSpec) -> Toleration:
    operator = clean(found.operator, 64) or "Equal"
    return Toleration(clean(found.key, 317), operator, clean(found.value), clean(found.effect, 64))


def _claims(spec: PodSpec, status: PodStatus) -> tuple[str, ...]:
    """Return the names of the claims, or of their templates while no claim was made from them."""
    made = {found.name: found.resource_claim_name for found in status.resource_claim_statuses or ()}
    names = (
        found.resource_claim_name or made.get(found.name) or found.resource_claim_template_name
        for found in spec.resource_claims or ()
    )
    return tuple(clean(name, 253) for name in names if name)
