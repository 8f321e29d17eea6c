"""Read CSV with a header: the columns of the schema, those of event tables, and any other, which is kept as it is."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from podlore.delimited import Records
from podlore.errors import BadInput
from podlore.events.clean import clean
from podlore.events.record import LogRecord
from podlore.vocabulary import EventClass

COLUMNS = ("timestamp", "host", "facility", "severity", "message", "service", "component", "target_category")
"""The schema's columns, in order; ``labels`` with a JSON object stands for service and component."""

LONGEST_BYTES = 1 << 26
"""What one line of a table may be long; a row of more cannot be told from a quote that was never closed."""

_ALIASES = {
    "severity": ("type", "level"),
    "component": ("labels.component", "involved_kind"),
    "service": ("labels.service", "source_component"),
}


@dataclass(frozen=True, slots=True)
class Table:
    """A header, and each row's cells with its record; a row that says nothing has no record."""

    header: tuple[str, ...]
    rows: Iterator[tuple[tuple[str, ...], LogRecord | None]]


def looks_like(line: str) -> bool:
    """Return whether a line is the header of a table with messages."""
    return "message" in [name.strip().strip('"').lower() for name in line.lstrip("\ufeff").split(",")] and "," in line


def read(lines: Iterable[str], skipped: Counter[str]) -> Iterator[LogRecord]:
    """Yield a record a row.

    >>> [record.message for record in read(["host,message", 'n1,"disk, full"'], Counter())]
    ['disk, full']
    """
    return (record for _, record in read_table(lines, skipped).rows if record is not None)


def rows(lines: Iterable[str], skipped: Counter[str]) -> Iterator[tuple[dict[str, str], LogRecord]]:
    """Yield each row that says something, by column, with its record."""
    table = read_table(lines, skipped)
    for cells, record in table.rows:
        if record is not None:
            yield dict(zip(table.header, cells, strict=True)), record


def read_table(lines: Iterable[str], skipped: Counter[str]) -> Table:
    """Return a table as it stands: every row in order, with as many cells as the header.

    Raises
    ------
    BadInput
        If there is no column ``message``, or a column stands twice.
    """
    reader = Records(_checked(lines, skipped), field_characters_max=LONGEST_BYTES)
    header = tuple(next((cells for cells in reader if cells), ()))
    names = [name.strip().lower() for name in header]
    if names and "message" not in names:
        raise BadInput(f"no column 'message' among {', '.join(names[:12])}: name the column that holds the text so")
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise BadInput(f"the column {twice[0]!r} stands {names.count(twice[0])} times: give each a name of its own")
    return Table(header, _rows(reader, names, skipped))


def _checked(lines: Iterable[str], skipped: Counter[str]) -> Iterator[str]:
    quotes = 0
    for number, line in enumerate(lines, 1):
        if len(line) >= LONGEST_BYTES:
            raise BadInput(f"line {number} has {LONGEST_BYTES:,} bytes or more: that is no table of messages")
        quotes += line.count('"')
        yield f"{line}\n"
    skipped["quote without its partner: rows may have run together"] += quotes % 2


def _rows(
    reader: Iterator[list[str]], names: list[str], skipped: Counter[str]
) -> Iterator[tuple[tuple[str, ...], LogRecord | None]]:
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            skipped["row that is no CSV"] += 1
            continue
        if not cells:
            skipped["blank line"] += 1
            continue
        if len(cells) > len(names):
            skipped["cells beyond the header"] += len(cells) - len(names)
        whole = (*cells[: len(names)], *[""] * (len(names) - len(cells)))
        fields = dict(zip(names, whole, strict=True))
        says_something = bool(clean(fields["message"]) or clean(fields.get("reason", "")))
        skipped["row without a message"] += not says_something
        yield whole, _record(fields) if says_something else None


def _record(fields: Mapping[str, str]) -> LogRecord:
    labels = _labels(fields.get("labels", ""))

    def value(name: str) -> str:
        keys = (name, *_ALIASES.get(name, ()))
        return next((found for key in keys if (found := fields.get(key, ""))), labels.get(name, ""))

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


def _labels(text: str) -> Mapping[str, str]:
    """Return the labels of a JSON object; of anything else none."""
    if not text.startswith("{"):
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, str)} if isinstance(found, dict) else {}
