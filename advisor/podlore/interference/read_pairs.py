"""A CSV file of co-located pairs becomes `Pairs`; each value that cannot be true is named with its row and column.

Needed columns: ``gpu_type, job_a, batch_a, job_b, batch_b, isolated_a, isolated_b, colocated_a, colocated_b`` and
``feasible``; ``norm_a`` and ``norm_b`` are checked against their quotients where they are there. Any further pair of
columns ``X_a, X_b`` with numbers or blanks is telemetry of the jobs alone, except ``*_physical``: a re-measurement of
another campaign. Called by ``podlore interference``.
"""

import csv
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import fmean, median

import numpy as np

from podlore.errors import BadInput, NotEnoughEvidence
from podlore.interference.pairs import Configuration, CoRuns, Floats, Pairs, Problem

NEEDED = (
    "gpu_type", "job_a", "batch_a", "job_b", "batch_b",
    "isolated_a", "isolated_b", "colocated_a", "colocated_b", "feasible",
)  # fmt: skip
KNOWN = frozenset((*NEEDED, "norm_a", "norm_b"))
NORM_TOLERANCE = 0.02
"""A written norm may differ from colocated/isolated by this much."""
SPEED_MAX = 1.5
"""Nothing runs half as fast again for having a neighbour: the two throughputs are of different campaigns or units."""
UNIT_RATIO_MAX = 2.0
"""Isolated throughputs of one configuration on one GPU type agree within this factor."""
ROWS_MAX = 1_000_000
FIELD_CHARACTERS_MAX = 200
CONFIGURATIONS_MIN = 4
CO_RUNS_MIN = 20

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Side:
    """One job of a row, checked."""

    configuration: Configuration
    isolated: float
    speed: float
    telemetry: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Measured:
    """One row, checked."""

    row: int
    gpu_type: str
    a: Side
    b: Side
    is_feasible: bool


class _Refused(Exception):
    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.reason = column, reason


def read_pairs(path: Path) -> Pairs:
    """Return the pairs of a file; rows with problems are left out and listed.

    Raises
    ------
    BadInput
        Where there is no such file, or it lacks a needed column.
    NotEnoughEvidence
        Where fewer than 4 configurations or 20 co-runs are usable.
    """
    problems: list[Problem] = []
    rows = list(_measured(path, problems))
    n_rows = len(rows) + len({problem.row for problem in problems})
    rows = _of_one_unit(rows, problems)
    pairs = _pairs(rows, n_rows, tuple(sorted(problems, key=lambda problem: (problem.row, problem.column))))
    first = f"; {len(problems)} problems, the first: {pairs.problems[0]}" if problems else ""
    for seen, needed, what in (
        (len(pairs.configurations), CONFIGURATIONS_MIN, f"configurations in {path}{first}"),
        (len(pairs), CO_RUNS_MIN, f"usable co-runs in {path}{first}"),
    ):
        if seen < needed:
            raise NotEnoughEvidence(seen, needed, what)
    return pairs


def _measured(path: Path, problems: list[Problem]) -> Iterator[Measured]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restkey="(beyond the last column)")
            columns = tuple(reader.fieldnames or ())
            lacking = [column for column in NEEDED if column not in columns]
            if lacking:
                raise BadInput(f"{path}: row 1: no column {', '.join(lacking)}; needed are {', '.join(NEEDED)}")
            telemetry = _telemetry_names(columns)
            for number, row in enumerate(islice(reader, ROWS_MAX), start=2):
                try:
                    yield _checked(number, row, telemetry)
                except _Refused as refused:
                    problems.append(Problem(number, refused.column, refused.reason))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path}: {error}") from error


def _telemetry_names(columns: tuple[str, ...]) -> tuple[str, ...]:
    stems = {column.removesuffix("_a") for column in columns if column.endswith("_a") and column not in KNOWN}
    return tuple(sorted(stem for stem in stems if f"{stem}_b" in columns and not stem.endswith("physical")))


def _checked(number: int, row: Row, telemetry: tuple[str, ...]) -> Measured:
    gpu_type = _text(row, "gpu_type")
    is_feasible = _number(row, "feasible", least=0.0)
    if is_feasible not in {0.0, 1.0}:
        raise _Refused("feasible", f"{row['feasible']!r} is neither 0 nor 1")
    sides = [_side(row, side, telemetry, is_feasible=bool(is_feasible)) for side in "ab"]
    return Measured(number, gpu_type, sides[0], sides[1], bool(is_feasible))


def _side(row: Row, side: str, telemetry: tuple[str, ...], *, is_feasible: bool) -> Side:
    configuration = Configuration(_text(row, f"job_{side}"), _number(row, f"batch_{side}", least=0.0))
    isolated = _number(row, f"isolated_{side}", least=0.0)
    if isolated == 0:
        raise _Refused(f"isolated_{side}", "0: a job that does nothing alone cannot be slowed")
    colocated = _number(row, f"colocated_{side}", least=0.0)
    speed = colocated / isolated
    if is_feasible:
        _check_speed(row, side, colocated, speed)
    found = {name: _number(row, f"{name}_{side}") for name in telemetry if (row.get(f"{name}_{side}") or "").strip()}
    return Side(configuration, isolated, speed, found)


def _check_speed(row: Row, side: str, colocated: float, speed: float) -> None:
    if colocated == 0:
        raise _Refused(f"colocated_{side}", "0 although the pair is marked feasible")
    if speed > SPEED_MAX:
        raise _Refused(
            f"isolated_{side}",
            f"the job would be {speed:.3g} times as fast with a neighbour as alone; are both of one campaign and unit?",
        )
    if row.get(f"norm_{side}"):
        norm = _number(row, f"norm_{side}", least=0.0)
        if abs(norm - speed) > NORM_TOLERANCE:
            raise _Refused(f"norm_{side}", f"{norm:.4g} is not colocated/isolated = {speed:.4g}")


def _text(row: Row, column: str) -> str:
    text = (row.get(column) or "").strip()
    if not text:
        raise _Refused(column, "empty")
    if len(text) > FIELD_CHARACTERS_MAX or not text.isprintable():
        raise _Refused(column, f"not a name of at most {FIELD_CHARACTERS_MAX} printable characters")
    return text


def _number(row: Row, column: str, least: float = -math.inf) -> float:
    text = (row.get(column) or "").strip()
    try:
        value = float(text)
    except ValueError:
        raise _Refused(column, f"{text[:40]!r} is no number") from None
    if not math.isfinite(value):
        raise _Refused(column, f"{text} is not finite")
    if value < least:
        raise _Refused(column, f"{text} is negative")
    return value


def _of_one_unit(rows: list[Measured], problems: list[Problem]) -> list[Measured]:
    """Return the rows whose isolated throughputs agree with the median of their configuration and GPU type."""
    seen: defaultdict[tuple[str, Configuration], list[float]] = defaultdict(list)
    for row in rows:
        for side in (row.a, row.b):
            seen[row.gpu_type, side.configuration].append(side.isolated)
    usual = {key: median(values) for key, values in seen.items()}
    kept = []
    for row in rows:
        off = [
            (name, side.isolated, usual[row.gpu_type, side.configuration])
            for name, side in (("isolated_a", row.a), ("isolated_b", row.b))
            if abs(math.log(side.isolated / usual[row.gpu_type, side.configuration])) > math.log(UNIT_RATIO_MAX)
        ]
        problems += [
            Problem(row.row, name, f"{value:.4g}, where other rows of the same job say {median_:.4g}")
            for name, value, median_ in off
        ]
        if not off:
            kept.append(row)
    return kept


def _pairs(rows: list[Measured], n_rows: int, problems: tuple[Problem, ...]) -> Pairs:
    gpu_types = tuple(sorted({row.gpu_type for row in rows}))
    configurations = tuple(sorted({side.configuration for row in rows for side in (row.a, row.b)}))
    gpu_code = {name: code for code, name in enumerate(gpu_types)}
    code = {configuration: index for index, configuration in enumerate(configurations)}
    speeds: defaultdict[tuple[int, int, int], list[float]] = defaultdict(list)
    infeasible: set[tuple[int, int, int]] = set()
    for row in rows:
        gpu, a, b = gpu_code[row.gpu_type], code[row.a.configuration], code[row.b.configuration]
        if not row.is_feasible:
            infeasible |= {(gpu, a, b), (gpu, b, a)}
            continue
        speeds[gpu, a, b].append(row.a.speed)
        speeds[gpu, b, a].append(row.b.speed)
    keys = np.array(sorted(speeds), dtype=np.intp).reshape(-1, 3)
    shape = (len(gpu_types), len(configurations))
    alone = _Table(shape)
    telemetry: defaultdict[str, _Table] = defaultdict(lambda: _Table(shape))
    for row in rows:
        for side in (row.a, row.b):
            at = gpu_code[row.gpu_type], code[side.configuration]
            alone.add(at, side.isolated)
            for name, value in side.telemetry.items():
                telemetry[name].add(at, value)
    return Pairs(
        gpu_types=gpu_types,
        configurations=configurations,
        runs=CoRuns(keys[:, 0], keys[:, 1], keys[:, 2]),
        speed=np.array([fmean(speeds[gpu, a, b]) for gpu, a, b in keys.tolist()], dtype=float),
        isolated=alone.mean(),
        telemetry={name: table.mean() for name, table in sorted(telemetry.items())},
        infeasible=frozenset(infeasible - speeds.keys()),
        n_rows=n_rows,
        problems=problems,
    )


class _Table:
    """Means by GPU type and configuration."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._sum, self._count = np.zeros(shape), np.zeros(shape)

    def add(self, at: tuple[int, int], value: float) -> None:
        self._sum[at] += value
        self._count[at] += 1

    def mean(self) -> Floats:
        with np.errstate(invalid="ignore"):
            return np.asarray(self._sum / np.where(self._count, self._count, np.nan), dtype=np.float64)
