"""BestFit: least weighted free CPU and GPU after the placement, as a whole score from 0 to 100."""

from podlore.simulate.jit import jit
from podlore.simulate.placement.cluster import Mix, Nodes, Shapes
from podlore.simulate.placement.engine import tightest_gpu

CPU_MILLI_MAX = 128_000
GPU_MILLI_MAX = 8_000


@jit
def best_fit(nodes: Nodes, shapes: Shapes, _mix: Mix, node: int, shape: int) -> tuple[int, int]:
    """Return the score and the GPU for a share: the one with the least left."""
    gpu_wanted = shapes.gpus[shape] * shapes.gpu_milli[shape]
    left = (nodes.cpu_left_milli[node] - shapes.cpu_milli[shape]) / CPU_MILLI_MAX * 0.5
    left += (nodes.gpu_total_left_milli[node] - gpu_wanted) / GPU_MILLI_MAX * 0.5
    return int((1.0 - left) * 100.0), tightest_gpu(nodes, shapes, node, shape)
