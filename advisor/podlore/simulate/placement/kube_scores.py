"""The scores of kube-scheduler's NodeResourcesFit, over CPU, memory and the GPU resource with weight 1 each.

All are whole numbers of 0-100 computed as upstream does: per resource with whole division, then the mean over those
that count. A resource that the node lacks does not count, nor does the GPU where the pod asks for none. Fractions of
a GPU count in thousandths; which GPU a share gets is not kube-scheduler's matter: here the one with the least left.

Source: kubernetes/pkg/scheduler/framework/plugins/noderesources (least_allocated, most_allocated,
requested_to_capacity_ratio), v1.37.
"""

from podlore.simulate.jit import jit
from podlore.simulate.placement.cluster import WHOLE_GPU_MILLI, Mix, Nodes, Shapes
from podlore.simulate.placement.engine import tightest_gpu


@jit
def _used_and_there(nodes: Nodes, shapes: Shapes, node: int, shape: int, resource: int) -> tuple[int, int]:
    """Return what would be requested of a resource (0 CPU, 1 memory, 2 GPU) with the pod, and what the node has."""
    if resource == 0:
        there = nodes.cpu_milli[node]
        return there - nodes.cpu_left_milli[node] + shapes.cpu_milli[shape], there
    if resource == 1:
        there = nodes.memory_mib[node]
        return there - nodes.memory_left_mib[node] + shapes.memory_mib[shape], there
    if shapes.gpus[shape] == 0:
        return 0, 0
    there = nodes.gpus[node] * WHOLE_GPU_MILLI
    return there - nodes.gpu_total_left_milli[node] + shapes.gpus[shape] * shapes.gpu_milli[shape], there


@jit
def most_allocated(nodes: Nodes, shapes: Shapes, _mix: Mix, node: int, shape: int) -> tuple[int, int]:
    """Return the mean share that would be in use: the fuller node wins."""
    total, counted = 0, 0
    for resource in range(3):
        used, there = _used_and_there(nodes, shapes, node, shape, resource)
        if there > 0:
            total += used * 100 // there
            counted += 1
    return total // max(counted, 1), tightest_gpu(nodes, shapes, node, shape)


@jit
def least_allocated(nodes: Nodes, shapes: Shapes, _mix: Mix, node: int, shape: int) -> tuple[int, int]:
    """Return the mean share that would be left: the emptier node wins; kube-scheduler's default."""
    total, counted = 0, 0
    for resource in range(3):
        used, there = _used_and_there(nodes, shapes, node, shape, resource)
        if there > 0:
            total += (there - used) * 100 // there
            counted += 1
    return total // max(counted, 1), tightest_gpu(nodes, shapes, node, shape)


@jit
def requested_to_capacity_ratio(nodes: Nodes, shapes: Shapes, _mix: Mix, node: int, shape: int) -> tuple[int, int]:
    """Return the mean along the line from (0 %, 0) to (100 %, 10), ten points a step; resources at 0 do not count."""
    total, counted = 0, 0
    for resource in range(3):
        used, there = _used_and_there(nodes, shapes, node, shape, resource)
        if there > 0 and used * 100 // there > 0:
            total += used * 100 // there
            counted += 1
    if counted == 0:
        return 0, tightest_gpu(nodes, shapes, node, shape)
    return int(total / counted + 0.5), tightest_gpu(nodes, shapes, node, shape)
