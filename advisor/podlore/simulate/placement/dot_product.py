"""DotProd: the node whose free CPU and GPU point least in the direction of the request.

Source: Grandl et al., "Multi-resource packing for cluster schedulers" (Tetris), SIGCOMM 2014, with the sign of the
published FGD study: the smaller the product of free and asked, the higher the score, so that little is left over.
"""

from podlore.simulate.jit import jit
from podlore.simulate.placement.best_fit import CPU_MILLI_MAX, GPU_MILLI_MAX
from podlore.simulate.placement.cluster import Mix, Nodes, Shapes
from podlore.simulate.placement.engine import tightest_gpu


@jit
def dot_product(nodes: Nodes, shapes: Shapes, _mix: Mix, node: int, shape: int) -> tuple[int, int]:
    """Return the score from 0 to 100 and the GPU for a share: the one with the least left."""
    gpu_wanted = shapes.gpus[shape] * shapes.gpu_milli[shape]
    product = nodes.cpu_left_milli[node] / CPU_MILLI_MAX * (shapes.cpu_milli[shape] / CPU_MILLI_MAX)
    product += nodes.gpu_total_left_milli[node] / GPU_MILLI_MAX * (gpu_wanted / GPU_MILLI_MAX)
    return int(100.0 * (1.0 - product / 2.0)), tightest_gpu(nodes, shapes, node, shape)
