"""Read CSV with a header: the columns of the schema, those of event tables, and any other, which is kept aside."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator

from podlore.errors import BadInput
from podlore.events.readers.lines import LINE_BYTES
from podlore.events.record import LogRecord
from podlore.vocabulary import EventClass

COLUMNS = ("timestamp", "host", "facility", "severity", "message", "service", "component", "target_category")
"""The schema's columns, in order."""

_ALIASES = {"severity": ("type", "level"), "component": ("involved_kind",), "service": ("source_component",)}


def looks_like(line: str) -> bool:
    """Return whether a line is the header of a table with messages."""
    return "message" in [name.strip().strip('"').lower() for name in line.lstrip("\ufeff").split(",")] and "," in line


def read(lines: Iterable[str], skipped: Counter[str]) -> Iterator[LogRecord]:
    """Yield a record a row.

    >>> [record.message for record in read(["host,message", 'n1,"disk, full"'], Counter())]
    ['disk, full']
    """
    return (record for _, record in rows(lines, skipped))


def rows(lines: Iterable[str], skipped: Counter[str]) -> Iterator[tuple[dict[str, str], LogRecord]]:
    """Yield each row as it stands, with its record.

    Raises
    ------
    BadInput
        If there is no column ``message``.
    """
    csv.field_size_limit(LINE_BYTES)
    reader = csv.DictReader((f"{line}\n" for line in lines), restkey="", restval="")
    names = [name.strip().lower() for name in reader.fieldnames or ()]
    if names and "message" not in names:
        raise BadInput(f"no column 'message' among {', '.join(names[:12])}: name the column that holds the text so")
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            skipped["row that is no CSV"] += 1
            continue
        row.pop("", None)
        fields = {key.strip().lower(): value for key, value in row.items()}
        if not fields["message"].strip() and not fields.get("reason", "").strip():
            skipped["row without a message"] += 1
            continue
        yield row, _record(fields)


def _record(fields: dict[str, str]) -> LogRecord:
    def value(name: str) -> str:
        return next((found for key in (name, *_ALIASES.get(name, ())) if (found := fields.get(key, ""))), "")

    category = value("target_category")
    return LogRecord(
        value("message"),
        timestamp=value("timestamp"),
        host=value("host"),
        facility=value("facility"),
        severity=value("severity"),
        service=value("service"),
        component=value("component"),
        reason=value("reason"),
        target_category=EventClass(category) if category in list(EventClass) else None,
    )
