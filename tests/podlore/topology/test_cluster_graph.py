"""The graph that follows a cluster: the same after any sequence of changes as if it had been built anew."""

import random
from dataclasses import replace

import networkx as nx
import pytest

from podlore.testing import gpu_window, node, pod
from podlore.topology import ROOT, ClusterGraph
from podlore.topology.device import Device, devices
from podlore.topology.link_speeds import UPLINK_LABEL, LinkSpeeds

ZONE, RACK = "topology.kubernetes.io/zone", "topology.podlore.io/rack"
LEVELS = (ZONE, RACK)


def two_zones() -> list:  # type: ignore[type-arg]
    """Return eight nodes: two zones of two racks of two nodes; both zones call their racks r0 and r1."""
    return [node(f"n{n}", zone=f"z{n // 4}", rack=f"r{n // 2 % 2}") for n in range(8)]


def facts(graph: ClusterGraph) -> object:
    vertices = sorted(graph.graph.nodes)
    return vertices, sorted(graph.graph.edges), [(graph.load(v), graph.gpu_milli(v), graph.uplink(v)) for v in vertices]


def test_changes_one_by_one_end_where_building_anew_ends() -> None:
    rng = random.Random(0)
    nodes = {one.name: one for one in two_zones()}
    pods = {f"p{n}": pod(f"p{n}", node=f"n{n % 8}", gpus=n % 3) for n in range(20)}
    graph = ClusterGraph(nodes.values(), pods.values(), levels=LEVELS)
    for _ in range(200):
        name = rng.choice(sorted(nodes))
        match rng.randrange(4):
            case 0:
                moved = replace(rng.choice(sorted(pods.values(), key=lambda p: p.name)), node=name)
                pods[moved.name] = moved
                graph.place(moved)
            case 1:
                graph.remove("vision", f"p{rng.randrange(20)}")
                graph = ClusterGraph(nodes.values(), pods.values(), levels=LEVELS)
            case 2:
                nodes[name] = replace(nodes[name], labels={ZONE: "z9", RACK: "r7"})
                graph.put_node(nodes[name])
            case 3:
                labels = rng.choice([{}, {ZONE: "z1"}, {RACK: "r0"}])
                nodes[name] = node(name, gpus=rng.randrange(9), labels=labels)
                graph.put_node(nodes[name])
        assert facts(graph) == facts(ClusterGraph(nodes.values(), pods.values(), levels=LEVELS))


def test_a_node_that_goes_takes_its_pods_and_its_empty_rack_with_it() -> None:
    graph = ClusterGraph([node("a", rack="r1"), node("b", rack="r2")], [pod(node="a")], levels=LEVELS)
    graph.drop_node("a")
    graph.drop_node("never-there")
    assert sorted(vertex[0] for vertex in graph.graph) == ["domain", *["gpu"] * 8, "node", "root"]
    assert graph.load(ROOT) == 0.0


def test_distances_count_links_up_and_down() -> None:
    graph = ClusterGraph(two_zones(), levels=LEVELS)
    assert [graph.distance("n0", other) for other in ("n0", "n1", "n2", "n4")] == [0, 2, 4, 6]
    assert graph.distance("n0", "gone") is None
    assert graph.common_domain(["n0", "n1"]) == ("domain", RACK, "z0", "r0")
    assert graph.common_domain(["n0", "n4"]) == ROOT
    assert graph.common_domain(["n0", "gone"]) is None


def test_groups_meet_on_the_links_that_both_take() -> None:
    graph = ClusterGraph(two_zones(), levels=LEVELS)
    r0, r1 = ("domain", RACK, "z0", "r0"), ("domain", RACK, "z0", "r1")
    assert graph.shared_links(["n0", "n2"], ["n1", "n3"]) == (r0, r1)
    assert graph.shared_links(["n0", "n1"], ["n2", "n3"]) == ()
    assert graph.links(["n0", "n1", "n2"]) == {r0: 2, r1: 1, ("node", "n0"): 1, ("node", "n1"): 1, ("node", "n2"): 1}


@pytest.mark.parametrize(("oversubscription", "expected"), [(1.0, 800.0), (4.0, 200.0)])
def test_bisection_is_what_two_halves_can_exchange(oversubscription: float, expected: float) -> None:
    graph = ClusterGraph(two_zones(), levels=LEVELS, speeds=LinkSpeeds(oversubscription=oversubscription))
    assert graph.bisection(["n0", "n1", "n2", "n3"]) == expected
    assert graph.bisection(["n0"]) is None


def test_the_slowest_member_bounds_the_bisection() -> None:
    slow = node("slow", rack="r1", labels={UPLINK_LABEL: "10"})
    graph = ClusterGraph([slow, node("fast", rack="r1")], levels=LEVELS)
    assert graph.bisection(["slow", "fast"]) == 10.0


def test_a_share_of_the_gpus_that_is_held_is_the_load() -> None:
    graph = ClusterGraph(two_zones(), [pod(node="n0", gpus=4)], levels=LEVELS)
    assert graph.load(("node", "n0")) == 0.5
    assert graph.load(("domain", RACK, "z0", "r0")) == 0.25
    assert graph.load(ROOT) == 4 / 64
    graph.place(pod(node="n0", gpus=4, phase="Succeeded"))
    assert graph.load(ROOT) == 0.0


def test_devices_stand_under_their_switch_and_slices_under_their_gpu() -> None:
    inside = {
        "a": (Device("gpu", "GPU-0", "pci0"), Device("mig", "MIG-1", "pci0", "GPU-0"), Device("nic", "mlx0", "pci0"))
    }
    holder = pod(node="a")
    window = replace(gpu_window(holder), uuid="GPU-0")
    graph = ClusterGraph([node("a", gpus=1)], [holder], [window], levels=(), devices=inside)
    assert nx.shortest_path(graph.graph, ROOT, ("pod", "vision", "train-0")) == [
        ROOT, ("node", "a"), ("switch", "a", "pci0"), ("gpu", "a", "GPU-0"), ("pod", "vision", "train-0")
    ]  # fmt: skip
    assert graph.children(("gpu", "a", "GPU-0")) == [("mig", "a", "MIG-1"), ("pod", "vision", "train-0")]


def test_a_pod_leads_to_its_workload() -> None:
    key = ("workload", "vision", "Job", "train")
    pods = [pod("t-0", node="a"), pod("t-1", node="a")]
    workloads = {("vision", "t-0"): key, ("vision", "t-1"): key}
    graph = ClusterGraph([node("a")], pods, levels=(), workloads=workloads)
    assert graph.graph.in_degree(key) == 2
    graph.remove("vision", "t-0")
    graph.remove("vision", "t-1")
    assert key not in graph.graph


@pytest.mark.parametrize(
    "hostile",
    [
        {"kind": "ResourceSlice"},
        {"kind": "ResourceSlice", "spec": {"nodeName": ["n"], "devices": {}}},
        {"kind": "ResourceSlice", "spec": {"nodeName": "n", "devices": [None, 7, {"attributes": []}]}},
        {"kind": "NodeResourceTopology", "metadata": 3, "zones": [{"resources": "x"}]},
        {"kind": "NodeResourceTopology", "metadata": {"name": "n"},
         "zones": [{"name": "numa-0", "resources": [{"name": "nvidia.com/gpu", "capacity": "99999999"}]}]},
    ],
)  # fmt: skip
def test_hostile_objects_tell_no_devices(hostile: dict[str, object]) -> None:
    assert not any(devices([hostile]).values())


def test_numa_zones_tell_how_many_gpus_each_has() -> None:
    zones = [{"name": f"numa-{n}", "resources": [{"name": "nvidia.com/gpu", "capacity": 2}]} for n in range(2)]
    found = devices([{"kind": "NodeResourceTopology", "metadata": {"name": "a"}, "zones": zones}])
    assert [device.group for device in found["a"]] == ["numa-0", "numa-0", "numa-1", "numa-1"]
