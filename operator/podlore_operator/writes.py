"""What may be written to a cluster, as small data: ``podlore_operator.reconcile`` makes it, ``apply`` performs it.

Each write stands for itself: performing it twice, or not at all and again after a restart, leads to the same objects.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from podlore_operator.api.advice import AdviceStatus, Target
from podlore_operator.api.resource import OwnerReference


class Key(NamedTuple):
    """Where an advice lives; without a namespace it is a ClusterSchedulingAdvice."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return "/".join(part for part in self if part)


class Why(StrEnum):
    """The reason for a write, for the log and for metrics."""

    NEW = "New"
    CHANGED = "Changed"
    REFRESHED = "Refreshed"
    REPAIRED = "Repaired"
    REACTED = "Reacted"
    REOPENED = "Reopened"
    RESOLVED = "Resolved"
    OWNER = "Owner"
    EXPIRED = "Expired"
    NEVER_SAID = "NeverSaid"
    DISPLACED = "Displaced"


@dataclass(frozen=True, slots=True)
class ApplyObject:
    """Create an advice, or change who owns it; ``uid`` is that of the object to change, empty to create it."""

    key: Key
    target: Target
    labels: Mapping[str, str]
    owner: OwnerReference | None
    why: Why
    uid: str = ""


@dataclass(frozen=True, slots=True)
class ApplyStatus:
    """Write an advice's whole status."""

    key: Key
    status: AdviceStatus
    why: Why


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete an advice, unless somebody touched it since it was read."""

    key: Key
    uid: str
    resource_version: str
    why: Why


@dataclass(frozen=True, slots=True)
class AnnotatePod:
    """Set the advice annotation of this incarnation of a pod; None removes it."""

    namespace: str
    name: str
    uid: str
    value: str | None


@dataclass(frozen=True, slots=True)
class EmitEvent:
    """Tell about an advice in a Kubernetes Event on its target; told again it counts up."""

    key: Key
    regarding: Target
    reason: str
    note: str
    action: str
    is_warning: bool = field(default=True)


Write: TypeAlias = ApplyObject | ApplyStatus | Delete | AnnotatePod | EmitEvent
