"""Leave out records that were seen before: the same message from the same host at the same time.

In: normalized records. Out: those that are new, in order. What is remembered is bounded: a shipper that sends a file
twice does so within a while, not after a million other lines.
"""

from collections.abc import Iterable, Iterator

from podlore.events.record import LogRecord

REMEMBERED = 1_000_000


def deduplicated(records: Iterable[LogRecord], remembered: int = REMEMBERED) -> Iterator[LogRecord]:
    """Yield each record once by timestamp, host and message; records without a time stamp are never copies.

    >>> twice = LogRecord("link down", timestamp="2026-01-01T00:00:00.000Z", host="n1")
    >>> len(list(deduplicated([twice, twice, LogRecord("link down"), LogRecord("link down")])))
    3
    """
    seen: dict[tuple[str, str, str], None] = {}
    for record in records:
        key = (record.timestamp, record.host, record.message)
        if record.timestamp and key in seen:
            continue
        if record.timestamp:
            seen[key] = None
            if len(seen) > remembered:
                del seen[next(iter(seen))]
        yield record
