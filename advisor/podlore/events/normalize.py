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

_KINDS = (
    "Pod Node Job CronJob Deployment ReplicaSet StatefulSet DaemonSet Service Ingress Endpoints ConfigMap Secret "
    "Namespace PersistentVolume PersistentVolumeClaim HorizontalPodAutoscaler PodDisruptionBudget Workload PodGroup"
)
KINDS = frozenset(_KINDS.split())
"""Kinds that events are often about; no reason is called so."""


def normalize(record: LogRecord) -> LogRecord:
    r"""Return the record with bounded fields, a masked message, a UTC time stamp and an RFC 5424 severity.

    >>> normalize(LogRecord("login\x00 failed for alice@example.org", severity="WARN")).message
    'login failed for <mail>'
    """
    record = _with_reason(record)
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


def _with_reason(record: LogRecord) -> LogRecord:
    """Return an event whose reason stands in the component and whose kind stands in the service with both in place.

    The schema of tables has no column for reasons.

    >>> told = _with_reason(LogRecord("x", facility=EVENT_FACILITY, service="Pod", component="BackOff"))
    >>> told.reason, told.component, told.service
    ('BackOff', 'Pod', '')
    """
    is_event = record.facility == EVENT_FACILITY and not record.reason
    if not is_event or not record.component or record.component in KINDS:
        return record
    kind, service = (record.service, "") if record.service[:1].isupper() else ("", record.service)
    return replace(record, reason=record.component, component=kind, service=service)


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
