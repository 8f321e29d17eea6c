import json
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner

from podlore.classify import load
from podlore.classify.model_file import shipped_folder
from podlore.cli.train import train


@pytest.mark.slow
def test_training_writes_a_model_that_loads_and_knows_its_data(tmp_path: Path) -> None:
    app = Typer()
    app.command()(train)
    result = CliRunner().invoke(app, ["--to", str(tmp_path / "m"), "--incidents", "200", "--seed", "4"])
    assert result.exit_code == 0, result.output
    manifest = json.loads((tmp_path / "m" / "manifest.json").read_text())
    assert manifest["data"]["generator"]["incidents"] == 200
    assert len(load(tmp_path / "m").classes) == 6


def test_the_shipped_model_says_on_what_it_was_trained() -> None:
    manifest = json.loads((shipped_folder() / "manifest.json").read_text())
    assert manifest["data"]["generator"]["sha256"] == "b6431562153df06378221c7f2fd3f348141d345b4e8bd039bdeb0631955c13fe"
    assert sum(manifest["rows_by_class"].values()) == manifest["rows"]
