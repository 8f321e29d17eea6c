"""Readers of log formats: each takes lines and yields records as they stand, before `podlore.events.normalize`.

What cannot be read is counted in ``skipped`` by its kind, never silently dropped. ``read_log`` finds the format.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice

from podlore.errors import BadInput
from podlore.events.readers import cri, json_objects, kubernetes_events, plain, syslog, table
from podlore.events.readers.lines import lines
from podlore.events.record import LogRecord

Reader = Callable[[Iterable[str], Counter[str]], Iterator[LogRecord]]

READERS: dict[str, Reader] = {
    "syslog": syslog.read,
    "json": json_objects.read,
    "cri": cri.read,
    "events": kubernetes_events.read,
    "csv": table.read,
    "plain": plain.read,
}
"""By name: syslog (RFC 3164 and 5424), json (journald, Docker, events, any object a line), cri, events, csv, plain."""

_SNIFFED = (
    ("events", kubernetes_events.looks_like),
    ("json", json_objects.looks_like),
    ("cri", cri.looks_like),
    ("syslog", syslog.looks_like),
    ("csv", table.looks_like),
)
_FIRST_LINES = 20

__all__ = ["READERS", "lines", "read_log", "sniff"]


def sniff(text: Iterable[str]) -> tuple[str, Iterator[str]]:
    """Return the name of the format by the first line that is not blank, and all lines again.

    >>> sniff(["", '{"msg": "x"}'])[0], sniff(["so it goes"])[0]
    ('json', 'plain')
    """
    rest = iter(text)
    head = list(islice(rest, _FIRST_LINES))
    first = next((line for line in head if line.strip()), "")
    name = next((name for name, looks_like in _SNIFFED if looks_like(first)), "plain")
    return name, chain(head, rest)


def read_log(text: Iterable[str], skipped: Counter[str], format_name: str = "auto") -> Iterator[LogRecord]:
    """Yield the records of lines of text in a format, found by itself where none is named.

    Raises
    ------
    BadInput
        If there is no such format.
    """
    if format_name == "auto":
        format_name, text = sniff(text)
    if format_name not in READERS:
        raise BadInput(f"no format {format_name!r}; there are: auto, {', '.join(READERS)}")
    return READERS[format_name](text, skipped)
