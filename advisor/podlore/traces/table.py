"""Rows of a CSV file that may be hostile: a path comes in, guarded rows leave; every reader of traces goes through it.

A file that is no text table at all is one `BadInput`. A bad row is a `Problem` with its line, and the next row is read.
"""

import csv
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO, TypeVar

from podlore.delimited import Records
from podlore.errors import BadInput
from podlore.traces.job import Problem

LINE_CHARACTERS_MAX = 200_000
FIELD_CHARACTERS_MAX = 131_072
"""The longest line; the longest in a public trace has some hundred characters. A field is bounded by the csv module."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table, by column; ``number`` is its line in the file (the header is 1)."""

    number: int
    fields: dict[str, str]

    def text(self, column: str) -> str:
        """Return the field without spaces around it; empty where the column or the value is missing."""
        return self.fields.get(column, "").strip()

    def number_or_none(self, column: str, convert: Callable[[str], T]) -> T | None:
        """Return the field as a number, None where it is empty or ``nan``."""
        text = self.text(column)
        if text.lower() in ("", "nan", "none", "null"):
            return None
        try:
            return convert(text)
        except (ValueError, OverflowError):
            raise BadInput(f"{column} {text[:40]!r} is no number") from None

    def integer(self, column: str, *, default: int = 0, least: int = 0, most: int = 2**40) -> int:
        """Return the field as a whole number within bounds."""
        value = self.number_or_none(column, _integer)
        return default if value is None else _within(column, value, least, most)

    def seconds(self, column: str) -> float | None:
        """Return the field as a time or a length of time, which must not be negative; None where it is missing."""
        value = self.number_or_none(column, float)
        return None if value is None else _within(column, value, 0.0, 1e12)

    def share(self, column: str) -> float | None:
        """Return the field as a share (0-1); None where it is missing."""
        value = self.number_or_none(column, float)
        return None if value is None else _within(column, value, 0.0, 1.0)


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        value = float(text)
        if value != int(value):
            raise
        return int(value)


N = TypeVar("N", int, float)


def _within(column: str, value: N, least: N, most: N) -> N:
    if least <= value <= most:  # false for NaN too
        return value
    if value < 0:
        raise BadInput(f"{column} {value:g} is negative")
    raise BadInput(f"{column} {value:g} is not within {least:g} and {most:g}")


@dataclass(slots=True)
class Table:
    """An open table: its header, its rows as they are read, and what was wrong with them."""

    path: Path
    header: tuple[str, ...]
    rows: Iterator[Row]
    problems: list[Problem] = field(default_factory=list)

    def require(self, *columns: str) -> None:
        """Refuse a file whose header lacks one of these columns."""
        if missing := [column for column in columns if column not in self.header]:
            raise BadInput(f"{self.path}: no column {', '.join(missing)}; its header is {','.join(self.header)[:200]}")

    def refuse_unknown(self, known: Iterable[str]) -> None:
        """Refuse a file with a column that nobody would read: it is most often a misspelt one."""
        if unknown := sorted(set(self.header) - set(known)):
            raise BadInput(f"{self.path}: unknown column {', '.join(unknown)[:200]}; known: {', '.join(known)}")

    def collect(self, read: Callable[[Row], T]) -> tuple[tuple[T, ...], tuple[int, ...]]:
        """Read every row; one that cannot be read becomes a problem. Returns what was read, and its line numbers."""
        found: list[T] = []
        numbers: list[int] = []
        for row in self.rows:
            try:
                found.append(read(row))
                numbers.append(row.number)
            except BadInput as error:
                self.problems.append(Problem(row.number, str(error), is_left_out=True))
        return tuple(found), tuple(numbers)


@contextmanager
def open_table(path: Path) -> Iterator[Table]:
    """Open a CSV file with a header; a ``.tar.gz`` with one file in it is read as that file.

    Raises
    ------
    BadInput
        If it cannot be read, is no UTF-8 text, has null bytes, no header, or a field past every reason.
    """
    try:
        file = _packed(path) if path.name.endswith(".tar.gz") else path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror or error}") from None
    with file:
        try:
            yield _begin(path, file)
        except (EOFError, zlib.error, tarfile.TarError) as error:
            raise BadInput(f"{path} is cut off or damaged: {error}") from None
        except UnicodeDecodeError as error:
            raise BadInput(f"{path}: byte {error.start} is no UTF-8 text; save the file as UTF-8") from None
        except OSError as error:
            raise BadInput(f"cannot read {path}: {error.strerror}") from None


def _packed(path: Path) -> TextIO:
    """Open the one file of an archive; nothing is unpacked to disk."""
    try:
        archive = tarfile.open(path, "r:gz")  # noqa: SIM115  (what is read streams from it)
        member = archive.next()
        inner = archive.extractfile(member) if member is not None else None
    except (EOFError, zlib.error, tarfile.TarError) as error:
        raise BadInput(f"{path} is no archive, or cut off: {error}") from None
    if inner is None:
        raise BadInput(f"{path} holds no file")
    return TextIOWrapper(inner, encoding="utf-8-sig", newline="")


def _begin(path: Path, file: TextIO) -> Table:
    records = _records(path, file)
    _, header = next(records, (0, []))
    names = tuple(name.strip() for name in header)
    if not any(names):
        raise BadInput(f"{path} is empty: there is no header")
    if len(set(names)) != len(names):
        raise BadInput(f"{path}: a column comes twice in the header {','.join(names)[:200]}")
    table = Table(path, names, iter(()))
    table.rows = _rows(table, records)
    return table


def _records(path: Path, file: TextIO) -> Iterator[tuple[int, list[str]]]:
    """Parse records with the line each ends on; what no parser should swallow ends the reading with a clear error."""
    reader = Records(_lines(path, file), field_characters_max=FIELD_CHARACTERS_MAX, is_strict=True)
    try:
        for record in reader:
            yield reader.line_num, record
    except csv.Error as error:
        way_out = "is a quote not closed?" if "end of data" in str(error) or "limit" in str(error) else "mend that line"
        raise BadInput(f"{path}, line {reader.line_num}: {error}; {way_out}") from None


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    number = 0
    while line := file.readline(LINE_CHARACTERS_MAX + 1):
        number += 1
        if "\0" in line:
            raise BadInput(f"{path}, line {number}: a null byte; this is no CSV file, or its encoding is not UTF-8")
        if len(line) > LINE_CHARACTERS_MAX:
            raise BadInput(f"{path}, line {number}: longer than {LINE_CHARACTERS_MAX} characters; this is no trace")
        yield line


def _rows(table: Table, records: Iterator[tuple[int, list[str]]]) -> Iterator[Row]:
    wanted = len(table.header)
    for number, record in records:
        if not any(field.strip() for field in record):
            continue
        if len(record) == wanted:
            yield Row(number, dict(zip(table.header, record, strict=True)))
        else:
            cut = "is it cut off?" if len(record) < wanted else "is a comma not quoted?"
            table.problems.append(Problem(number, f"{len(record)} fields instead of {wanted}; {cut}", is_left_out=True))
