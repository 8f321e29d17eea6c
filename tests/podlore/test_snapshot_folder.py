"""Snapshots on disk: what is read is what was written, and nothing else is believed."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from podlore import snapshot_folder
from podlore.advisor import advise
from podlore.errors import BadInput, Unavailable
from podlore.policy import Policy
from podlore.snapshot import History, Snapshot
from podlore.testing import NOW, gang, gpu_window, node, pod, snapshot
from podlore.vocabulary import Condition, Event, Failure, ObjectRef, Requirement, Resources, Start, Taint, Toleration


@pytest.fixture
def seen() -> Snapshot:
    controller, workers = gang(nodes=("gpu-1",), waiting=1)
    idle = pod(
        "idle",
        node="gpu-2",
        labels={"a": "ü\u2028"},
        affinity_terms=((Requirement("k", "In", ("v",)),),),
        tolerations=(Toleration("k"),),
    )
    ref = ObjectRef("", "Pod", "vision", "idle")
    return snapshot(
        nodes=(node(), node("gpu-2", taints=(Taint("k", "NoSchedule"),))),
        pods=(*workers, idle),
        controllers=(replace(controller, conditions=(Condition("Ready", "True"),)),),
        events=(Event("e", ref, "BackOff", "x"),),
        gpu_windows=(gpu_window(idle, activity=0.0),),
        has_metrics=True,
        history=History(
            (Start("p", "vision", ref, NOW, NOW + 1, Resources(gpu_milli=1)),),
            (Failure("vision", "p", "main", ref, "gpu-2", NOW, 1),),
        ),
        policy=Policy(namespaces_exclude=("x",)),
    )


def test_what_is_read_is_what_was_written(seen: Snapshot, tmp_path: Path) -> None:
    snapshot_folder.write(seen, tmp_path / "deep" / "folder")
    assert snapshot_folder.read(tmp_path / "deep" / "folder") == seen
    assert advise(snapshot_folder.read(tmp_path / "deep" / "folder")) == advise(seen)


def test_each_object_has_a_line(seen: Snapshot, tmp_path: Path) -> None:
    snapshot_folder.write(seen, tmp_path)
    assert len((tmp_path / "pods.json").read_bytes().split(b"\n")) - 1 == len(seen.pods) + 2
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("pods.json", "[{}]"),
        ("pods.json", '[{"namespace": 1}]'),
        ("pods.json", "not json"),
        ("pods.json", "[" * 100_000),
        ("gpu_windows.json", '{"a": 1e400}'),
        ("nodes.json", "[null]"),
        ("policy.json", '{"mode": "Rule"}'),
        ("snapshot.json", '{"version": 99, "now": 0, "observed_since": 0, "has_metrics": false}'),
        ("snapshot.json", ""),
        ("snapshot.json", '{"version": 1, "now": 1' + "0" * 400 + "}"),
    ],
)
def test_what_does_not_fit_is_named_with_its_file(seen: Snapshot, tmp_path: Path, file: str, content: str) -> None:
    snapshot_folder.write(seen, tmp_path)
    (tmp_path / file).write_text(content)
    with pytest.raises(BadInput, match=file):
        snapshot_folder.read(tmp_path)


def test_a_folder_without_a_snapshot_says_how_to_take_one(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="podlore snapshot"):
        snapshot_folder.read(tmp_path)


def test_fields_of_a_later_version_are_passed_over(seen: Snapshot, tmp_path: Path) -> None:
    snapshot_folder.write(seen, tmp_path)
    pods = json.loads((tmp_path / "pods.json").read_text())
    (tmp_path / "pods.json").write_text(json.dumps([one | {"of_tomorrow": 1} for one in pods]))
    assert snapshot_folder.read(tmp_path) == seen


def test_a_folder_that_cannot_be_written_is_said(seen: Snapshot, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="cannot write"):
        snapshot_folder.write(seen, tmp_path / "file")
