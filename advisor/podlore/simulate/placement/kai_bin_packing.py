"""KAI's bin-packing: GPU pods to the node with the fewest GPUs left, others to the one with the least CPU left.

KAI scales what is left between the least and the most of all nodes; the order of nodes is the same without. A share
goes to the shared GPU with the least left, as its plug-in for GPU packing does.

Source: NVIDIA/KAI-Scheduler, plug-ins nodeplacement (binpack) and gpupack.
"""

from podlore.simulate.jit import jit
from podlore.simulate.placement.cluster import WHOLE_GPU_MILLI, Mix, Nodes, Shapes
from podlore.simulate.placement.engine import tightest_gpu

_SHARED_FIRST = 1_000_000


@jit
def kai_bin_packing(nodes: Nodes, shapes: Shapes, _mix: Mix, node: int, shape: int) -> tuple[int, int]:
    """Return a score that grows as less is left, and the GPU for a share."""
    if shapes.gpus[shape] == 0:
        return -nodes.cpu_left_milli[node], -1
    gpu = tightest_gpu(nodes, shapes, node, shape)
    score = -nodes.gpu_total_left_milli[node]
    if shapes.gpu_milli[shape] < WHOLE_GPU_MILLI and nodes.gpu_left_milli[node, gpu] < WHOLE_GPU_MILLI:
        score += _SHARED_FIRST
    return score, gpu
