"""Read JSON objects, one a line: journald's export, Docker's files, Kubernetes events, any other with a message."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from podlore.events.normalize import EVENT_FACILITY
from podlore.events.readers.syslog import FACILITIES
from podlore.events.record import SEVERITIES, LogRecord
from podlore.vocabulary import EventClass

_MESSAGE_KEYS = ("message", "msg", "log", "MESSAGE", "text", "body", "event")
_TIME_KEYS = ("timestamp", "time", "ts", "@timestamp", "date")
_LEVEL_KEYS = ("severity", "level", "lvl", "levelname", "log.level")


def looks_like(line: str) -> bool:
    """Return whether a line is a JSON object."""
    return isinstance(_object(line), dict)


def read(lines: Iterable[str], skipped: Counter[str]) -> Iterator[LogRecord]:
    """Yield a record an object; what is no object or says nothing is counted.

    >>> next(read(['{"log":"out of memory","stream":"stderr","time":"2026-01-01T00:00:00Z"}'], Counter())).message
    'out of memory'
    """
    for line in lines:
        fields = _object(line) if line.strip() else None
        if fields is None:
            skipped["blank line" if not line.strip() else "not a JSON object"] += 1
            continue
        record = record_of(fields)
        if record is None:
            skipped["object without a message"] += 1
        else:
            yield record


def record_of(fields: Mapping[str, Any]) -> LogRecord | None:
    """Return the record of one object, by the keys that tell its kind; None where it has no message."""
    if "__REALTIME_TIMESTAMP" in fields or "MESSAGE" in fields:
        return _journal(fields)
    if "involvedObject" in fields or "regarding" in fields:
        return event_record(fields)
    return _plain(fields)


def event_record(fields: Mapping[str, Any]) -> LogRecord | None:
    """Return the record of a Kubernetes event, of core/v1 or events.k8s.io/v1."""
    about = _mapping(fields.get("involvedObject") or fields.get("regarding"))
    source = _mapping(fields.get("source") or fields.get("deprecatedSource"))
    series = _mapping(fields.get("series"))
    times = (
        series.get("lastObservedTime"),
        fields.get("lastTimestamp") or fields.get("deprecatedLastTimestamp"),
        fields.get("eventTime"),
        fields.get("firstTimestamp"),
        _mapping(fields.get("metadata")).get("creationTimestamp"),
    )
    message, reason = _text(fields.get("message") or fields.get("note")), _text(fields.get("reason"))
    if not message and not reason:
        return None
    return LogRecord(
        message,
        timestamp=next((_text(time) for time in times if time), ""),
        host=_text(source.get("host")),
        facility=EVENT_FACILITY,
        severity=_text(fields.get("type")),
        service=_text(source.get("component") or fields.get("reportingComponent") or fields.get("reportingController")),
        component=_text(about.get("kind")),
        reason=reason,
    )


def _journal(fields: Mapping[str, Any]) -> LogRecord | None:
    message = fields.get("MESSAGE")
    if isinstance(message, list):  # journald gives text that is no UTF-8 as a list of bytes
        message = bytes(value for value in message if isinstance(value, int) and 0 <= value < 256).decode("latin-1")
    if not _text(message):
        return None
    facility, priority = _text(fields.get("SYSLOG_FACILITY")), _text(fields.get("PRIORITY"))
    return LogRecord(
        _text(message),
        timestamp=_text(fields.get("_SOURCE_REALTIME_TIMESTAMP") or fields.get("__REALTIME_TIMESTAMP")),
        host=_text(fields.get("_HOSTNAME")),
        facility=_indexed(FACILITIES, facility),
        severity=_indexed(SEVERITIES, priority),
        service=_text(fields.get("SYSLOG_IDENTIFIER") or fields.get("_COMM")),
        component=_text(fields.get("_SYSTEMD_UNIT") or fields.get("UNIT")),
    )


def _plain(fields: Mapping[str, Any]) -> LogRecord | None:
    message = _first(fields, _MESSAGE_KEYS)
    if not message:
        return None
    labels = _mapping(fields.get("labels"))
    category = _text(fields.get("target_category"))
    return LogRecord(
        message,
        timestamp=_first(fields, _TIME_KEYS),
        host=_first(fields, ("host", "hostname", "node")),
        facility=_text(fields.get("facility")),
        severity=_first(fields, _LEVEL_KEYS),
        service=_text(labels.get("service")) or _first(fields, ("service", "app", "logger", "name")),
        component=_text(labels.get("component")) or _first(fields, ("component", "module", "caller")),
        reason=_text(fields.get("reason")),
        target_category=EventClass(category) if category in list(EventClass) else None,
    )


def _object(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _first(fields: Mapping[str, Any], keys: Iterable[str]) -> str:
    return next((text for key in keys if (text := _text(fields.get(key)))), "")


def _text(value: object) -> str:
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _indexed(names: tuple[str, ...], number: str) -> str:
    return names[int(number)] if number.isascii() and number.isdecimal() and int(number) < len(names) else ""
