"""``podlore classify``: say which domain the problem of each log line or event belongs to."""

import csv
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, TypeVar

import typer

from podlore.errors import BadInput

if TYPE_CHECKING:
    from podlore.classify import Classified, RecordClassifier
    from podlore.events.record import LogRecord

TABLE_MESSAGE_CHARS = 100
NO_PROBLEM = "Other"


class Output(StrEnum):
    """How results are printed; json is one object a line."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def classify(
    files: Annotated[list[str] | None, typer.Argument(help="Log files; none or - is standard input.")] = None,
    form: Annotated[
        str, typer.Option("--format", help="auto, syslog, json (also journald, Docker), cri, events, csv, plain.")
    ] = "auto",
    output: Annotated[Output, typer.Option(help="table, json (one object a line) or csv.")] = Output.TABLE,
    model: Annotated[Path | None, typer.Option(help="A model folder; by default the shipped one.")] = None,
) -> None:
    """Classify logs and events into Security, Network, Memory, Storage, Application and Other.

    Every message is cleaned, bounded and masked first: mail and network addresses, users, hosts, secrets and cards do
    not appear in a table or JSON. JSON also names the words that speak of the cause. A CSV file as CSV keeps its rows,
    their order and all its columns as they are, and gains predicted and one p_<Class> a class; they are empty where a
    row has no message.

    [bold]podlore classify /var/log/syslog[/]

    [bold]kubectl get events -A -o json | podlore classify --output json[/]

    [bold]podlore classify messages.csv --format csv --output csv > predicted.csv[/]
    """
    from podlore.classify import RecordClassifier, load

    if isinstance(sys.stdout, TextIOWrapper):  # what was read in any encoding must not fail on the terminal's
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    classifier, skipped = RecordClassifier(load(model)), Counter[str]()
    inputs = (_input(name, form, skipped) for name in files or ["-"])
    printed = _PRINTERS[output](inputs, classifier)
    if skipped := +skipped:
        left_out = ", ".join(f"{count:,} × {what}" for what, count in sorted(skipped.items()))
        typer.echo(f"left out: {left_out}", err=True)
    if not printed:
        typer.echo("no messages", err=True)


@dataclass(frozen=True, slots=True)
class _Input:
    """What a file holds: its header if it is a table, and each row's cells with its record."""

    name: str
    header: tuple[str, ...] | None
    rows: Iterator[tuple[tuple[str, ...], "LogRecord | None"]]

    def records(self) -> Iterator["LogRecord"]:
        return (record for _, record in self.rows if record is not None)


def _input(name: str, form: str, skipped: Counter[str]) -> _Input:
    from podlore.events.readers import lines, read_log, sniff, table
    from podlore.events.readers.lines import LINE_BYTES

    longest = table.LONGEST_BYTES if form in {"auto", "csv"} else LINE_BYTES
    text: Iterable[str] = lines(_opened(name), skipped, longest)
    if form == "auto":
        form, text = sniff(text)
    if form == "csv":
        found = table.read_table(text, skipped)
        return _Input(name, found.header, found.rows)
    return _Input(name, None, (((), record) for record in read_log(text, skipped, form)))


def _opened(name: str) -> BinaryIO:
    if name == "-":
        return sys.stdin.buffer
    try:
        return Path(name).open("rb")
    except OSError as error:
        raise BadInput(f"cannot read {name}: {error.strerror}") from None


def _columns(record: "LogRecord") -> dict[str, str]:
    from podlore.events.readers.table import COLUMNS

    return {name: str(getattr(record, name) or "") for name in COLUMNS if name != "target_category"}


def _print_table(inputs: Iterator[_Input], classifier: "RecordClassifier") -> int:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("CLASS", "P", "SEVERITY", "FROM", "MESSAGE", box=None, pad_edge=False)
    for record, found in _classified(inputs, classifier):
        origin = " ".join(part for part in (record.service, record.component) if part)
        text = f"{record.reason} {record.message}".strip()[:TABLE_MESSAGE_CHARS]
        table.add_row(
            str(found.event_class), f"{found.probability:.2f}", record.severity, Text(origin[:32]), Text(text)
        )
    if table.row_count:
        Console().print(table)
    return table.row_count


def _print_json(inputs: Iterator[_Input], classifier: "RecordClassifier") -> int:
    count = 0
    for record, found in _classified(inputs, classifier):
        columns = _columns(record)
        labels = {name: columns.pop(name) for name in ("service", "component")} | {"reason": record.reason}
        chances = {str(name): round(chance, 4) for name, chance in found.probability_by_class.items()}
        facts = {**columns, "labels": labels, "predicted": found.event_class, "probability": chances}
        facts["causes"] = classifier.causes(record.message) if found.event_class != NO_PROBLEM else ()
        typer.echo(json.dumps(facts, ensure_ascii=False))
        count += 1
    return count


def _classified(inputs: Iterator[_Input], classifier: "RecordClassifier") -> Iterator[tuple["LogRecord", "Classified"]]:
    """Yield what is printed with a class; what is nothing but blanks and control characters is left out."""
    from podlore.events.normalize import normalize

    for given in _with_progress(record for each in inputs for record in each.records()):
        record = normalize(given)
        if record.message or record.reason:
            yield record, classifier.normalized(record)


def _print_csv(inputs: Iterator[_Input], classifier: "RecordClassifier") -> int:
    writer, header = csv.writer(sys.stdout, lineterminator="\n"), None
    added = ["predicted", *(f"p_{name}" for name in classifier.classes)]
    count = 0
    for each in inputs:
        columns, rows = _kept(each, set(added))
        if header is None:
            header = columns
            writer.writerow([*columns, *added])
        elif columns != header:
            raise BadInput(f"{each.name} has other columns than the file before: classify it by itself")
        for cells, record in _with_progress(rows):
            writer.writerow([*cells, *_answer(record, classifier)])
            count += 1
    return count


_Rows = Iterator[tuple[Sequence[str], "LogRecord | None"]]


def _kept(given: _Input, added: Set[str]) -> tuple[list[str], _Rows]:
    """Return the columns that go out as they came in, and the rows; a log's are those of the schema, masked."""
    from podlore.events.normalize import normalize
    from podlore.events.readers.table import COLUMNS

    if given.header is not None:
        at = [column for column, name in enumerate(given.header) if name.strip() not in added]
        return [given.header[column] for column in at], (
            ([cells[column] for column in at], record) for cells, record in given.rows
        )
    records = (normalize(record) for record in given.records())
    return [name for name in COLUMNS if name != "target_category"], (
        (list(_columns(record).values()), record) for record in records
    )


def _answer(record: "LogRecord | None", classifier: "RecordClassifier") -> list[str]:
    """Return the cells that are added; none of them says anything about a row that says nothing."""
    if record is None:
        return [""] * (1 + len(classifier.classes))
    found = classifier.classify(record)
    return [found.event_class, *(f"{found.probability_by_class[name]:.6f}" for name in classifier.classes)]


_PRINTERS: dict[Output, Callable[[Iterator[_Input], "RecordClassifier"], int]] = {
    Output.TABLE: _print_table,
    Output.JSON: _print_json,
    Output.CSV: _print_csv,
}
_T = TypeVar("_T")


def _with_progress(results: Iterable[_T]) -> Iterator[_T]:
    """Count along on standard error, if somebody looks at it."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("classifying"), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        yield from progress.track(results)
