"""Events of both APIs, core/v1 and events.k8s.io/v1, as one noun. Called by the reflector for every event it sees."""

from podlore.clock import Clock
from podlore.errors import BadInput
from podlore.objects.metadata import Metadata, group_and_version
from podlore.objects.parse import Count, Instant, Shape, naming, parse, trace_time
from podlore.objects.text import clean
from podlore.vocabulary import Event, ObjectRef


class Regarding(Shape, frozen=True):
    """What an event is about; any part may be missing."""

    api_version: str | None = None
    kind: str | None = None
    namespace: str | None = None
    name: str | None = None
    uid: str | None = None


class Source(Shape, frozen=True):
    """Who reported, in the older API."""

    component: str | None = None


class Series(Shape, frozen=True):
    """How often an event was repeated."""

    count: Count = 0
    last_observed_time: Instant = None


class EventObject(Shape, frozen=True):
    """An event as the API server serves it; the two APIs call the same things by different names."""

    metadata: Metadata
    involved_object: Regarding | None = None
    regarding: Regarding | None = None
    reason: str | None = None
    message: str | None = None
    note: str | None = None
    type: str | None = None
    source: Source | None = None
    deprecated_source: Source | None = None
    reporting_component: str | None = None
    reporting_controller: str | None = None
    count: Count | None = None
    deprecated_count: Count | None = None
    event_time: Instant = None
    first_timestamp: Instant = None
    last_timestamp: Instant = None
    deprecated_first_timestamp: Instant = None
    deprecated_last_timestamp: Instant = None
    series: Series | None = None


def read_event(obj: object, clock: Clock) -> Event:
    """Return the event that ``obj`` (JSON bytes, or the same parsed) describes.

    Raises
    ------
    BadInput
        With the path of the field that is wrong.
    """
    found = parse(obj, EventObject)
    with naming(f"event {found.metadata.namespace}/{found.metadata.name}"):
        return _event(found, clock)


def _event(found: EventObject, clock: Clock) -> Event:
    first_seen_at, last_seen_at = _seen_at(found, clock)
    sources = (found.source, found.deprecated_source)
    component = next((source.component for source in sources if source and source.component), None)
    series = found.series or Series()
    return Event(
        uid=found.metadata.uid,
        about=_about(found),
        reason=clean(found.reason, 128),
        message=clean(found.message or found.note),
        type=clean(found.type, 64) or "Normal",
        component=clean(component or found.reporting_component or found.reporting_controller, 253),
        count=max(1, found.count or 0, found.deprecated_count or 0, series.count),
        first_seen_at=first_seen_at,
        last_seen_at=last_seen_at,
    )


def _about(found: EventObject) -> ObjectRef:
    about = found.involved_object or found.regarding
    if about is None or not about.kind or not about.name:
        raise BadInput("an event must be about an object with a kind and a name - at `$.involvedObject`")
    group, version = group_and_version(about.api_version or "v1")
    return ObjectRef(
        group=clean(group, 253),
        kind=clean(about.kind, 253),
        namespace=clean(about.namespace, 253),
        name=clean(about.name, 253),
        version=clean(version, 253),
        uid=clean(about.uid, 253),
    )


def _seen_at(found: EventObject, clock: Clock) -> tuple[float, float]:
    """Return the first and the last of an event's many times; each reporter fills in others."""
    stamps = (
        found.first_timestamp,
        found.deprecated_first_timestamp,
        found.event_time,
        found.last_timestamp,
        found.deprecated_last_timestamp,
        found.series.last_observed_time if found.series else None,
    )
    seen = [at for at in (trace_time(stamp, clock) for stamp in stamps) if at is not None]
    created = trace_time(found.metadata.creation_timestamp, clock)
    if not seen and created is None:
        raise BadInput("an event must carry a time - at `$.eventTime`, `$.lastTimestamp` or `$.metadata`")
    return (min(seen), max(seen)) if seen else (created or 0.0, created or 0.0)
