"""The command ``podlore actions``, and the document that is made of the same table."""

import json
from pathlib import Path

import pytest
import yaml
from typer import Typer
from typer.testing import CliRunner

from podlore.advice.action_table import markdown, rows
from podlore.advice.conditions import CONDITIONS
from podlore.cli.actions import actions
from podlore.errors import BadInput
from podlore.vocabulary import Action, Pattern

app = Typer()
app.command()(actions)
DOCUMENT = Path(__file__).parents[3] / "docs" / "actions.md"


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_document_is_the_table() -> None:
    assert DOCUMENT.read_text() == markdown(), "podlore actions --output markdown > docs/actions.md"


def test_every_pattern_has_an_action_and_every_action_a_pattern() -> None:
    found = json.loads(run("--output", "json"))
    assert {row["pattern"] for row in found} == set(Pattern)
    assert {row["action"] for row in found} == set(Action)


def test_every_condition_is_used_and_explained() -> None:
    used = {name for row in rows() for name in (*row["needs"], *row["unless"])}
    assert used == {one.name for one in CONDITIONS}


def test_all_outputs_tell_the_same() -> None:
    found = json.loads(run("-o", "json"))
    assert found == yaml.safe_load(run("-o", "yaml"))
    lines = run().splitlines()
    assert lines[0].split()[:4] == ["PATTERN", "CAUSE", "RANK", "ACTION"]
    assert [line.split()[3] for line in lines[1:]] == [row["action"] for row in found]


def test_one_pattern_alone_can_be_asked_for() -> None:
    assert {row["pattern"] for row in json.loads(run("CrashLoop", "-o", "json"))} == {"CrashLoop"}
    with pytest.raises(BadInput, match="no pattern 'Crash'"):
        run("Crash")
