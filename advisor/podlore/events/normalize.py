"""The door: what readers and the operator hand in leaves here clean, bounded, masked and in one scale.

Called by `podlore.events.readers`, by the operator for live events and log lines, and by the generator.
"""

from dataclasses import replace

from podlore.events.clean import FIELD_CHARS, clean
from podlore.events.mask import mask
from podlore.events.record import LogRecord
from podlore.events.severity import severity_in, severity_of
from podlore.events.timestamp import from_epoch, to_utc
from podlore.vocabulary import Event

EVENT_FACILITY = "kubernetes-event"


def normalize(record: LogRecord) -> LogRecord:
    r"""Return the record with bounded fields, a masked message, a UTC time stamp and an RFC 5424 severity.

    >>> normalize(LogRecord("login\x00 failed for alice@example.org", severity="WARN")).message
    'login failed for <mail>'
    """
    return replace(
        record,
        message=mask(clean(record.message)),
        timestamp=to_utc(record.timestamp),
        host=clean(record.host, FIELD_CHARS),
        facility=clean(record.facility, FIELD_CHARS),
        severity=severity_of(record.severity) or severity_in(record.message),
        service=clean(record.service, FIELD_CHARS),
        component=clean(record.component, FIELD_CHARS),
        reason=clean(record.reason, FIELD_CHARS),
    )


def record_of_event(event: Event) -> LogRecord:
    """Return a Kubernetes event as a normalized record: the reporter is the service, the kind the component.

    >>> from podlore.vocabulary import ObjectRef
    >>> pod = ObjectRef("", "Pod", "vision", "train-0")
    >>> seen = record_of_event(Event("u1", pod, "BackOff", "Back-off restarting", type="Warning", component="kubelet"))
    >>> seen.reason, seen.component, seen.service, seen.severity
    ('BackOff', 'Pod', 'kubelet', 'warning')
    """
    return normalize(
        LogRecord(
            message=event.message,
            timestamp=from_epoch(event.last_seen_at),
            facility=EVENT_FACILITY,
            severity=event.type,
            service=event.component,
            component=event.about.kind,
            reason=event.reason,
        )
    )
