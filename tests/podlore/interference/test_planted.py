"""Planted aggressors, played through the whole observer: each is named with the resource, and gone once separated."""

import json
from collections import deque
from pathlib import Path

import pytest
from typer.testing import CliRunner

from podlore import snapshot_folder
from podlore.cli.interference import app
from podlore.interference.observed import observed
from podlore.patterns.interference import interference
from podlore.testing.scenario import load
from podlore.testing.scenario.play import snapshots
from podlore.view import ClusterView

CORE = Path(__file__).parents[2] / "scenarios" / "core"


def last_view(name: str) -> ClusterView:
    [(_, last)] = deque(snapshots(load(CORE / name)), maxlen=1)
    return ClusterView(last)


@pytest.fixture(scope="module")
def planted() -> ClusterView:
    return last_view("interference-two-aggressors")


def test_each_victim_is_slowed_by_its_own_aggressor_on_its_own_resource(planted: ClusterView) -> None:
    found = {
        edge.victim.name: (edge.aggressor.name.split("-")[0], edge.meeting.resource.value) for edge in observed(planted)
    }
    assert found == {"pretrain": ("transcode", "CPU"), "segment": ("compact", "storage")}


def test_the_true_loss_lies_in_the_interval(planted: ClusterView) -> None:
    for edge in observed(planted):
        assert edge.effect.low < (0.9 - 0.62) / 0.9 < edge.effect.high + 0.02


def test_the_listed_nodes_are_free_of_the_aggressor(planted: ClusterView) -> None:
    for finding in interference(planted):
        assert finding.ranked_nodes
        assert not set(finding.ranked_nodes) & {
            edge.node for edge in observed(planted) if edge.victim == finding.target
        }


def test_after_the_separation_nobody_is_slowed() -> None:
    assert observed(last_view("interference-after-separation")) == ()


def test_the_command_shows_edges_groups_and_moves(planted: ClusterView, tmp_path: Path) -> None:
    snapshot_folder.write(planted.snapshot, tmp_path)
    result = CliRunner().invoke(app, ["graph", "--snapshot", str(tmp_path), "--output", "json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert {one["resource"] for one in found["slowdowns"]} == {"CPU", "storage"}
    assert sorted(len(group) for group in found["groups"]) == [2, 2]
    assert all("transcode" in move["away"][0] or "compact" in move["away"][0] for move in found["moves"])
    assert "move off a-0" in CliRunner().invoke(app, ["graph", "--snapshot", str(tmp_path)]).stdout
