"""What a set of records is worth: rows by class, what is missing, lengths, copies, templates.

In: normalized records. Out: a plain dictionary, the same for the same records. Called by ``podlore evaluate`` for the
labelled set and the generated one; leakage between them is the evaluation's own affair.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from podlore.events.dedup import deduplicated
from podlore.events.drain import Drain
from podlore.events.readers.table import COLUMNS
from podlore.events.record import LogRecord

_QUANTILES = (0.05, 0.5, 0.95, 1.0)


def quality(records: Sequence[LogRecord]) -> dict[str, Any]:
    """Return the facts of some records.

    >>> facts = quality([LogRecord("disk full", host="n1"), LogRecord("disk full")])
    >>> facts["rows"], facts["missing_share"]["host"], facts["same_message"], facts["templates"]
    (2, 0.5, 1, 1)
    """
    miner = Drain()
    for record in records:
        miner.add(record.message)
    by_class = Counter(str(record.target_category or "unlabelled") for record in records)
    return {
        "rows": len(records),
        "rows_by_class": dict(sorted(by_class.items())),
        "missing_share": {name: _missing(records, name) for name in COLUMNS},
        "message_characters": _quantiles(sorted(len(record.message) for record in records)),
        "copies": len(records) - sum(1 for _ in deduplicated(records)),
        "same_message": len(records) - len({record.message for record in records}),
        "templates": len(miner.templates),
        "labels_of_a_message_that_differ": _contradictions(records),
    }


def _missing(records: Sequence[LogRecord], name: str) -> float:
    return round(sum(not getattr(record, name) for record in records) / max(1, len(records)), 4)


def _quantiles(lengths: Sequence[int]) -> dict[str, int]:
    last = len(lengths) - 1
    return {f"p{100 * share:.0f}": lengths[round(share * last)] for share in _QUANTILES} if lengths else {}


def _contradictions(records: Sequence[LogRecord]) -> int:
    """Return how many messages bear more than one label."""
    labels: dict[str, set[str]] = {}
    for record in records:
        labels.setdefault(f"{record.reason} {record.message}", set()).add(str(record.target_category))
    return sum(len(found) > 1 for found in labels.values())
