"""The one record that every reader yields: a Kubernetes event or a log line, whatever it came from.

Readers build it from raw input, `podlore.events.normalize` cleans and masks it, the classifier reads its text. Unknown
fields are empty, never guessed.
"""

from dataclasses import dataclass

from podlore.vocabulary import EventClass

SEVERITIES = ("emergency", "alert", "critical", "error", "warning", "notice", "info", "debug")
"""The eight severities of RFC 5424, the worst first; every other scale is mapped onto them."""


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One message with what is known about it.

    ``timestamp`` is RFC 3339 in UTC, ``severity`` one of `SEVERITIES`; ``service`` and ``component`` are the schema's
    labels (the program, and the part of it), ``reason`` is an event's. ``target_category`` is the truth where somebody
    has labelled the record.
    """

    message: str
    timestamp: str = ""
    host: str = ""
    facility: str = ""
    severity: str = ""
    service: str = ""
    component: str = ""
    reason: str = ""
    target_category: EventClass | None = None
