"""FGD, fragmentation gradient descent: the placement that raises the fragmentation least.

Source: Weng et al., USENIX ATC 2023. The score is the whole part of 100·sigmoid((F_before - F_after)/1000); that
coarseness, with ties broken by node order, carries most of its margin over BestFit.
"""

import math

from podlore.simulate.jit import jit
from podlore.simulate.placement.cluster import GPUS_PER_NODE_MAX, WHOLE_GPU_MILLI, Ints, Mix, Nodes, Shapes
from podlore.simulate.placement.fragmentation import node_fragmentation

STEPS = 100.0


@jit
def fgd(nodes: Nodes, shapes: Shapes, mix: Mix, node: int, shape: int) -> tuple[int, int]:
    """Return the score, and for a share the first GPU that reaches it."""
    return descent(nodes, shapes, mix, node, shape, STEPS)


@jit
def descent(nodes: Nodes, shapes: Shapes, mix: Mix, node: int, shape: int, steps: float) -> tuple[int, int]:  # noqa: PLR0917  (compiled: no keywords)
    """Return the score in so many steps, and for a share the first GPU that reaches it.

    The node is tried as it would be after the placement, and put back: a copy for each score would cost more than it.
    """
    cpu_left, model, left_milli = nodes.cpu_left_milli[node], nodes.model_bit[node], nodes.gpu_left_milli[node]
    before = node_fragmentation(cpu_left, left_milli, model, mix)
    cpu_left = cpu_left - shapes.cpu_milli[shape]
    milli, wanted = shapes.gpu_milli[shape], shapes.gpus[shape]
    if wanted != 1 or milli == WHOLE_GPU_MILLI:
        taken = 0
        for gpu in range(GPUS_PER_NODE_MAX):
            if wanted > 0 and left_milli[gpu] >= milli:
                left_milli[gpu] -= milli
                taken |= 1 << gpu
                wanted -= 1
        after = node_fragmentation(cpu_left, left_milli, model, mix)
        for gpu in range(GPUS_PER_NODE_MAX):
            left_milli[gpu] += milli * (taken >> gpu & 1)
        return _score(before - after, steps), -1
    best = -1
    best_gpu = -1
    for gpu in range(GPUS_PER_NODE_MAX):
        if left_milli[gpu] < milli or _stands_before(left_milli, gpu):
            continue
        left_milli[gpu] -= milli
        score = _score(before - node_fragmentation(cpu_left, left_milli, model, mix), steps)
        left_milli[gpu] += milli
        if score > best:
            best = score
            best_gpu = gpu
    return best, best_gpu


@jit
def _stands_before(left_milli: Ints, gpu: int) -> bool:
    """Say whether an equal GPU was tried already: it would give the same score."""
    for other in range(gpu):  # noqa: SIM110  (numba compiles no generators)
        if left_milli[other] == left_milli[gpu]:
            return True
    return False


@jit
def _score(less: float, steps: float) -> int:
    return int(1.0 / (1.0 + math.exp(-less / 1000.0)) * steps)
