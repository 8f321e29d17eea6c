"""Many nodes with the same fault are told once, and fewer are told one by one."""

import pytest

from podlore.advice import Withholding
from podlore.advisor import advise
from podlore.snapshot import Snapshot
from podlore.testing.build import NOW, node
from podlore.vocabulary import Action, Condition, Severity

FAULT = Condition("GpuMemWatch", "True")


def cluster(faulty, total, zone=lambda number: "z1", rack=lambda number: ""):
    from dataclasses import replace

    nodes = [node(f"gpu-{n:03}", zone=zone(n), rack=rack(n)) for n in range(total)]
    return advise(
        Snapshot(
            NOW,
            NOW - 7200,
            nodes=tuple(replace(n, conditions=(FAULT,)) if i < faulty else n for i, n in enumerate(nodes)),
        )
    )


def test_more_than_a_tenth_of_the_nodes_become_one_advice_which_names_them():
    advised = cluster(faulty=12, total=100)
    (one,) = advised.recommendations
    assert (str(one.target), one.action, one.because.cause) == ("Zone/z1", Action.INVESTIGATE, "Common")
    assert "12 of 100 nodes" in one.because.summary
    assert {ref.name for ref in one.because.blamed} == {f"gpu-{n:03}" for n in range(12)}
    assert [held.reason for held in advised.withheld] == [Withholding.COMMON_CAUSE] * 12
    assert one.because.severity in (Severity.CRITICAL, Severity.HIGH)


@pytest.mark.parametrize(("faulty", "total"), [(10, 100), (4, 8)])
def test_a_tenth_of_them_or_a_handful_is_told_node_by_node(faulty, total):
    assert {one.target.kind for one in cluster(faulty, total).recommendations} == {"Node"}
    assert len(cluster(faulty, total).recommendations) == faulty


def test_it_is_about_the_narrowest_domain_that_all_of_them_stand_in():
    (one,) = cluster(8, 40, rack=lambda number: f"r{number // 8}").recommendations
    assert str(one.target) == "Rack/r0"


def test_over_all_zones_it_is_about_the_cluster():
    (one,) = cluster(20, 40, zone=lambda number: f"z{number % 2}").recommendations
    assert str(one.target) == "Cluster/cluster"
