"""The command ``podlore why``."""

import json
from pathlib import Path

import pytest
import yaml
from typer import Typer
from typer.testing import CliRunner

from podlore import snapshot_folder
from podlore.cli.why import why
from podlore.errors import BadInput
from podlore.testing import HOUR, job, node, pod, snapshot
from podlore.why import FREES, WORDS, WaitReason

app = Typer()
app.command()(why)
TEXT = (Path(__file__).parents[3] / "docs" / "why.md").read_text()


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def folder(tmp_path: Path) -> str:
    owner = job("train")
    pods = (pod("train-x1", controller=owner.ref, gpus=8, age=2 * HOUR), pod("same"), pod("same", namespace="nlp"))
    snapshot_folder.write(snapshot(pods=pods, controllers=(owner,), nodes=(node(gpus=4),)), tmp_path)
    return str(tmp_path)


def test_a_pod_is_answered_for_as_its_workload(folder: str) -> None:
    said = json.loads(run("train-x1", "--snapshot", folder, "-o", "json"))
    assert (said["target"], said["reason"], said["waiting"]) == ("vision/Job/train", "Capacity", True)
    assert said["start"]["lowSeconds"] < said["start"]["expectedSeconds"] < said["start"]["highSeconds"]
    assert said == yaml.safe_load(run("vision/Job/train", "--snapshot", folder, "-o", "yaml"))


def test_the_text_says_what_frees_it_and_when(folder: str) -> None:
    said = run("job/train", "--snapshot", folder)
    assert "Reason:   Capacity" in said
    assert "Frees it: work on the nodes" in said
    assert "80 % interval 13 min to 27 h" in said


def test_a_name_of_two_or_of_none_is_an_error_that_names_the_way_out(folder: str) -> None:
    with pytest.raises(BadInput, match="nlp/Pod/same, vision/Pod/same"):
        run("same", "--snapshot", folder)
    assert "nlp/Pod/same" in run("same", "-n", "nlp", "--snapshot", folder)
    with pytest.raises(BadInput, match="no pod or workload 'nobody'"):
        run("nobody", "--snapshot", folder)


def test_the_document_lists_every_reason_in_order() -> None:
    rows = [f"| {reason} | {WORDS[reason]} | {FREES[reason]} |" for reason in WaitReason]
    assert "\n".join(rows) in TEXT
