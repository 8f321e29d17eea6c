import pytest
import yaml
from typer import Typer
from typer.testing import CliRunner

from podlore.errors import BadInput
from podlore_operator.api.crd_schema import crd
from podlore_operator.api.v1alpha1 import KINDS
from podlore_operator.cli.crds import crds

app = Typer()
app.command()(crds)


def run(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])


def test_without_more_the_definitions_are_printed_for_kubectl():
    assert list(yaml.safe_load_all(run().stdout)) == [crd(kind) for kind in KINDS]


def test_what_was_written_is_found_in_step(tmp_path):
    folders = tmp_path / "a", tmp_path / "b"
    assert run("write", *folders).exit_code == 0
    assert run("check", *folders).exit_code == 0
    assert len(list(folders[1].iterdir())) == len(KINDS)


@pytest.mark.parametrize("change", ["edit", "remove", "add"])
def test_a_file_that_differs_is_named(tmp_path, change):
    run("write", tmp_path)
    name = "patternrules.yaml" if change != "add" else "another.yaml"
    if change == "remove":
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_text("kind: Other\n")
    error = run("check", tmp_path).exception
    assert isinstance(error, BadInput)
    assert f"{tmp_path} is out of step in {name}; run: podlore crds write {tmp_path}" == str(error)


@pytest.mark.parametrize("task", ["write", "check"])
def test_a_folder_must_be_given(task):
    assert isinstance(run(task).exception, BadInput)


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("")
    error = run("write", tmp_path / "file").exception
    assert isinstance(error, BadInput)
    assert "choose a folder you can write to" in str(error)


def test_the_reference_names_every_kind():
    told = run("reference").stdout
    assert [kind.__name__ for kind in KINDS if f"## {kind.__name__}\n" not in told] == []
