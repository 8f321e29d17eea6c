"""GpuPacking: GPUs already shared first, then free GPUs of used nodes, then nodes that are wholly free.

Three bands of scores: (50, 100] by how little is left on the shared GPU, [33, 50) by how few free GPUs are opened,
below that the smaller of the free nodes.
"""

from podlore.simulate.jit import jit
from podlore.simulate.placement.cluster import GPUS_PER_NODE_MAX, WHOLE_GPU_MILLI, Mix, Nodes, Shapes
from podlore.simulate.placement.engine import tightest_gpu


@jit
def gpu_packing(nodes: Nodes, shapes: Shapes, _mix: Mix, node: int, shape: int) -> tuple[int, int]:
    """Return the score from 0 to 100 (0 for pods without GPU) and the GPU for a share."""
    if shapes.gpus[shape] == 0:
        return 0, -1
    gpu = tightest_gpu(nodes, shapes, node, shape)
    free = 0
    for index in range(GPUS_PER_NODE_MAX):
        free += nodes.gpu_left_milli[node, index] == WHOLE_GPU_MILLI
    if free == nodes.gpus[node]:
        return max(33 - free, free), gpu
    opened = shapes.gpus[shape]
    left_percent = 0
    if shapes.gpu_milli[shape] < WHOLE_GPU_MILLI:
        opened = int(nodes.gpu_left_milli[node, gpu] == WHOLE_GPU_MILLI)
        left_percent = nodes.gpu_left_milli[node, gpu] * 100 // WHOLE_GPU_MILLI
    if opened > 0:
        return max(50 - opened, 33), gpu
    return max(100 - left_percent // 10, 50), gpu
