"""Where a file says that hosts stand, and what is odd about it."""

from pathlib import Path

import pytest

from podlore.errors import BadInput
from podlore.testing import node
from podlore.topology.fabric_file import read_fabric
from podlore.topology.topology_objects import levels_of_objects


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "topo.csv"
    path.write_text(text)
    return path


def test_levels_are_ordered_by_how_many_domains_they_have(tmp_path: Path) -> None:
    fabric = read_fabric(written(tmp_path, "ASW,ip,DSW,PSW\ns1,h1,g,p1\ns2,h2,g,p1\ns3,h3,g,p2\n"))
    assert fabric.levels == ("DSW", "PSW", "ASW")
    assert [one.name for one in fabric.nodes] == ["h1", "h2", "h3"]
    assert fabric.remarks == ()


def test_blanks_and_names_that_repeat_are_said(tmp_path: Path) -> None:
    fabric = read_fabric(written(tmp_path, "host,PSW,ASW\nh1,p1,s1\nh2,p2,s1\nh3,p2,\n,p2,s9\nh4,p1,s2\nh5,p1,s3\n"))
    assert any("column ASW: blank for 1 hosts, first in row 4" in remark for remark in fabric.remarks)
    assert any("1 of 3 names stand under several parents" in remark for remark in fabric.remarks)
    assert any("row 5, column host: no name" in remark for remark in fabric.remarks)


def test_a_host_in_two_places_is_refused_with_both_rows(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"row 4, column host: h1 stands elsewhere in row 2"):
        read_fabric(written(tmp_path, "host,rack\nh1,r1\nh2,r1\nh1,r2\n"))


@pytest.mark.parametrize("text", ["", "rack,row\na,b\n", "host\nh1\n", "host,r,r\nh,1,2\n"])
def test_a_file_without_hosts_or_levels_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput, match="row 1"):
        read_fabric(written(tmp_path, text))


def test_the_public_fabric_has_its_switches(data: Path) -> None:
    fabric = read_fabric(data / "topology" / "lingjun_topo.csv")
    assert (len(fabric.nodes), fabric.levels) == (847, ("DSW", "PSW", "ASW"))
    names = [len({one.labels[level] for one in fabric.nodes}) for level in fabric.levels]
    assert names == [1, 3, 48]


def test_of_several_topologies_the_one_that_most_nodes_carry_is_taken() -> None:
    host = {"nodeLabel": "kubernetes.io/hostname"}
    objects = [
        {"kind": "Topology", "metadata": {"name": name}, "spec": {"levels": [{"nodeLabel": label}, host]}}
        for name, label in (("kai", "rack"), ("kueue", "block"))
    ]
    levels, remarks = levels_of_objects(objects, [node("a", labels={"rack": "1"})])
    assert levels == ("rack",)
    assert "kueue was not used" in remarks[0]


def test_a_level_above_itself_is_refused() -> None:
    loop = {"kind": "Topology", "metadata": {"name": "t"}, "spec": {"levels": [{"nodeLabel": "a"}, {"nodeLabel": "a"}]}}
    with pytest.raises(BadInput, match="named twice"):
        levels_of_objects([loop], [])


@pytest.mark.parametrize("spec", [None, 3, {"levels": "rack"}, {"levels": [None, {"nodeLabel": 5}]}])
def test_hostile_topologies_have_no_levels(spec: object) -> None:
    assert levels_of_objects([{"kind": "Topology", "spec": spec}], []) == ((), [])
