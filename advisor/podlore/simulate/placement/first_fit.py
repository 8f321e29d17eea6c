"""FirstFit: the first node with room."""

from podlore.simulate.jit import jit
from podlore.simulate.placement.cluster import Mix, Nodes, Shapes
from podlore.simulate.placement.engine import tightest_gpu


@jit
def first_fit(nodes: Nodes, shapes: Shapes, _mix: Mix, node: int, shape: int) -> tuple[int, int]:
    """Return the same score for every node with room, and the GPU with the least left for a share."""
    return 0, tightest_gpu(nodes, shapes, node, shape)
