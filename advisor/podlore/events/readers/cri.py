"""Read the files that a container runtime writes by the CRI: time, stream, F or P for full or partial, message."""

from collections import Counter
from collections.abc import Iterable, Iterator

import re2

from podlore.events.record import LogRecord

MOST_PARTS = 64
_LINE = re2.compile(r"^(\d{4}-\d\d-\d\dT\S{8,24}) (stdout|stderr) ([FP](?::\S+)?) (.*)$")


def looks_like(line: str) -> bool:
    """Return whether a line is of a CRI log."""
    return bool(_LINE.match(line))


def read(lines: Iterable[str], skipped: Counter[str]) -> Iterator[LogRecord]:
    """Yield a record a message; the parts that the runtime cut a long line into are put together again.

    >>> parts = ["2026-01-01T00:00:00.0Z stderr P out of ", "2026-01-01T00:00:00.1Z stderr F memory"]
    >>> [record.message for record in read(parts, Counter())]
    ['out of memory']
    """
    parts: dict[str, list[str]] = {"stdout": [], "stderr": []}
    for line in lines:
        found = _LINE.match(line)
        if not found:
            skipped["blank line" if not line.strip() else "not a CRI line"] += 1
            continue
        when, stream, tag, text = found.groups()
        parts[stream].append(text)
        if tag.startswith("F") or len(parts[stream]) == MOST_PARTS:
            yield LogRecord("".join(parts[stream]), timestamp=when, component=stream)
            parts[stream] = []
    for rest in parts.values():
        if rest:
            yield LogRecord("".join(rest))
