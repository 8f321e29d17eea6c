"""Read lines of no known format: each is a message; klog's and similar heads stay, the classifier reads past them."""

from collections import Counter
from collections.abc import Iterable, Iterator

from podlore.events.record import LogRecord


def read(lines: Iterable[str], skipped: Counter[str]) -> Iterator[LogRecord]:
    """Yield a record a line.

    >>> [record.message for record in read(["disk full", ""], Counter())]
    ['disk full']
    """
    for line in lines:
        if line.strip():
            yield LogRecord(line)
        else:
            skipped["blank line"] += 1
