"""GpuClustering: pods of one kind of GPU request keep together.

Four bands of 25 points: nodes that host only this kind, nodes that host it among others, idle nodes, nodes that host
only others; within a band the fuller node.
"""

from podlore.simulate.jit import jit
from podlore.simulate.placement.best_fit import GPU_MILLI_MAX
from podlore.simulate.placement.cluster import Mix, Nodes, Shapes
from podlore.simulate.placement.engine import tightest_gpu


@jit
def gpu_clustering(nodes: Nodes, shapes: Shapes, _mix: Mix, node: int, shape: int) -> tuple[int, int]:
    """Return the score from 0 to 100 (0 for pods without GPU) and the GPU for a share."""
    kind = shapes.kind[shape]
    if kind == 0:
        return 0, -1
    hosted = 0
    for other in range(nodes.kinds.shape[1]):
        hosted += nodes.kinds[node, other] > 0
    hosts_it = nodes.kinds[node, kind] > 0
    band = (75 if hosted == 1 else 50) if hosts_it else (25 if hosted == 0 else 0)
    fullness = 25 * (GPU_MILLI_MAX - nodes.gpu_total_left_milli[node]) // GPU_MILLI_MAX
    return band + fullness, tightest_gpu(nodes, shapes, node, shape)
