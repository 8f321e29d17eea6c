"""The documents say what there is: every command, pattern and make target, and nothing that is gone."""

import re
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from podlore.vocabulary import Action, Pattern

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS = sorted(point.name for point in entry_points(group="podlore.commands"))


@pytest.mark.parametrize("command", COMMANDS)
def test_the_readme_lists_the_command(command):
    assert f"| `podlore {command}` |" in README


def test_the_readme_names_no_command_that_is_not_there():
    named = set(re.findall(r"^podlore ([a-z]+)", README, re.MULTILINE)) | set(re.findall(r"`podlore ([a-z]+)", README))
    assert named <= set(COMMANDS)


@pytest.mark.parametrize("pattern", list(Pattern))
def test_the_pattern_is_explained(pattern):
    assert f"| {pattern} |" in (ROOT / "docs" / "patterns.md").read_text()


@pytest.mark.parametrize("action", list(Action))
def test_the_reference_names_the_action(action):
    assert action in (ROOT / "docs" / "api.md").read_text()


def test_every_make_target_in_the_documents_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in DOCUMENTS:
        assert set(re.findall(r"^\s*make ([a-z-]+)", document.read_text(), re.MULTILINE)) <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text()):
        if not target.startswith("http"):
            assert (document.parent / target).exists(), target


def test_ci_calls_exactly_the_test_command_of_the_readme():
    commands = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line and not line.startswith("#")]
    assert commands[-1] == "make test"
    assert "make test " in README


def test_the_three_packages_are_one_distribution():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert packages == ["operator/podlore_operator", "advisor/podlore", "kind-cluster/podlore_lab"]
    assert not any((ROOT / folder / "__init__.py").exists() for folder in ("operator", "advisor", "kind-cluster"))
