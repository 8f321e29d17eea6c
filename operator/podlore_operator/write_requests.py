"""Each write as the HTTP request that performs it; pure. ``podlore_operator.apply`` sends them.

Two field managers that never change own what podlore writes: ``podlore`` an advice's target, labels and owner,
``podlore-status`` its status. What people write in spec belongs to them.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import singledispatch
from typing import Any

from podlore_operator.api.advice import Advice, ClusterSchedulingAdvice, SchedulingAdvice, Target
from podlore_operator.api.advisor_policy import AdvisorPolicy
from podlore_operator.api.keys import POD_ADVICE
from podlore_operator.api.resource import API_VERSION
from podlore_operator.observe.connection import APPLY_PATCH, JSON, MERGE_PATCH
from podlore_operator.writes import AnnotatePod, ApplyObject, ApplyStatus, Delete, EmitEvent, Key

MANAGER = "podlore"
STATUS_MANAGER = "podlore-status"
EVENTS_API = "events.k8s.io/v1"
REPORTER = "podlore.io/podlore"


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """A request that changes something; ``what`` names its kind for metrics and for the circuit breaker."""

    what: str
    method: str
    path: str
    body: Any
    query: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON


def applied(manager: str) -> dict[str, str]:
    """Return the query of a server-side apply; podlore's own fields are podlore's, whatever else touched them."""
    return {"fieldManager": manager, "force": "true", "fieldValidation": "Strict"}


def kind_of(key: Key) -> type[Advice]:
    """Return which of the two kinds lives at this key."""
    return SchedulingAdvice if key.namespace else ClusterSchedulingAdvice


def collection(kind: type[Advice], namespace: str = "") -> str:
    """Return the path of all advice of a kind, or of one namespace's."""
    within = f"/namespaces/{namespace}" if namespace else ""
    return f"/apis/{API_VERSION}{within}/{kind.presentation.plural}"


def policy_collection() -> str:
    """Return the path of all AdvisorPolicies."""
    return f"/apis/{API_VERSION}/{AdvisorPolicy.presentation.plural}"


def advice_path(key: Key) -> str:
    """Return the path of an advice."""
    return f"{collection(kind_of(key), key.namespace)}/{key.name}"


@singledispatch
def request_of(write: object) -> WriteRequest:
    """Return the request that performs a write."""
    raise TypeError(f"{write!r} is no write")


@request_of.register
def _(write: ApplyObject) -> WriteRequest:
    metadata = {**_metadata(write.key), "labels": dict(write.labels)}
    if write.owner:
        metadata["ownerReferences"] = [write.owner.document()]
    if write.uid:
        metadata["uid"] = write.uid  # of another incarnation: a conflict, not a creation
    body = {**_typed(write.key), "metadata": metadata, "spec": {"target": write.target.document()}}
    return WriteRequest("advice", "PATCH", advice_path(write.key), body, applied(MANAGER), APPLY_PATCH)


@request_of.register
def _(write: ApplyStatus) -> WriteRequest:
    body = {**_typed(write.key), "metadata": _metadata(write.key), "status": write.status.document()}
    path = f"{advice_path(write.key)}/status"
    return WriteRequest("advice-status", "PATCH", path, body, applied(STATUS_MANAGER), APPLY_PATCH)


@request_of.register
def _(write: Delete) -> WriteRequest:
    preconditions = {"uid": write.uid, "resourceVersion": write.resource_version}
    body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions}
    return WriteRequest("advice-delete", "DELETE", advice_path(write.key), body)


@request_of.register
def _(write: AnnotatePod) -> WriteRequest:
    body = {"metadata": {"uid": write.uid, "annotations": {POD_ADVICE: write.value}}}
    path = f"/api/v1/namespaces/{write.namespace}/pods/{write.name}"
    return WriteRequest("pod-annotation", "PATCH", path, body, {"fieldManager": MANAGER}, MERGE_PATCH)


def event_name(write: EmitEvent) -> str:
    """Return the name of an event: the same thing told again has the same."""
    digest = hashlib.sha256(f"{write.reason}\0{write.note}".encode()).hexdigest()[:8]
    return f"{write.key.name}.{digest}"


def event_created(write: EmitEvent, instance: str, at: float) -> WriteRequest:
    """Return the request that tells for the first time; Events about cluster-scoped objects are in ``default``."""
    key, regarding = write.key, write.regarding
    body = {
        "apiVersion": EVENTS_API,
        "kind": "Event",
        "metadata": {"name": event_name(write), "namespace": key.namespace or "default"},
        "eventTime": _micro(at),
        "reportingController": REPORTER,
        "reportingInstance": instance[:128],
        "action": write.action,
        "reason": write.reason,
        "type": "Warning" if write.is_warning else "Normal",
        "note": write.note,
        "regarding": _reference(regarding, key.namespace),
        "related": {**_typed(key), **_metadata(key)},
    }
    return WriteRequest("event", "POST", _events(key), body, {"fieldManager": MANAGER})


def event_counted(write: EmitEvent, count: int, at: float) -> WriteRequest:
    """Return the request that says how often it was told by now."""
    body = {"series": {"count": count, "lastObservedTime": _micro(at)}}
    path = f"{_events(write.key)}/{event_name(write)}"
    return WriteRequest("event", "PATCH", path, body, {"fieldManager": MANAGER}, MERGE_PATCH)


def _events(key: Key) -> str:
    return f"/apis/{EVENTS_API}/namespaces/{key.namespace or 'default'}/events"


def _micro(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _reference(target: Target, namespace: str) -> dict[str, str]:
    version = f"{target.group}/{target.version}" if target.group else target.version
    found = {"apiVersion": version, "kind": target.kind, "name": target.name, "uid": target.uid}
    return {**found, "namespace": namespace} if namespace else found


def _typed(key: Key) -> dict[str, str]:
    return {"apiVersion": API_VERSION, "kind": kind_of(key).__name__}


def _metadata(key: Key) -> dict[str, Any]:
    return {"name": key.name, "namespace": key.namespace} if key.namespace else {"name": key.name}
