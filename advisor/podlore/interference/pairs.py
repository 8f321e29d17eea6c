"""Measured co-runs, as arrays: what a file of pairs says, less what cannot be true.

A configuration is a job with its batch size. A co-run is told by GPU type and an ordered pair (a, b) of configurations:
its ``speed`` is a's throughput beside b over a's throughput alone (0-1). Each row of a file gives two of them; repeats
are averaged. ``podlore.interference.read_pairs`` makes one, models and the evaluation read it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.intp]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Configuration(NamedTuple):
    """A job as its specs tell it: the model's name and the batch size, 0 where there is none."""

    job: str
    batch: float

    def __str__(self) -> str:
        return f"{self.job} ({self.batch:g})"


@dataclass(frozen=True, slots=True)
class CoRuns:
    """Ordered pairs on GPU types: three arrays of equal length, of codes into the tables of a `Pairs`."""

    gpu: Ints
    a: Ints
    b: Ints

    def __len__(self) -> int:
        return len(self.gpu)

    def take(self, rows: Ints) -> "CoRuns":
        """Return some of them."""
        return CoRuns(self.gpu[rows], self.a[rows], self.b[rows])

    def swapped(self) -> "CoRuns":
        """Return the same co-runs as the neighbour sees them."""
        return CoRuns(self.gpu, self.b, self.a)


@dataclass(frozen=True, slots=True)
class Problem:
    """A value of a file that cannot be used: its row (the header is row 1), its column, and why."""

    row: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"row {self.row}, column {self.column}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Pairs:
    """Measured co-runs with the specs of their configurations.

    ``speed`` belongs to ``runs``, row by row. ``isolated`` is the throughput alone, shape (GPU types, configurations),
    NaN where it was not measured; ``telemetry`` holds further measurements of the job alone by name, of the same shape.
    ``infeasible`` lists (GPU type, a, b) that do not fit into memory together, in both orders.
    """

    gpu_types: tuple[str, ...]
    configurations: tuple[Configuration, ...]
    runs: CoRuns
    speed: Floats
    isolated: Floats
    telemetry: Mapping[str, Floats]
    infeasible: frozenset[tuple[int, int, int]]
    n_rows: int = 0
    problems: tuple[Problem, ...] = ()

    def __len__(self) -> int:
        return len(self.speed)

    @property
    def jobs(self) -> tuple[str, ...]:
        """The jobs' names, sorted: families of configurations."""
        return tuple(sorted({configuration.job for configuration in self.configurations}))

    @property
    def family(self) -> Ints:
        """The job of each configuration, as a code into `jobs`."""
        code = {job: index for index, job in enumerate(self.jobs)}
        return np.array([code[configuration.job] for configuration in self.configurations], dtype=np.intp)

    @property
    def unordered(self) -> Ints:
        """A number for each co-run that is the same for (a, b) and (b, a): they were measured together."""
        size = len(self.configurations)
        low, high = np.minimum(self.runs.a, self.runs.b), np.maximum(self.runs.a, self.runs.b)
        return (self.runs.gpu * size + low) * size + high
