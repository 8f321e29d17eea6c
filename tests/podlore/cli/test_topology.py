"""``podlore topology`` as a person calls it."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from typer.testing import CliRunner

from podlore import snapshot_folder
from podlore.cli.topology import app
from podlore.errors import BadInput
from podlore.testing import activity, node, pod, snapshot
from podlore.topology.draw import STRIPE_HEIGHT

RACK = "topology.podlore.io/rack"


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    nodes = (node("a", rack="r1"), node("b", rack="r1"), node("c", rack="r<2>"), node("lost"))
    snapshot_folder.write(snapshot(nodes=nodes, pods=(pod(node="a", gpus=8),)), tmp_path / "seen")
    return tmp_path / "seen"


def test_the_tree_shows_domains_loads_and_what_is_unknown(folder: Path) -> None:
    shown = run("show", "--snapshot", folder)
    assert "rack r1  16 GPUs, 50 % held" in shown
    assert "1 nodes lack the label topology.podlore.io/rack, lost among them" in shown
    found = json.loads(run("show", "--snapshot", folder, "--output", "json"))
    assert found["levels"] == [{"level": RACK, "domains": 2, "names": 2}]
    assert (found["nodes"], found["gpus"], found["pods"]) == (4, 32, 1)


def test_between_nodes_lie_links(folder: Path) -> None:
    found = json.loads(run("show", "--snapshot", folder, "--between", "a", "--between", "c", "-o", "json"))
    assert found["distance_links"] == 4
    assert found["common_domain"] == "cluster"
    assert found["bisection_gigabytes_per_second"] == 400.0
    with pytest.raises(BadInput, match="no node 'z'"):
        run("show", "--snapshot", folder, "--between", "z")


@pytest.mark.parametrize("form", ["svg", "html", "graphml", "json"])
def test_pictures_are_well_formed_and_escaped(folder: Path, tmp_path: Path, form: str) -> None:
    to = tmp_path / f"picture.{form}"
    assert "vertices" in run("export", "--snapshot", folder, "--to", to)
    text = to.read_text()
    if form in {"svg", "graphml"}:
        assert len(list(ET.fromstring(text).iter())) > 5
    assert "r<2>" not in text or form == "json"


def test_who_slows_whom_is_said_in_the_tree_and_coloured_in_the_picture(tmp_path: Path) -> None:
    company = [False, True, False, True]
    trainer, decoder = pod("trainer", node="a", gpus=4), pod("decoder", node="a", gpus=1)
    own = [0.45 if there else 0.9 for there in company for _ in range(8)]
    theirs = [0.8 if there else None for there in company for _ in range(8)]
    series = (activity(trainer, own), activity(decoder, theirs))
    seen = snapshot(nodes=(node("a"), node("b")), pods=(trainer, decoder), series=series, has_metrics=True)
    snapshot_folder.write(seen, tmp_path / "seen")
    [line] = [line for line in run("show", "--snapshot", tmp_path / "seen").splitlines() if "─ a " in line]
    assert "decoder slows" in line
    assert "trainer by 50 %" in line
    run("export", "--snapshot", tmp_path / "seen", "--to", tmp_path / "a.svg")
    heights = [float(one.get("height", 0)) for one in ET.fromstring((tmp_path / "a.svg").read_text()).iter()]
    assert heights.count(STRIPE_HEIGHT) == 1


def test_a_file_of_hosts_and_objects_are_read(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "hosts.csv").write_text("host,pod,tor\nh1,p1,t1\nh2,p1,t2\nh3,p2,t3\n")
    assert "levels: pod (2), tor (3); 3 nodes" in run("show", "--file", tmp_path / "hosts.csv")
    objects = tmp_path / "topology.yaml"
    levels = {"levels": [{"nodeLabel": RACK}]}
    objects.write_text(json.dumps({"kind": "Topology", "metadata": {"name": "t"}, "spec": levels}))
    assert "levels: topology.podlore.io/rack (2)" in run("show", "--snapshot", folder, "--objects", objects)


def test_what_is_no_source_or_form_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="either --snapshot DIR or --file"):
        run("show")
    with pytest.raises(BadInput, match="is none of svg, html, graphml, json"):
        run("export", "--snapshot", folder, "--to", tmp_path / "x.png")


def test_the_public_fabric_is_drawn(data: Path, tmp_path: Path) -> None:
    shown = run("show", "--file", data / "topology" / "lingjun_topo.csv", "--depth", 2)
    assert "847 nodes" in shown
    assert "PSW P10" in shown
