"""What every object has: its metadata, its owner references, and how they become references."""

from podlore.clock import Clock
from podlore.errors import BadInput
from podlore.objects.parse import Count, Few, Instant, Name, Namespace, Shape, trace_time
from podlore.vocabulary import ObjectRef


class OwnerReference(Shape, frozen=True):
    """An entry of ``metadata.ownerReferences``."""

    kind: Name
    name: Name
    uid: Name
    api_version: str = "v1"
    controller: bool | None = None


class Metadata(Shape, frozen=True):
    """The part of ``metadata`` that podlore reads."""

    name: Name
    uid: Name
    namespace: Namespace | None = None
    creation_timestamp: Instant = None
    deletion_timestamp: Instant = None
    deletion_grace_period_seconds: Count | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    owner_references: Few[OwnerReference] = None


def group_and_version(api_version: str) -> tuple[str, str]:
    """Split an ``apiVersion``; the core group is the empty text.

    >>> group_and_version("batch/v1"), group_and_version("v1")
    (('batch', 'v1'), ('', 'v1'))
    """
    group, _, version = api_version.rpartition("/")
    return group, version


def controller_of(metadata: Metadata) -> ObjectRef | None:
    """Return the owner that controls the object; it lives in the object's own namespace."""
    for owner in metadata.owner_references or ():
        if owner.controller:
            group, version = group_and_version(owner.api_version)
            return ObjectRef(group, owner.kind, metadata.namespace or "", owner.name, version, owner.uid)
    return None


def created_at(metadata: Metadata, clock: Clock) -> float:
    """Return when the object was created.

    Raises
    ------
    BadInput
        If the object carries no such time: then it did not come from an API server.
    """
    created = trace_time(metadata.creation_timestamp, clock)
    if created is None:
        raise BadInput("creationTimestamp is missing - at `$.metadata.creationTimestamp`")
    return created


def deleted_at(metadata: Metadata, clock: Clock) -> float | None:
    """Return when deletion was asked for: Kubernetes' timestamp is the end of the grace period, this is its begin."""
    if metadata.deletion_timestamp is None:
        return None
    end = metadata.deletion_timestamp.timestamp()
    return clock.from_wall(end - (metadata.deletion_grace_period_seconds or 0))
