"""Map every known scale of severity onto the eight names of RFC 5424."""

import re2

from podlore.events.record import SEVERITIES

NAMES = {
    **{name: name for name in SEVERITIES},
    **dict.fromkeys(("emerg", "panic"), "emergency"),
    **dict.fromkeys(("crit", "fatal", "f", "severe", "dpanic", "failure"), "critical"),
    **dict.fromkeys(("err", "e", "eror", "failed"), "error"),
    **dict.fromkeys(("warn", "w", "wrn"), "warning"),
    **dict.fromkeys(("note", "n", "success"), "notice"),
    **dict.fromkeys(("information", "informational", "i", "normal", "inf", "log", "config"), "info"),
    **dict.fromkeys(("d", "trace", "verbose", "v", "fine", "finer", "finest", "dbg", "audit"), "debug"),
}
"""Names by scale: syslog and its short forms, klog's letters, log4j, java.util.logging, zap, event types."""

_LEADING = re2.compile(
    r"^(?:\[|<)?(EMERG(?:ENCY)?|ALERT|CRIT(?:ICAL)?|FATAL|SEVERE|PANIC|ERROR|ERR|WARN(?:ING)?|NOTICE|INFO|DEBUG|TRACE)"
    r"(?:\]|>)?(?:[:\s]|$)|\blevel=\"?([a-z]+)\"?|\"level\"\s*:\s*\"([A-Za-z]+)\""
)
_KLOG = re2.compile(r"^([IWEF])\d{4} \d{2}:\d{2}:\d{2}\.\d+\s")


def severity_of(value: str) -> str:
    """Return the RFC 5424 name of a severity in any scale, empty where it is unknown; 0 to 7 are syslog's numbers.

    >>> [severity_of(v) for v in ("WARN", "3", "Normal", "E", "purple")]
    ['warning', 'error', 'info', 'error', '']
    """
    name = value.strip().lower()
    if name.isascii() and name.isdecimal() and len(name) == 1 and int(name) < len(SEVERITIES):
        return SEVERITIES[int(name)]
    return NAMES.get(name, "")


def severity_in(message: str) -> str:
    """Return the severity that a message states itself, as klog, log4j and logfmt lines do; empty where none.

    >>> severity_in('E0312 10:11:12.123456       1 reflector.go:138] watch failed')
    'error'
    >>> severity_in('time="..." level=warning msg="slow"'), severity_in("all is well")
    ('warning', '')
    """
    head = message[:256]
    if found := _KLOG.match(head):
        return NAMES[found.group(1).lower()]
    found = _LEADING.search(head)
    return severity_of(next(part for part in found.groups() if part)) if found else ""
