"""The commands ``podlore explain`` and ``podlore advise --outcomes``."""

import json
from pathlib import Path

import pytest
import yaml
from typer import Typer
from typer.testing import CliRunner

from podlore import snapshot_folder
from podlore.advice.outcome import given_of
from podlore.advisor import advise as advise_on
from podlore.cli.advise import advise
from podlore.cli.explain import explain
from podlore.errors import BadInput
from podlore.snapshot import History
from podlore.testing import HOUR, gpu_window, job, node, pod, snapshot
from podlore.view import ClusterView
from podlore_operator.api.identity import name_of

app = Typer()
app.command()(explain)
app.command()(advise)
OWNER = job()
IDLE = pod(node="gpu-1", gpus=8, controller=OWNER.ref, age=6 * HOUR)
WINDOWS = tuple(gpu_window(IDLE, gpu=gpu, activity=0.0) for gpu in range(8))
SEEN = snapshot(pods=(IDLE,), nodes=(node("gpu-1"),), controllers=(OWNER,), gpu_windows=WINDOWS, has_metrics=True)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def folder(tmp_path: Path) -> str:
    snapshot_folder.write(SEEN, tmp_path)
    return str(tmp_path)


def test_an_advice_is_a_paragraph_with_its_arithmetic(folder: str) -> None:
    said = run("explain", "vision/Job/train", "--snapshot", folder)
    assert "vision/Job/train holds 8 GPUs and has used none of them" in said
    assert "Following it is expected to bring 32 GPU-hours (90 % interval 1.6 to 200), 64 USD" in said
    assert "8 GPUs x 4 h each until the expected end, 24 h at most = 32 GPU-hours" in said
    assert "If it is wrong, following it costs about 8 GPU-hours" in said


def test_it_is_found_by_the_name_of_its_object_too(folder: str) -> None:
    [one] = advise_on(SEEN).recommendations
    by_name = json.loads(run("explain", name_of(one), "--snapshot", folder, "-o", "json"))
    by_target = yaml.safe_load(run("explain", "Job/train", "--snapshot", folder, "-o", "yaml"))
    assert by_name == by_target
    assert by_name[0]["arithmetic"] == list(one.arithmetic)
    assert by_name[0]["evidence"][-1]["observed"] == "; ".join(one.arithmetic)
    assert [gain["unit"] for gain in by_name[0]["recommendation"]["expectedGains"]] == ["GPUHours", "USD"]


def test_no_advice_names_the_way_out(folder: str) -> None:
    with pytest.raises(BadInput, match="advice is about: vision/Job/train"):
        run("explain", "nobody", "--snapshot", folder)


def test_outcomes_stand_beside_what_was_promised(tmp_path: Path) -> None:
    view = ClusterView(SEEN)
    [one] = advise_on(SEEN).recommendations
    given = given_of(one, view, at=SEEN.now - 4 * HOUR)
    gone = snapshot(nodes=SEEN.nodes, controllers=(OWNER,), has_metrics=True, history=History(given=(given,)))
    snapshot_folder.write(gone, tmp_path)
    head, row, _, line = run("advise", "--snapshot", str(tmp_path), "--outcomes").splitlines()
    assert head.split()[3:] == ["FOLLOWED", "PREDICTED", "INTERVAL", "OBSERVED", "CONTROL", "TARGET"]
    assert row.split() == [
        "vision",
        "ResourceHoarding",
        "ReleaseIdle",
        "Followed",
        "32",
        "1.6-200",
        "160",
        "-",
        "Job/train",
    ]
    assert "the interval held 1 of 1 gains" in line
    said = json.loads(run("advise", "--snapshot", str(tmp_path), "--outcomes", "-o", "json"))
    assert said["outcomes"][0]["observed"] == "160"
    assert said["patterns"][0] == {
        "pattern": "ResourceHoarding",
        "outcomes": 1,
        "followed": 1,
        "confidence": 90,
        "calibrated": False,
        "intervalHeld": 1,
        "measured": 1,
    }


def test_without_outcomes_that_is_said(folder: str) -> None:
    assert run("advise", "--snapshot", folder, "--outcomes") == "No outcomes yet.\n"
