"""The sample's nodes: several GPU products in racks and zones, one table a reader can take in at a glance.

Small jobs may use `SMALL`; whole-node jobs have products of their own, so that none has to wait by chance. The other
products are kept for what is planted: nobody else asks for them, so they stay as they were planted.
"""

from collections.abc import Iterator
from typing import NamedTuple
from uuid import NAMESPACE_DNS, uuid5

from podlore.traces.job import NodeShape

T4 = "Tesla-T4"
A10 = "NVIDIA-A10"
L4 = "NVIDIA-L4"
V100 = "Tesla-V100-SXM2-32GB"
L40S = "NVIDIA-L40S"
A100 = "NVIDIA-A100-SXM4-80GB"
P100 = "Tesla-P100-PCIE-16GB"
H100 = "NVIDIA-H100-80GB-HBM3"
H200 = "NVIDIA-H200"
B200 = "NVIDIA-B200"

SMALL = (T4, A10, L4, V100)

CPU_MILLI_PER_GPU = 16_000
MEMORY_MIB_PER_GPU = 65_536
CPU_NODE_GPUS = 8
"""A node without GPUs is as large as one with eight."""


class Pool(NamedTuple):
    """Equal nodes in one zone; ``racks`` of ``nodes_per_rack`` each."""

    product: str
    short: str
    gpus: int
    gpu_memory_mib: int
    zone: str
    racks: tuple[str, ...]
    nodes_per_rack: int


POOLS = (
    Pool(T4, "t4", 4, 15_360, "zone-a", ("a1", "a2"), 8),
    Pool(T4, "t4", 4, 15_360, "zone-b", ("b1", "b2"), 7),
    Pool(A10, "a10", 4, 23_028, "zone-a", ("a3", "a4"), 6),
    Pool(A10, "a10", 4, 23_028, "zone-b", ("b3", "b4"), 6),
    Pool(A10, "a10", 4, 23_028, "zone-c", ("c1",), 2),
    Pool(L4, "l4", 4, 23_034, "zone-a", ("a5",), 6),
    Pool(L4, "l4", 4, 23_034, "zone-b", ("b5",), 6),
    Pool(L4, "l4", 4, 23_034, "zone-c", ("c1",), 2),
    Pool(V100, "v100", 8, 32_768, "zone-a", ("a6", "a7"), 8),
    Pool(L40S, "l40s", 4, 46_068, "zone-b", ("b6", "b7"), 6),
    Pool(A100, "a100", 8, 81_920, "zone-a", ("a8", "a9"), 8),
    Pool(P100, "p100", 4, 16_384, "zone-c", ("c2",), 6),
    Pool(H100, "h100", 8, 81_559, "zone-b", ("b8",), 8),
    Pool(H200, "h200", 8, 143_771, "zone-c", ("c3", "c4", "c5", "c6"), 4),
    Pool(B200, "b200", 8, 183_359, "zone-c", ("c7",), 2),
    Pool("", "cpu", 0, 0, "zone-a", ("a10",), 4),
    Pool("", "cpu", 0, 0, "zone-b", ("b9",), 4),
)

NVLINK_RACK_PRODUCTS = (H200, B200)
"""Products whose rack is one NVLink domain."""


def cluster() -> tuple[NodeShape, ...]:
    """Return the sample's nodes.

    >>> cluster()[0].name, len({node.rack for node in cluster()})
    ('t4-a1-1', 26)
    """
    return tuple(node for pool in POOLS for node in _nodes(pool))


def _nodes(pool: Pool) -> Iterator[NodeShape]:
    size = pool.gpus or CPU_NODE_GPUS
    for rack in pool.racks:
        for number in range(1, pool.nodes_per_rack + 1):
            yield NodeShape(
                name=f"{pool.short}-{rack}-{number}",
                product=pool.product,
                gpus=pool.gpus,
                gpu_memory_mib=pool.gpu_memory_mib,
                cpu_milli=size * CPU_MILLI_PER_GPU,
                memory_mib=size * MEMORY_MIB_PER_GPU,
                zone=pool.zone,
                rack=rack,
                clique=f"{uuid5(NAMESPACE_DNS, rack)}.1" if pool.product in NVLINK_RACK_PRODUCTS else "",
            )


def node_names(short: str, rack: str) -> tuple[str, ...]:
    """Return the names of a pool's nodes in one rack.

    >>> node_names("b200", "c7")
    ('b200-c7-1', 'b200-c7-2')
    """
    return tuple(node.name for node in cluster() if node.name.startswith(f"{short}-{rack}-"))
