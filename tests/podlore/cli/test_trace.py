"""``podlore trace`` as a person calls it: what is printed, in which form, with which exit status."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from podlore.cli.trace import app
from podlore.errors import BadInput
from podlore_lab.sample_trace import SAMPLE_FOLDER

BAD = "name,submit_seconds,gpus\na,0,1\na,5,1\nb,-1,1\nc,2\n"


def run(*arguments: object, status: int = 0) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == status, result.output
    return result.stdout


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "jobs.csv"
    path.write_text(BAD)
    return path


def test_a_sample_is_made_and_has_no_problem(tmp_path: Path) -> None:
    assert "planted patterns" in run("sample", "--seed", 3, tmp_path / "mine")
    run("validate", tmp_path / "mine")
    assert json.loads(run("validate", tmp_path / "mine", "-o", "json")) == []
    with (tmp_path / "mine" / "planted.csv").open() as file:
        assert len(list(csv.DictReader(file))) > 10


def test_problems_are_listed_with_their_rows_and_exit_status_one(bad: Path) -> None:
    found = json.loads(run("validate", bad, "--output", "json", status=1))
    assert [(problem["row"], problem["left out"]) for problem in found] == [(4, True), (5, True), (3, False)]
    assert "submit_seconds -1 is negative" in found[0]["reason"]
    assert "'default/Job/a' is also in row 2" in run("validate", bad, status=1)
    assert yaml.safe_load(run("validate", bad, "-o", "yaml", status=1)) == found


def test_strict_stops_at_the_first_problem(bad: Path) -> None:
    with pytest.raises(BadInput, match=r"jobs.csv, row 4: submit_seconds -1 is negative .* \(and 2 more"):
        run("validate", bad, "--strict")


def test_a_trace_is_held_against_a_list_of_nodes(bad: Path, tmp_path: Path) -> None:
    nodes = tmp_path / "nodes.csv"
    nodes.write_text("node,cpu_milli,memory_mib\nn1,1000,1024\n")
    assert "larger than any node it may use" in run("validate", bad, "--nodes", nodes, status=1)


def test_statistics_come_as_table_json_and_yaml(bad: Path) -> None:
    assert "jobs" in run("describe", bad)
    rows = json.loads(run("describe", bad, "-o", "json"))
    assert {"what": "format", "value": "podlore jobs"} in rows
    assert yaml.safe_load(run("describe", bad, "-o", "yaml")) == rows


def test_every_column_of_our_tables_is_explained() -> None:
    rows = json.loads(run("format", "-o", "json"))
    for table in ("jobs.csv", "nodes.csv", "planted.csv", "silent.csv"):
        header = (SAMPLE_FOLDER / table).read_text().splitlines()[0].split(",")
        assert [row["column"] for row in rows if row["table"] == table] == header
    assert all(row["meaning"] for row in rows)


def test_a_mistake_is_one_line_and_exit_status_two(tmp_path: Path) -> None:
    podlore = Path(sys.executable).parent / "podlore"
    for arguments, reason in (
        (["trace", "describe", str(tmp_path / "none.csv")], "cannot read"),
        (["trace", "get", "borg"], "no trace 'borg' to get; known: openb, philly"),
        (["trace", "get", "openb", "--only", "xyz"], "no file of openb has 'xyz' in its name"),
        (["trace", "get", "philly", str(tmp_path), "--base", "http://127.0.0.1:1"], "are you offline?"),
    ):
        done = subprocess.run([podlore, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert reason in done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["sample", "describe", "validate", "format", "get"])
def test_every_command_has_a_help_with_an_example(command: str) -> None:
    assert f"podlore trace {command}" in run(command, "--help")
