"""A small site whose slowdowns follow a law: jobs use shares of a GPU, and those who exceed it together wait."""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

COLUMNS = (
    "gpu_type", "job_a", "batch_a", "job_b", "batch_b", "isolated_a", "isolated_b",
    "colocated_a", "colocated_b", "isolated_a_physical", "norm_a", "norm_b", "feasible",
)  # fmt: skip
Row = dict[str, object]


def rows(gpus: Mapping[str, float], sizes: int = 4) -> list[Row]:
    """Return all ordered pairs of two jobs with some batch sizes each."""
    configurations = [(job, 2**size) for job in ("conv", "lm") for size in range(4, 4 + sizes)]
    return [_row(gpu, fast, a, b) for gpu, fast in gpus.items() for a in configurations for b in configurations]


def _row(gpu: str, fast: float, a: tuple[str, int], b: tuple[str, int]) -> Row:
    alone = [fast * (100.0 if job == "conv" else 30.0) / batch for job, batch in (a, b)]
    use = [(0.2 if job == "conv" else 0.4) * batch**0.25 for job, batch in (a, b)]
    speed = 1.0 / max(1.0, sum(use))
    norms = [round(speed ** (1.0 if job == "conv" else 0.8), 6) for job, _ in (a, b)]
    row: Row = dict.fromkeys(COLUMNS, "0.0")
    row |= {"gpu_type": gpu, "job_a": a[0], "batch_a": a[1], "job_b": b[0], "batch_b": b[1], "feasible": 1}
    row |= {"isolated_a": alone[0], "isolated_b": alone[1], "norm_a": norms[0], "norm_b": norms[1]}
    return row | {"colocated_a": alone[0] * norms[0], "colocated_b": alone[1] * norms[1]}


@pytest.fixture
def write_pairs(tmp_path: Path) -> Callable[[list[Row]], Path]:
    """Write rows into a file."""

    def write(found: list[Row]) -> Path:
        path = tmp_path / "pairs.csv"
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(found[0]))
            writer.writeheader()
            writer.writerows(found)
        return path

    return write


@pytest.fixture
def site() -> Callable[..., list[Row]]:
    """Return rows of a site."""
    return rows
