"""Read what ``kubectl get events -o json`` prints: a List of events, or one event; also one event a line."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

from podlore.errors import BadInput
from podlore.events.readers import json_objects
from podlore.events.record import LogRecord

MOST_LINES = 4_000_000


def looks_like(line: str) -> bool:
    """Return whether a first line opens a JSON document of several lines."""
    return line.strip() in {"{", "["}


def read(lines: Iterable[str], skipped: Counter[str]) -> Iterator[LogRecord]:
    """Yield a record an event.

    >>> document = ['{', '"kind": "List", "items": [{"reason": "BackOff", "message": "x", "involvedObject": {}}]', '}']
    >>> [record.reason for record in read(document, Counter())]
    ['BackOff']
    """
    text = list(islice(lines, MOST_LINES))
    try:
        document = json.loads("\n".join(text))
    except (ValueError, RecursionError):
        yield from json_objects.read(text, skipped)
        return
    items = document.get("items", [document]) if isinstance(document, dict) else document
    if not isinstance(items, list):
        raise BadInput('expected a list of events: give what "kubectl get events -A -o json" prints')
    for item in items:
        record = json_objects.event_record(item) if isinstance(item, dict) else None
        if record is None:
            skipped["item that is no event"] += 1
        else:
            yield record
