"""Random: any node with room, and for a share any GPU with room."""

import numpy as np

from podlore.simulate.jit import jit
from podlore.simulate.placement.cluster import GPUS_PER_NODE_MAX, Mix, Nodes, Shapes


@jit
def random_fit(nodes: Nodes, shapes: Shapes, _mix: Mix, node: int, shape: int) -> tuple[int, int]:
    """Return the same score for every node with room, and some GPU with room for a share."""
    chosen = -1
    n_seen = 0
    for gpu in range(GPUS_PER_NODE_MAX):
        if nodes.gpu_left_milli[node, gpu] >= shapes.gpu_milli[shape]:
            n_seen += 1
            if np.random.randint(n_seen) == 0:
                chosen = gpu
    return 0, chosen
