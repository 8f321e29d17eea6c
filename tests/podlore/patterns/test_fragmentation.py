"""Fragmentation: enough in sum, nowhere together."""

from dataclasses import replace

import pytest

from podlore.patterns.fragmentation import fragmentation
from podlore.snapshot import Snapshot
from podlore.testing import HOUR, MINUTE, NOW, gang, node, pod, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Event, Finding, Node, ObjectRef, Pod

NODES = (node("gpu-1"), node("gpu-2"))
HALVES = (pod("a", node="gpu-1", gpus=4), pod("b", node="gpu-2", gpus=4))
WHOLE = pod("whole", gpus=8, age=20 * MINUTE)


def found(seen: Snapshot) -> list[Finding]:
    return list(fragmentation(ClusterView(seen)))


def cluster(*pods: Pod, nodes: tuple[Node, ...] = NODES, **more: object) -> Snapshot:
    return snapshot(nodes=nodes, pods=pods, **more)


def test_two_halves_make_no_whole() -> None:
    [finding] = found(cluster(*HALVES, WHOLE))
    assert (str(finding.target), finding.cause, finding.gpus) == ("vision/Pod/whole", "Node", 8)
    assert "8 GPUs free on 2 nodes, at most 4 GPUs on one" in finding.evidence[0].observed
    assert finding.ranked_nodes == ("gpu-1", "gpu-2")


@pytest.mark.parametrize(
    "seen",
    [
        cluster(*HALVES, replace(WHOLE, created_at=NOW - 10 * MINUTE)),
        cluster(HALVES[0], WHOLE),
        cluster(*HALVES, pod("c", node="gpu-2", gpus=2), WHOLE),
        cluster(*HALVES, WHOLE, nodes=(NODES[0], node("gpu-2", is_cordoned=True))),
        cluster(*HALVES, WHOLE, nodes=(NODES[0], node("gpu-2", is_ready=False))),
        cluster(*HALVES, replace(WHOLE, node_selector={"pool": "b"})),
        cluster(HALVES[0], replace(HALVES[1], deleted_at=NOW), WHOLE),
        cluster(
            *HALVES, replace(WHOLE, unschedulable_message="0/2 nodes: 2 node(s) didn't match pod anti-affinity rules")
        ),
        cluster(*HALVES, replace(WHOLE, scheduling_gates=("kueue.x-k8s.io/admission",))),
        cluster(*HALVES, pod("cpu-only", gpus=0, cpus=500, age=HOUR)),
    ],
    ids=["young", "fits", "too little", "cordon", "not ready", "constraint", "drain", "affinity", "gate", "cpu"],
)
def test_what_only_looks_like_it_is_silent(seen: Snapshot) -> None:
    assert not found(seen)


def test_gpus_without_cpu_to_feed_them_are_not_free() -> None:
    hungry = (pod("a", node="gpu-1", gpus=4, cpus=126), pod("b", node="gpu-2", gpus=4, cpus=126))
    assert not found(cluster(*hungry, pod("whole", gpus=8, cpus=64)))


def test_a_node_that_is_on_its_way_silences() -> None:
    event = Event("e", ObjectRef("", "Pod", "vision", "whole"), "TriggeredScaleUp", "", last_seen_at=NOW - 5 * MINUTE)
    assert not found(cluster(*HALVES, WHOLE, events=(event,)))
    late = replace(event, last_seen_at=NOW - HOUR)
    assert found(cluster(*HALVES, WHOLE, events=(late,)))


def test_a_gang_needs_room_for_all_its_pods() -> None:
    controller, pods = gang(waiting=2, gpus=6)
    third = node("gpu-3", gpus=4)
    assert found(cluster(pod("a", node="gpu-2", gpus=4), *pods, nodes=(*NODES, third), controllers=(controller,)))
    assert not found(cluster(*pods, nodes=NODES, controllers=(controller,)))


def test_a_required_domain_is_what_the_gpus_must_share() -> None:
    rack = "topology.podlore.io/rack"
    nodes = (node("gpu-1", rack="r1"), node("gpu-2", rack="r2"))
    controller, pods = gang(waiting=2)
    strict = tuple(replace(one, annotations={"kueue.x-k8s.io/podset-required-topology": rack}) for one in pods)
    [finding] = found(cluster(*strict, nodes=nodes, controllers=(controller,)))
    assert finding.cause == "Domain"
    assert not found(cluster(*pods, nodes=nodes, controllers=(controller,)))
    together = (nodes[0], node("gpu-2", rack="r1"))
    assert not found(cluster(*strict, nodes=together, controllers=(controller,)))
