"""The graph of a cluster, and what is known of nodes without labels."""

import networkx as nx
import pytest

from podlore.testing import gpu_window, node, pod
from podlore.topology import NODE_LEVEL, Topology
from podlore.topology.cluster_graph import ROOT
from podlore.topology.levels import levels_of

RACK = "topology.podlore.io/rack"
ZONE = "topology.kubernetes.io/zone"


def test_domains_of_one_name_in_two_zones_are_two() -> None:
    topology = Topology([node("a", zone="z1", rack="r"), node("b", zone="z2", rack="r")])
    assert topology.domains(["a", "b"], RACK) == {("z1", "r"): ("a",), ("z2", "r"): ("b",)}
    assert topology.span(["a", "b"], RACK) == 2


def test_a_node_without_a_label_has_no_domain_and_is_named() -> None:
    topology = Topology([node("a", rack="r"), node("b")])
    assert topology.span(["a", "b"], RACK) is None
    assert topology.unplaced == {RACK: ("b",)}
    assert topology.span(["a", "b"], NODE_LEVEL) == 2


def test_the_graph_is_a_tree_down_to_gpus_with_pods_below_them() -> None:
    busy = pod(node="a", gpus=2)
    idle = pod("idle", node="b")
    window = gpu_window(busy)
    topology = Topology([node("a", rack="r", gpus=2), node("b", gpus=1)], [busy, idle], [window])
    graph = topology.graph
    assert nx.is_arborescence(graph)
    assert nx.shortest_path(graph, ROOT, ("pod", "vision", "train-0")) == [
        ROOT,
        ("domain", RACK, "r"),
        ("node", "a"),
        ("gpu", "a", window.uuid),
        ("pod", "vision", "train-0"),
    ]
    assert list(graph.predecessors(("pod", "vision", "idle"))) == [("node", "b")]
    assert sum(vertex[0] == "gpu" for vertex in graph) == 3


@pytest.mark.parametrize(
    ("labels", "levels"),
    [
        ({"topology.k8s.aws/network-node-layer-1": "x", "topology.k8s.aws/network-node-layer-3": "y"}, 2),
        ({"cloud.google.com/gce-topology-block": "x", "cloud.google.com/gce-topology-subblock": "y"}, 2),
        ({"fabric.topograph.run/tier-0": "leaf", "fabric.topograph.run/tier-2": "core"}, 2),
        ({"fabric.topograph.run/tier-0": "leaf", "topology.podlore.io/rack": "r"}, 1),
        ({"nvidia.com/gpu.clique": "c.1", ZONE: "z"}, 2),
        ({f"network.topology.nvidia.com/{level}": "x" for level in ("datacenter", "spine", "block")}, 3),
        ({f"network.topology.nvidia.com/{level}": "x" for level in ("core", "spine", "leaf", "accelerator")}, 4),
        ({"kubernetes.io/os": "linux"}, 0),
    ],
)
def test_the_known_families_are_recognized(labels: dict[str, str], levels: int) -> None:
    assert len(levels_of([node(labels=labels)])) == levels


def test_tiers_run_from_the_core_to_the_leaf() -> None:
    labels = {"fabric.topograph.run/tier-0": "leaf", "fabric.topograph.run/tier-2": "core"}
    assert levels_of([node(labels=labels)]) == ("fabric.topograph.run/tier-2", "fabric.topograph.run/tier-0")


def test_a_policy_names_its_own_levels() -> None:
    assert Topology([node(labels={"hall": "1"})], configured=("hall",)).levels == ("hall", NODE_LEVEL)
