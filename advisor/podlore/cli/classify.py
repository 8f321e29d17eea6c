"""``podlore classify``: say which domain the problem of each log line or event belongs to."""

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from podlore.errors import BadInput

if TYPE_CHECKING:
    from podlore.classify import Classified, Classifier
    from podlore.events.record import LogRecord

BATCH = 1_000
TABLE_MESSAGE_CHARS = 100


class Output(StrEnum):
    """How results are printed; json is one object a line."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def classify(
    files: Annotated[list[str], typer.Argument(help="Log files; - is standard input.")],
    form: Annotated[
        str, typer.Option("--format", help="auto, syslog, json (also journald, Docker), cri, events, csv, plain.")
    ] = "auto",
    output: Annotated[Output, typer.Option(help="table, json (one object a line) or csv.")] = Output.TABLE,
    model: Annotated[Path | None, typer.Option(help="A model folder; by default the shipped one.")] = None,
) -> None:
    """Classify logs and events into Security, Network, Memory, Storage, Application and Other.

    Every message is cleaned, bounded and masked first: mail and network addresses, users, hosts, secrets and cards do
    not appear in a table or JSON. CSV keeps the columns it was given and adds predicted and one p_<Class> a class.

    [bold]podlore classify /var/log/syslog[/]

    [bold]kubectl get events -A -o json | podlore classify - --output json[/]

    [bold]podlore classify labelled.csv --output csv > predicted.csv[/]
    """
    from podlore.classify import load

    classifier, skipped = load(model), Counter[str]()
    printed = _PRINTERS[output](_classified(files, form, classifier, skipped))
    if skipped:
        left_out = ", ".join(f"{count:,} × {what}" for what, count in sorted(skipped.items()))
        typer.echo(f"left out: {left_out}", err=True)
    if not printed:
        typer.echo("no messages", err=True)


_Result = tuple[Mapping[str, str], "LogRecord", "Classified"]


def _classified(files: list[str], form: str, classifier: "Classifier", skipped: Counter[str]) -> Iterator[_Result]:
    from podlore.classify import text_of
    from podlore.events.normalize import normalize

    for name in files:
        for row, raw in _rows(name, form, skipped):
            record = normalize(raw)
            yield row, record, classifier.predict([text_of(record)])[0]


def _rows(name: str, form: str, skipped: Counter[str]) -> Iterator[tuple[Mapping[str, str], "LogRecord"]]:
    from podlore.events.readers import lines, read_log, sniff, table

    with _opened(name) as stream:
        text: Iterable[str] = lines(stream, skipped)
        if form == "auto":
            form, text = sniff(text)
        if form == "csv":
            yield from table.rows(text, skipped)
        else:
            yield from (({}, record) for record in read_log(text, skipped, form))


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


def _print_table(results: Iterator[_Result]) -> int:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("CLASS", "P", "SEVERITY", "FROM", "MESSAGE", box=None, pad_edge=False)
    count = 0
    for _, record, found in _with_progress(results):
        origin = " ".join(part for part in (record.service, record.component) if part)
        text = f"{record.reason} {record.message}".strip()[:TABLE_MESSAGE_CHARS]
        table.add_row(
            str(found.event_class), f"{found.probability:.2f}", record.severity, Text(origin[:32]), Text(text)
        )
        count += 1
    if count:
        Console().print(table)
    return count


def _print_json(results: Iterator[_Result]) -> int:
    count = 0
    for _, record, found in _with_progress(results):
        columns = _columns(record)
        labels = {name: columns.pop(name) for name in ("service", "component")} | {"reason": record.reason}
        chances = {str(name): round(chance, 4) for name, chance in found.probability_by_class.items()}
        facts = {**columns, "labels": labels, "predicted": found.event_class, "probability": chances}
        typer.echo(json.dumps(facts, ensure_ascii=False))
        count += 1
    return count


def _print_csv(results: Iterator[_Result]) -> int:
    writer = None
    count = 0
    for row, record, found in _with_progress(results):
        columns = dict(row) or _columns(record)
        if writer is None:
            chance_columns = [f"p_{name}" for name in found.probability_by_class]
            writer = csv.DictWriter(sys.stdout, [*columns, "predicted", *chance_columns], extrasaction="ignore")
            writer.writeheader()
        chances = {f"p_{name}": f"{chance:.6f}" for name, chance in found.probability_by_class.items()}
        writer.writerow({**columns, "predicted": found.event_class, **chances})
        count += 1
    return count


_PRINTERS = {Output.TABLE: _print_table, Output.JSON: _print_json, Output.CSV: _print_csv}


def _with_progress(results: Iterator[_Result]) -> Iterator[_Result]:
    """Count along on standard error, if somebody looks at it."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("classifying"), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        yield from progress.track(results)
