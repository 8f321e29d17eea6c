"""podlore's own table of nodes (``nodes.csv``): one node a row; zone, rack and NVLink clique are what openb's lacks."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from podlore.errors import BadInput
from podlore.traces.job import NodeShape, Trace
from podlore.traces.table import Row, Table

NAME = "podlore nodes"

COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "node": "the node's name",
        "product": "GPU product, as in the label nvidia.com/gpu.product; empty: no GPUs",
        "gpus": "devices (0)",
        "gpu_memory_mib": "memory of each device",
        "cpu_milli": "thousandths of a core",
        "memory_mib": "main memory",
        "zone": "zone; empty: unknown",
        "rack": "rack, unique in the cluster; empty: unknown",
        "clique": "NVLink clique (nvidia.com/gpu.clique); empty: none",
    }
)
"""Every column and its meaning; the documentation and the checks read it."""


def nodes_table(table: Table) -> Trace:
    """Read an open table of nodes; see `podlore.traces.read_trace`."""
    table.require("node", "cpu_milli", "memory_mib")
    table.refuse_unknown(COLUMNS)
    nodes, _ = table.collect(_node)
    return Trace(table.path.stem, NAME, nodes=nodes, problems=tuple(table.problems))


def write_nodes(path: Path, nodes: Iterable[NodeShape]) -> None:
    """Write nodes as a table that `nodes_table` reads back."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for node in nodes:
            writer.writerow([
                node.name, node.product, node.gpus or "", node.gpu_memory_mib or "", node.cpu_milli, node.memory_mib,
                node.zone, node.rack, node.clique,
            ])  # fmt: skip


def _node(row: Row) -> NodeShape:
    node = NodeShape(
        name=row.text("node"),
        product=row.text("product"),
        gpus=row.integer("gpus", most=64),
        gpu_memory_mib=row.integer("gpu_memory_mib"),
        cpu_milli=row.integer("cpu_milli", least=1),
        memory_mib=row.integer("memory_mib", least=1),
        zone=row.text("zone"),
        rack=row.text("rack"),
        clique=row.text("clique"),
    )
    if not node.name:
        raise BadInput("no name in column node")
    if bool(node.gpus) != bool(node.product):
        raise BadInput(f"{node.gpus} GPUs of product {node.product!r}; give both or neither")
    return node
