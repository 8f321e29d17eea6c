"""The command ``podlore advise --snapshot``."""

import json
from pathlib import Path

import pytest
import yaml
from typer import Typer
from typer.testing import CliRunner

from podlore import snapshot_folder
from podlore.cli.advise import advise
from podlore.errors import BadInput
from podlore.testing import gpu_window, job, pod, snapshot

app = Typer()
app.command()(advise)
CONTROLLER = job()
IDLE = pod(node="gpu-1", gpus=8, controller=CONTROLLER.ref)
WINDOWS = tuple(gpu_window(IDLE, gpu=gpu, activity=0.0) for gpu in range(8))


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def folder(tmp_path: Path) -> str:
    seen = snapshot(pods=(IDLE,), controllers=(CONTROLLER,), gpu_windows=WINDOWS, has_metrics=True)
    snapshot_folder.write(seen, tmp_path)
    return str(tmp_path)


def test_the_table_has_kubectls_columns(folder: str) -> None:
    head, row = run("--snapshot", folder).splitlines()
    assert head.split() == ["NAMESPACE", "PATTERN", "ACTION", "SEVERITY", "GPUH", "STATE", "AGE", "TARGET"]
    assert row.split()[:6] == ["vision", "ResourceHoarding", "ReleaseIdle", "medium", "16", "Active"]
    assert row.split()[-1] == "Job/train"


def test_json_and_yaml_say_the_same(folder: str) -> None:
    as_json = json.loads(run("--snapshot", folder, "--output", "json"))
    assert as_json == yaml.safe_load(run("--snapshot", folder, "--output", "yaml"))
    assert as_json[0]["recommendation"]["patch"] == '{"spec":{"suspend":true}}'
    assert as_json[0]["gpuHoursAtStake"] == "16"


def test_explain_adds_evidence_and_steps(folder: str) -> None:
    said = run("--snapshot", folder, "--explain")
    assert "Metric: at most 1 % on 8 devices" in said
    assert "ReleaseIdle: Ask the owner" in said


def test_what_was_withheld_is_explained(tmp_path: Path) -> None:
    quiet = job(labels={"podlore.io/ignore": "true"})
    seen = snapshot(pods=(IDLE,), controllers=(quiet,), gpu_windows=WINDOWS, has_metrics=True)
    snapshot_folder.write(seen, tmp_path)
    assert "ResourceHoarding on vision/Job/train: OptOut" in run("--snapshot", str(tmp_path), "--explain")
    [one] = json.loads(run("--snapshot", str(tmp_path), "--explain", "-o", "json"))
    assert one["withheld"] == "OptOut"


def test_a_quiet_cluster_is_said_to_be_quiet(tmp_path: Path) -> None:
    snapshot_folder.write(snapshot(), tmp_path)
    assert run("--snapshot", str(tmp_path)) == "No advice.\n"


def test_a_terminal_is_safe_from_names(tmp_path: Path) -> None:
    evil = pod("a\x1b[2J", node="gpu-1")
    seen = snapshot(pods=(evil,), gpu_windows=(gpu_window(evil, activity=0.0),), has_metrics=True)
    snapshot_folder.write(seen, tmp_path)
    assert "\x1b" not in run("--snapshot", str(tmp_path), "--explain")


def test_a_folder_without_a_snapshot_is_an_error_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"snapshot\.json"):
        run("--snapshot", str(tmp_path))
