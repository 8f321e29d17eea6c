"""Read syslog: RFC 5424, RFC 3164 with or without its priority, and the files that daemons write from it."""

from collections import Counter
from collections.abc import Iterable, Iterator

import re2

from podlore.events.record import SEVERITIES, LogRecord

FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"),
    *("ntp", "security", "console", "solaris-cron", *(f"local{number}" for number in range(8))),
)
_RFC5424 = re2.compile(
    r"^<(\d{1,3})>1 (\S{1,64}) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) "
    r"(?:-|(?:\[(?:[^\]\\\"]|\\.|\"(?:[^\"\\]|\\.)*\")*\])+)(?: (?:\xef\xbb\xbf|\x{FEFF})?(.*))?$"
)
_RFC3164 = re2.compile(
    r"^(?:<(\d{1,3})>)?(?:(\d{4}-\d\d-\d\dT\S{8,24}|[A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d(?:\.\d+)?)) (\S{1,255}) "
    r"(?:([^\s:\[(]{1,64})(?:\(([^)\s]{1,48})\))?(?:\[(?:\d+|-)\])?: ?)?(.*)$"
)


def looks_like(line: str) -> bool:
    """Return whether a line is syslog."""
    return bool(_RFC5424.match(line[:2_048]) or _RFC3164.match(line[:2_048]))


def read(lines: Iterable[str], skipped: Counter[str]) -> Iterator[LogRecord]:
    """Yield a record a line; a line that is no syslog is a message without labels.

    >>> next(read(["<34>Oct 11 22:14:15 mymachine su[7]: 'su root' failed for lonvick on /dev/pts/8"], Counter()))
    ... # doctest: +ELLIPSIS
    LogRecord(message="'su root' failed for lonvick on /dev/pts/8", timestamp='Oct 11 22:14:15', host='mymachine', ...)
    """
    for line in lines:
        if not line.strip():
            skipped["blank line"] += 1
            continue
        yield _rfc5424(line) or _rfc3164(line) or LogRecord(line)


def _rfc5424(line: str) -> LogRecord | None:
    found = _RFC5424.match(line)
    if not found:
        return None
    priority, when, host, app, _process, message_id, message = found.groups()
    facility, severity = _of_priority(priority)
    return LogRecord(
        message or "",
        timestamp=_known(when),
        host=_known(host),
        facility=facility,
        severity=severity,
        service=_known(app),
        component=_known(message_id),
    )


def _rfc3164(line: str) -> LogRecord | None:
    found = _RFC3164.match(line)
    if not found:
        return None
    priority, when, host, tag, part, message = found.groups()
    facility, severity = _of_priority(priority) if priority else ("", "")
    return LogRecord(
        message or "",
        timestamp=when,
        host=host,
        facility=facility or ("kern" if tag == "kernel" else ""),
        severity=severity,
        service=tag or "",
        component=part or "",
    )


def _of_priority(priority: str) -> tuple[str, str]:
    facility, severity = divmod(int(priority), 8)
    return (FACILITIES[facility], SEVERITIES[severity]) if facility < len(FACILITIES) else ("", SEVERITIES[severity])


def _known(value: str) -> str:
    return "" if value == "-" else value
