"""The compiled loop: one pod after the other, each on the first node with the highest score; nothing departs.

See `podlore.simulate.placement.score_cache` for what makes it fast.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from podlore.simulate.jit import jit, jit_closure
from podlore.simulate.placement.cluster import GPUS_PER_NODE_MAX, WHOLE_GPU_MILLI, Floats, Ints, Mix, Nodes, Shapes
from podlore.simulate.placement.fragmentation import node_fragmentation
from podlore.simulate.placement.score_cache import Pick, Score, changed, empty_scores, looking


class Course(NamedTuple):
    """What happened, one entry an arrival: the node taken (-1: dropped) and the cluster after it, in GPU milli."""

    node: Ints
    arrived_milli: Ints
    used_milli: Ints
    fragmented_milli: Floats


Run = Callable[[Nodes, Shapes, Mix, Ints, int], Course]


@jit
def tightest_gpu(nodes: Nodes, shapes: Shapes, node: int, shape: int) -> int:
    """Return the GPU with the least left that has room for the share, the first of equals."""
    best = -1
    for gpu in range(GPUS_PER_NODE_MAX):
        left = nodes.gpu_left_milli[node, gpu]
        if left >= shapes.gpu_milli[shape] and (best < 0 or left < nodes.gpu_left_milli[node, best]):
            best = gpu
    return best


@jit
def place(nodes: Nodes, shapes: Shapes, node: int, shape: int, gpu: int) -> None:
    """Take the pod's resources from the node: a share from ``gpu``, whole GPUs from the first that are free."""
    nodes.cpu_left_milli[node] -= shapes.cpu_milli[shape]
    nodes.memory_left_mib[node] -= shapes.memory_mib[shape]
    wanted = shapes.gpus[shape]
    milli = shapes.gpu_milli[shape]
    nodes.gpu_total_left_milli[node] -= wanted * milli
    if shapes.kind[shape] > 0:
        nodes.kinds[node, shapes.kind[shape]] += 1
    if wanted == 1 and milli < WHOLE_GPU_MILLI:
        nodes.gpu_left_milli[node, gpu] -= milli
        return
    for index in range(GPUS_PER_NODE_MAX):
        if wanted == 0:
            return
        if nodes.gpu_left_milli[node, index] >= milli:
            nodes.gpu_left_milli[node, index] -= milli
            wanted -= 1


@jit
def _fragmented(nodes: Nodes, mix: Mix, node: int) -> float:
    return node_fragmentation(nodes.cpu_left_milli[node], nodes.gpu_left_milli[node], nodes.model_bit[node], mix)


@cache
def compiled(score: Score, pick: Pick) -> Run:
    """Compile the loop around a policy's score; the compiled function is kept for the process."""
    look = looking(score)

    @jit_closure
    def run(nodes: Nodes, shapes: Shapes, mix: Mix, arrivals: Ints, seed: int) -> Course:
        np.random.seed(seed)
        n_nodes, n_pods = nodes.gpus.size, arrivals.size
        scores = empty_scores(shapes.gpus.size, n_nodes, n_pods)
        fragmented = np.empty(n_nodes)
        for node in range(n_nodes):
            fragmented[node] = _fragmented(nodes, mix, node)
        total_fragmented = fragmented.sum()
        course = Course(
            np.full(n_pods, -1, np.int64), np.zeros(n_pods, np.int64), np.zeros(n_pods, np.int64), np.zeros(n_pods)
        )
        arrived = used = 0
        for pod in range(n_pods):
            shape = arrivals[pod]
            asked = shapes.gpus[shape] * shapes.gpu_milli[shape]
            arrived += asked
            look(nodes, shapes, mix, scores, shape)
            node = pick(scores.value[shape])
            if node >= 0:
                place(nodes, shapes, node, shape, scores.gpu[shape, node])
                changed(scores, node)
                used += asked
                before = fragmented[node]
                fragmented[node] = _fragmented(nodes, mix, node)
                total_fragmented += fragmented[node] - before
            course.node[pod] = node
            course.arrived_milli[pod] = arrived
            course.used_milli[pod] = used
            course.fragmented_milli[pod] = total_fragmented
        return course

    return run
