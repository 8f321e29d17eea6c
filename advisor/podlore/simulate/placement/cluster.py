"""Nodes, pod shapes and the expected mix of pods as arrays, as the compiled loop wants them.

Nodes stand in the order in which ties are broken. A pod *shape* is a distinct request; a trace has thousands of
pods and few shapes, which is what makes caching scores by (shape, node) pay.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

GPUS_PER_NODE_MAX = 8
WHOLE_GPU_MILLI = 1000
MODELS_MAX = 64
ANY_MODEL = np.uint64(0xFFFFFFFFFFFFFFFF)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Masks = NDArray[np.uint64]


class Nodes(NamedTuple):
    """What is left on each node; changed in place by the run.

    ``gpu_left_milli`` has shape (n_nodes, 8) with -1 where a node has no such GPU; ``model_bit`` is a mask with one bit
    set. ``kinds`` has shape (n_nodes, 7): the pods placed so far by kind (see `shape_kind`). ``cpu_milli`` and
    ``memory_mib`` are what an empty node has.
    """

    cpu_left_milli: Ints
    memory_left_mib: Ints
    gpu_left_milli: Ints
    gpu_total_left_milli: Ints
    gpus: Ints
    model_bit: Masks
    kinds: Ints
    cpu_milli: Ints
    memory_mib: Ints


class Shapes(NamedTuple):
    """Distinct pod requests; ``gpu_milli`` is per GPU, ``models`` a mask of the GPU models allowed."""

    cpu_milli: Ints
    memory_mib: Ints
    gpus: Ints
    gpu_milli: Ints
    models: Masks
    kind: Ints


class Mix(NamedTuple):
    """The pods that are expected: shapes with their shares, the most frequent first.

    ``terms`` is what advice adds to scores (see `podlore.simulate.placement.advised`); policies alone do not read it.
    """

    share: Floats
    cpu_milli: Ints
    gpus: Ints
    gpu_milli: Ints
    models: Masks
    terms: Ints


def shape_kind(gpus: int, gpu_milli: int) -> int:
    """Return the class of GPU request that clustering keeps together: 0 none, 1 a share, then 1, 2, 4, 8 GPUs.

    >>> [shape_kind(0, 0), shape_kind(1, 500), shape_kind(1, 1000), shape_kind(8, 1000)]
    [0, 1, 2, 5]
    """
    if gpus == 0:
        return 0
    if gpu_milli < WHOLE_GPU_MILLI:
        return 1
    return {1: 2, 2: 3, 4: 4, 8: 5}.get(gpus, 6)
