"""Fake GPU nodes: shapes come in, from a node list or generated, nodes that KWOK keeps alive stand in the lab.

The labels are those that NVIDIA's GPU feature discovery and a cloud would set; `RACK_LABEL` is the lab's own, since no
cloud has a common one.
"""

import hashlib
import ipaddress
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from podlore.errors import BadInput
from podlore.traces import NodeShape, Problem, read_table, stop_on
from podlore_lab.api import Api, Refused
from podlore_lab.kwok import FAKE_NODE
from podlore_lab.waiting import wait_for

RACK_LABEL = "topology.podlore.io/rack"
REGION = "lab"
PODS_PER_NODE = 110  # a kubelet's default
CREATED_AT_ONCE = 16
READY_SECONDS = 120.0
ADDRESSES = ipaddress.ip_network("10.64.0.0/10")
CONFLICT = 409

A100_MEMORY_MIB = 81920
CPU_MILLI = 96_000
MEMORY_MIB = 1_048_576


def generate_nodes(
    count: int,
    *,
    prefix: str = "gpu",
    product: str = "NVIDIA-A100-SXM4-80GB",
    gpus: int = 8,
    gpu_memory_mib: int = A100_MEMORY_MIB,
    nodes_per_rack: int = 8,
    racks_per_clique: int = 1,
    zones: int = 2,
) -> tuple[NodeShape, ...]:
    """Return equal nodes in racks; the racks of a zone follow each other, and share an NVLink clique by groups.

    Parameters
    ----------
    prefix
        Of the names of nodes, racks and cliques.
    racks_per_clique
        0 for nodes whose NVLink ends at the node.

    Examples
    --------
    >>> shape = generate_nodes(4, nodes_per_rack=2)[2]
    >>> shape.name, shape.zone, shape.rack, shape.clique
    ('gpu-0002', 'zone-b', 'gpu-rack-001', 'gpu-clique-001.0')
    """
    if count < 0 or gpus < 0 or min(nodes_per_rack, zones) < 1:
        raise BadInput(f"no nodes with {count=}, {gpus=}, {nodes_per_rack=}, {zones=}")
    n_racks = -(-count // nodes_per_rack)

    def shape(index: int) -> NodeShape:
        rack = index // nodes_per_rack
        return NodeShape(
            name=f"{prefix}-{index:04d}",
            product=product if gpus else "",
            gpus=gpus,
            gpu_memory_mib=gpu_memory_mib if gpus else 0,
            cpu_milli=CPU_MILLI,
            memory_mib=MEMORY_MIB,
            zone=f"zone-{chr(ord('a') + rack * zones // n_racks)}",
            rack=f"{prefix}-rack-{rack:03d}",
            clique=f"{prefix}-clique-{rack // racks_per_clique:03d}.0" if racks_per_clique and gpus else "",
        )

    return tuple(shape(index) for index in range(count))


def read_shapes(path: Path, *, strict: bool = False) -> tuple[tuple[NodeShape, ...], tuple[Problem, ...]]:
    """Return the nodes of a list (openb's, podlore's own, or a trace's folder), and its bad rows, which are left out.

    Raises
    ------
    BadInput
        If it is no list of nodes; if ``strict``, with the first bad row.
    """
    trace = read_table(path / "nodes.csv" if path.is_dir() else path)
    if strict:
        stop_on(trace.problems, str(path))
    if not trace.nodes:
        raise BadInput(f"{path} is no list of nodes" + "".join(f"; {problem}" for problem in trace.problems[:1]))
    return trace.nodes, trace.problems


def node_object(shape: NodeShape, *, slices: int = 1) -> dict[str, Any]:
    """Return the Node; with ``slices`` above 1 every GPU is time-sliced into so many units.

    >>> node = node_object(NodeShape("a", product="A10", gpus=2, cpu_milli=8000, memory_mib=1024), slices=4)
    >>> node["status"]["capacity"]
    {'cpu': '8000m', 'memory': '1024Mi', 'pods': '110', 'nvidia.com/gpu': '8'}
    """
    resources = {"cpu": f"{shape.cpu_milli}m", "memory": f"{shape.memory_mib}Mi", "pods": str(PODS_PER_NODE)}
    if shape.gpus:
        resources["nvidia.com/gpu"] = str(shape.gpus * slices)
    annotation, value = FAKE_NODE
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": shape.name, "labels": _labels(shape, slices), "annotations": {annotation: value}},
        "spec": {"taints": [{"key": annotation, "value": value, "effect": "NoSchedule"}]},
        "status": {
            "capacity": resources,
            "allocatable": resources,
            "addresses": [
                {"type": "InternalIP", "address": _address(shape.name)},
                {"type": "Hostname", "address": shape.name},
            ],
        },
    }


def create_nodes(api: Api, shapes: Sequence[NodeShape], *, slices: int = 1) -> None:
    """Create nodes, many at once, and return when all are Ready.

    Raises
    ------
    BadInput
        If one of this name exists already, or the API server does not take its name.
    """

    def create(shape: NodeShape) -> None:
        try:
            api.create("/api/v1/nodes", node_object(shape, slices=slices))
        except Refused as refused:
            reason = "it exists already" if refused.code == CONFLICT else str(refused)
            raise BadInput(f"node {shape.name}: {reason}") from refused

    with ThreadPoolExecutor(CREATED_AT_ONCE) as pool:
        for _ in pool.map(create, shapes):
            pass
    waiting = {shape.name for shape in shapes}

    def all_ready() -> bool:
        waiting.difference_update(ready_nodes(api))
        return not waiting

    wait_for(all_ready, f"{len(shapes)} nodes to be Ready", timeout_seconds=READY_SECONDS)


def ready_nodes(api: Api) -> set[str]:
    """Return the names of the nodes that are Ready and may be scheduled on."""
    return {node["metadata"]["name"] for node in list_nodes(api) if _is_ready(node)}


def list_nodes(api: Api) -> list[dict[str, Any]]:
    """Return all nodes."""
    nodes: list[dict[str, Any]] = api.get("/api/v1/nodes?resourceVersion=0")["items"]
    return nodes


def _is_ready(node: dict[str, Any]) -> bool:
    conditions: Iterable[dict[str, str]] = node["status"].get("conditions", ())
    says_ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
    # The taint goes a moment after the condition comes; until then the scheduler stays away.
    return says_ready and not any(t["key"] == "node.kubernetes.io/not-ready" for t in node["spec"].get("taints", ()))


def _labels(shape: NodeShape, slices: int) -> dict[str, str]:
    labels = {
        "kubernetes.io/hostname": shape.name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/region": REGION,
        "topology.kubernetes.io/zone": shape.zone,
        RACK_LABEL: shape.rack,
    }
    if shape.gpus:
        labels |= {
            "nvidia.com/gpu.present": "true",
            "nvidia.com/gpu.product": shape.product,
            "nvidia.com/gpu.count": str(shape.gpus),
            "nvidia.com/gpu.memory": str(shape.gpu_memory_mib) if shape.gpu_memory_mib else "",
            "nvidia.com/gpu.replicas": str(slices),
            "nvidia.com/gpu.sharing-strategy": "time-slicing" if slices > 1 else "none",
            "nvidia.com/gpu.clique": shape.clique,
        }
    return {key: value for key, value in labels.items() if value}


def _address(name: str) -> str:
    """Return an address that stays with the name; two nodes with the same are possible and harm nobody."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) % (ADDRESSES.num_addresses - 2)
    return str(ADDRESSES[number + 1])
