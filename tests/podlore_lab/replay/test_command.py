"""``podlore lab replay`` as a person calls it, where no lab is needed."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from podlore.errors import PodloreError
from podlore_lab.cli.lab import app


def replay(*arguments: object) -> str:
    """Return what the command prints, on both its outputs."""
    result = CliRunner().invoke(app, ["replay", *map(str, arguments)])
    if result.exception:
        raise result.exception
    return result.output


def test_a_dry_run_says_what_would_be_done_and_needs_no_lab() -> None:
    said = replay("sample", "--dry-run", "--speed", 600)
    assert "speed 600 is capped at 240: two hours must hold 30 samples, one a second" in said
    assert "846 jobs with 1107 pods in 9 namespaces, 4:40:00 of the trace at speed 240: 0:01:10" in said
    assert "jobs ask for part of a GPU and get a whole one" in said
    assert "get slices of a 10th" in replay("sample", "--dry-run", "--fractions", "time-sliced")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["sample", "--name", "no-such-lab"], "no lab 'no-such-lab' runs; start it with"),
        (["nothing.csv", "--dry-run"], "cannot read nothing.csv"),
        (["--dry-run"], "name a trace"),
        ([], "name a trace"),
        (["sample", "--dry-run", "--begin", "90000"], "90000 s is not before its end at 16800 s"),
    ],
)
def test_a_mistake_says_the_way_out(arguments, reason) -> None:
    with pytest.raises(PodloreError, match=reason):
        replay(*arguments)


def test_a_mistake_is_one_line_and_exit_status_two() -> None:
    command = [Path(sys.executable).parent / "podlore", "lab", "replay", "nothing.csv", "--dry-run"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "podlore: cannot read nothing.csv: No such file or directory\n"


def test_problems_are_said_and_strict_stops_at_the_first(tmp_path) -> None:
    path = tmp_path / "jobs.csv"
    path.write_text("name,submit_seconds,duration_seconds\na,0,60\nb,-1,5\n")
    assert "row 3: submit_seconds -1 is negative (left out)" in replay(path, "--dry-run")
    with pytest.raises(PodloreError, match="jobs, row 3: submit_seconds -1 is negative"):
        replay(path, "--dry-run", "--strict")


def test_a_list_without_times_says_what_it_is_good_for(data) -> None:
    with pytest.raises(PodloreError, match="tells no submit times: it cannot be replayed, only simulated in order"):
        replay(data / "openb" / "openb_pod_list_multigpu20.csv", "--dry-run")


def test_a_day_of_philly_is_planned(data) -> None:
    said = replay(data / "philly" / "philly.csv", "--until", 3600 * 24, "--dry-run")
    assert "1 day, 0:00:00 of the trace at speed 240: 0:06:00" in said
