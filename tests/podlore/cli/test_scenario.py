"""The command that plays scenarios: what it prints, and how it ends."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from podlore.cli.scenario import app

LIBRARY = Path(__file__).parents[2] / "scenarios"
SCENE = LIBRARY / "core" / "memory-kill-every-two-hours"


def run(*arguments: str) -> tuple[int, list[str], BaseException | None]:
    result = CliRunner().invoke(app, ["run", *arguments])
    return result.exit_code, result.output.splitlines(), result.exception


def copy(scene: Path, folder: Path, expected: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "timeline.yaml").write_bytes((scene / "timeline.yaml").read_bytes())
    (folder / "expected.yaml").write_text(expected)
    return folder


def test_a_scenario_that_is_met_passes() -> None:
    status, lines, _ = run(str(SCENE))
    assert status == 0
    assert any(line.startswith("  found        OutOfMemoryLoop on data/Job/etl") for line in lines)
    assert lines[-1] == "1 passed, 0 failed"


def test_what_is_missed_and_what_is_raised_in_vain_fail_and_are_named(tmp_path: Path) -> None:
    wrong = """
start: '2026-03-09T08:00:00Z'
until: 18000
must: [{target: data/Job/etl, pattern: Straggler}]
must_not: [{target: data/Job/etl}]
"""
    start = (SCENE / "expected.yaml").read_text().split("\n")[0]
    copy(SCENE, tmp_path / "wrong", wrong.replace("start: '2026-03-09T08:00:00Z'", start))
    status, lines, _ = run(str(tmp_path), str(SCENE))
    assert status == 1
    assert any(line.startswith("  missed       Straggler on data/Job/etl") for line in lines)
    assert any(line.startswith("  false alarm  OutOfMemoryLoop on data/Job/etl") for line in lines)
    assert lines[-1] == "1 passed, 1 failed"


def test_a_malformed_scenario_fails_alone_and_says_why(tmp_path: Path) -> None:
    copy(SCENE, tmp_path / "broken", "until: 5\n")
    status, lines, _ = run(str(tmp_path), str(SCENE))
    assert status == 1
    assert any("expected.yaml: no 'start'" in line for line in lines)
    assert lines[-1] == "1 passed, 1 failed"


def test_a_folder_without_scenarios_is_bad_input(tmp_path: Path) -> None:
    _, _, error = run(str(tmp_path))
    assert "no scenario in" in str(error)


@pytest.mark.parametrize("name", ["timeline.yaml", "expected.yaml"])
def test_a_file_that_is_no_yaml_is_named(tmp_path: Path, name: str) -> None:
    folder = copy(SCENE, tmp_path / "broken", (SCENE / "expected.yaml").read_text())
    (folder / name).write_text("a: [")
    _, lines, _ = run(str(folder))
    assert any(name in line for line in lines)
