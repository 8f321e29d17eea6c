"""Reader of the node lists of Alibaba's GPU cluster trace 2023 (``openb_node_list_*.csv``).

Columns ``sn,cpu_milli,memory_mib,gpu,model``; a node without GPUs has no model. The trace tells neither zone nor rack.
"""

from podlore.errors import BadInput
from podlore.traces.job import NodeShape, Trace
from podlore.traces.table import Row, Table

NAME = "openb node list"
COLUMNS = ("sn", "cpu_milli", "memory_mib", "gpu", "model")
GPUS_MAX = 64

MEMORY_MIB = {"T4": 16384, "P100": 16384, "V100M16": 16384, "V100M32": 32768, "A10": 24576}
"""Memory of the models that are disclosed; G1, G2 and G3 are not."""


def openb_nodes(table: Table) -> Trace:
    """Read an open node list; see `podlore.traces.read_trace`."""
    table.require(*COLUMNS)
    nodes, _ = table.collect(_node)
    return Trace(table.path.stem, NAME, nodes=nodes, problems=tuple(table.problems))


def _node(row: Row) -> NodeShape:
    name, model, gpus = row.text("sn"), row.text("model"), row.integer("gpu", most=GPUS_MAX)
    if not name:
        raise BadInput("no sn (the node's name)")
    if gpus and not model:
        raise BadInput(f"{gpus} GPUs and no model")
    return NodeShape(
        name=name,
        product=model if gpus else "",
        gpus=gpus,
        gpu_memory_mib=MEMORY_MIB.get(model, 0),
        cpu_milli=row.integer("cpu_milli", least=1),
        memory_mib=row.integer("memory_mib", least=1),
    )
