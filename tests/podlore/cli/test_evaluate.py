import csv
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from podlore.cli.evaluate import _key, evaluate
from podlore.errors import BadInput
from podlore.vocabulary import EventClass


def run(*arguments: str) -> Result:
    app = Typer()
    app.command()(evaluate)
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    file = tmp_path / "labelled.csv"
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["message", "target_category"])
        for name in EventClass:
            writer.writerows([f"{name} {word} went wrong", name] for word in ("alpha", "beta", "gamma", "delta", "eta"))
    return file


@pytest.mark.parametrize(
    ("option", "words"), [("--experiment", "no experiment nonsense"), ("--recipe", "no recipe nonsense")]
)
def test_what_does_not_exist_is_named_before_anything_is_trained(
    labelled: Path, tmp_path: Path, option: str, words: str
) -> None:
    error = run(str(labelled), "--to", str(tmp_path / "out"), option, "nonsense").exception
    assert isinstance(error, BadInput)
    assert words in str(error)
    assert not (tmp_path / "out").exists()


def test_a_file_without_rows_of_a_class_is_refused(tmp_path: Path) -> None:
    (tmp_path / "few.csv").write_text("message,target_category\ndisk full,Storage\n")
    error = run(str(tmp_path / "few.csv"), "--to", str(tmp_path / "out")).exception
    assert isinstance(error, BadInput)
    assert "has no rows of Application" in str(error)


def test_results_of_other_data_are_kept_apart() -> None:
    assert _key({"seed": 0}) == _key({"seed": 0})
    assert _key({"seed": 0}) != _key({"seed": 1})
