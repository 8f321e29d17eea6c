"""The two tables of ground truth beside a trace: ``planted.csv`` must be found, ``silent.csv`` must not.

A target is written as advice writes it, ``namespace/Kind/name``. Patterns are those of `podlore.vocabulary.Pattern`.
"""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from podlore.errors import BadInput
from podlore.traces.job import NearMiss, Planted, Problem
from podlore.traces.table import Row, Table, open_table
from podlore.vocabulary import Pattern

PLANTED_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "target": "what the advice must be about, as namespace/Kind/name",
        "pattern": "the pattern that must be found on it",
        "found_from_seconds": "from this second of the trace on, by the pattern's definition",
        "cause": "why the pattern is there, in one word",
        "why": "the same, for people",
    }
)
SILENT_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "target": "what looks like the pattern, as namespace/Kind/name",
        "pattern": "the pattern that must not be found on it",
        "why": "why it is none",
    }
)


def read_planted(path: Path) -> tuple[tuple[Planted, ...], tuple[Problem, ...]]:
    """Read what was planted, and the rows that could not be read."""
    with open_table(path) as table:
        _require(table, PLANTED_COLUMNS)
        found, _ = table.collect(_planted)
        return found, tuple(table.problems)


def read_near_misses(path: Path) -> tuple[tuple[NearMiss, ...], tuple[Problem, ...]]:
    """Read what must stay silent, and the rows that could not be read."""
    with open_table(path) as table:
        _require(table, SILENT_COLUMNS)
        found, _ = table.collect(lambda row: NearMiss(_target(row), _pattern(row), row.text("why")))
        return found, tuple(table.problems)


def write_planted(path: Path, planted: Iterable[Planted]) -> None:
    """Write what was planted."""
    _write(path, PLANTED_COLUMNS, ((p.target, p.pattern, f"{p.found_from_seconds:g}", p.cause, p.why) for p in planted))


def write_near_misses(path: Path, near_misses: Iterable[NearMiss]) -> None:
    """Write what must stay silent."""
    _write(path, SILENT_COLUMNS, ((miss.target, miss.pattern, miss.why) for miss in near_misses))


def _require(table: Table, columns: Mapping[str, str]) -> None:
    table.require(*columns)
    table.refuse_unknown(columns)


def _planted(row: Row) -> Planted:
    seconds = row.seconds("found_from_seconds")
    if seconds is None:
        raise BadInput("no found_from_seconds")
    return Planted(_target(row), _pattern(row), seconds, row.text("cause"), row.text("why"))


def _pattern(row: Row) -> str:
    text = row.text("pattern")
    if text not in list(Pattern):
        raise BadInput(f"unknown pattern {text[:40]!r}; known: {', '.join(Pattern)}")
    return text


def _target(row: Row) -> str:
    text = row.text("target")
    if text.count("/") not in (1, 2):
        raise BadInput(f"target {text[:60]!r} is not like vision/Job/train or Node/gpu-7")
    return text


def _write(path: Path, columns: Mapping[str, str], rows: Iterable[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
