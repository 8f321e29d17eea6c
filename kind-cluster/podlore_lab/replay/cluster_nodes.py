"""The nodes of a running lab as a trace's checks want them: what a trace asks for is held against what is there."""

from typing import Any

from podlore.clock import Clock
from podlore.objects import read_node
from podlore.traces import NodeShape
from podlore_lab.nodes import RACK_LABEL

Json = dict[str, Any]


def cluster_nodes(nodes: list[Json]) -> tuple[NodeShape, ...]:
    """Return the shapes of nodes as the API server serves them; GPUs are devices, also where they are time-sliced."""
    return tuple(_shape(node) for node in nodes)


def slices_of(nodes: list[Json]) -> int:
    """Return into how many units the lab's GPUs are time-sliced, 1 if they are not."""
    return max((_replicas(node["metadata"].get("labels") or {}) for node in nodes), default=1)


def _replicas(labels: dict[str, str]) -> int:
    return max(1, int(labels.get("nvidia.com/gpu.replicas", "1")))


def _shape(node: Json) -> NodeShape:
    seen = read_node(node, Clock())
    return NodeShape(
        name=seen.name,
        product=seen.labels.get("nvidia.com/gpu.product", ""),
        gpus=seen.allocatable.gpu_milli // 1000 // _replicas(dict(seen.labels)),
        cpu_milli=seen.allocatable.cpu_milli,
        memory_mib=seen.allocatable.memory_bytes >> 20,
        zone=seen.labels.get("topology.kubernetes.io/zone", ""),
        rack=seen.labels.get(RACK_LABEL, ""),
    )
