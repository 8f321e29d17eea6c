"""What a file of pairs may hold, and how what it may not hold is named."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from podlore.errors import BadInput, NotEnoughEvidence
from podlore.interference.pairs import Configuration
from podlore.interference.read_pairs import read_pairs

Write = Callable[[list[dict[str, object]]], Path]
Site = Callable[..., list[dict[str, object]]]
GPUS = {"old": 1.0, "new": 4.0}


def test_both_jobs_of_a_row_become_co_runs_and_repeats_are_averaged(write_pairs: Write, site: Site) -> None:
    once = read_pairs(write_pairs(site(GPUS)))
    twice = read_pairs(write_pairs(site(GPUS) * 2))
    assert len(once) == len(twice) == 2 * 8 * 8
    assert np.allclose(once.speed, twice.speed)
    assert once.gpu_types == ("new", "old")
    assert Configuration("conv", 16.0) in once.configurations


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("norm_a", "nan", "not finite"),
        ("norm_a", "0.999", "is not colocated/isolated"),
        ("colocated_b", "-3", "negative"),
        ("isolated_a", "0", "does nothing alone"),
        ("isolated_b", "1e-9", "times as fast with a neighbour"),
        ("colocated_a", "fast", "no number"),
        ("batch_b", "inf", "not finite"),
        ("feasible", "2", "neither 0 nor 1"),
        ("gpu_type", " ", "empty"),
        ("job_a", "x\x1b[2J", "printable"),
    ],
)
def test_a_value_that_cannot_be_true_is_named_with_row_and_column(
    write_pairs: Write, site: Site, column: str, value: str, reason: str
) -> None:
    found = site(GPUS)
    found[5][column] = value
    pairs = read_pairs(write_pairs(found))
    [problem] = [one for one in pairs.problems if one.row == 7]
    assert problem.column.startswith(column[:-1]) if column.startswith("isolated") else problem.column == column
    assert reason in problem.reason
    assert pairs.n_rows == len(found)


def test_an_isolated_throughput_of_another_campaign_is_named(write_pairs: Write, site: Site) -> None:
    found = site(GPUS)
    for column in ("isolated_a", "colocated_a"):
        found[9][column] = 11.0 * float(str(found[9][column]))
    [problem] = read_pairs(write_pairs(found)).problems
    assert (problem.row, problem.column) == (11, "isolated_a")


def test_pairs_that_do_not_fit_are_kept_apart(write_pairs: Write, site: Site) -> None:
    found = site(GPUS)
    found[1] |= {"feasible": 0, "colocated_a": 0, "colocated_b": 0, "norm_a": 0, "norm_b": 0}
    mirrored = next(row for row in found if (row["job_a"], row["batch_a"]) == (found[1]["job_b"], found[1]["batch_b"])
                    and (row["job_b"], row["batch_b"]) == (found[1]["job_a"], found[1]["batch_a"])
                    and row["gpu_type"] == found[1]["gpu_type"])  # fmt: skip
    mirrored |= {"feasible": 0, "colocated_a": 0, "colocated_b": 0, "norm_a": 0, "norm_b": 0}
    pairs = read_pairs(write_pairs(found))
    assert len(pairs.infeasible) == 2
    assert len(pairs) == 2 * 8 * 8 - 2


def test_further_columns_of_both_jobs_are_telemetry(write_pairs: Write, site: Site) -> None:
    found = [row | {"sm_active_a": 0.5, "sm_active_b": 0.7} for row in site(GPUS)]
    found[0]["sm_active_a"] = ""
    pairs = read_pairs(write_pairs(found))
    assert set(pairs.telemetry) == {"sm_active"}
    assert not pairs.problems


def test_a_file_without_a_needed_column_is_refused(write_pairs: Write, site: Site) -> None:
    found = site(GPUS)
    for row in found:
        del row["feasible"]
    with pytest.raises(BadInput, match="no column feasible"):
        read_pairs(write_pairs(found))


def test_too_few_usable_rows_say_what_is_wrong_with_the_rest(write_pairs: Write, site: Site) -> None:
    found = [row | {"isolated_a": "none"} for row in site(GPUS)]
    with pytest.raises(NotEnoughEvidence, match="row 2, column isolated_a"):
        read_pairs(write_pairs(found))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_bytes(b"\xff\xfe\x00gpu")
    with pytest.raises(BadInput):
        read_pairs(path)
