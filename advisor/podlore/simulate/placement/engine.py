"""The compiled loop: one pod after the other, scores cached by (shape, node), one placement changes one node.

Each shape remembers how far it has read the log of changed nodes, so that a score is computed again only where
something changed since that shape was last seen. The best node is the first with the highest score.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from podlore.simulate.jit import jit, jit_closure
from podlore.simulate.placement.cluster import (
    GPUS_PER_NODE_MAX,
    WHOLE_GPU_MILLI,
    Floats,
    Ints,
    Mix,
    Nodes,
    Shapes,
)
from podlore.simulate.placement.fragmentation import node_fragmentation

UNFIT = np.iinfo(np.int32).min

Score = Callable[[Nodes, Shapes, Mix, int, int], tuple[int, int]]


class Course(NamedTuple):
    """What happened, one entry an arrival: the node taken (-1: dropped) and the cluster after it, in GPU milli."""

    node: Ints
    arrived_milli: Ints
    used_milli: Ints
    fragmented_milli: Floats


Run = Callable[[Nodes, Shapes, Mix, Ints, int], Course]


@jit
def fits(nodes: Nodes, shapes: Shapes, node: int, shape: int) -> bool:
    """Say whether the pod has CPU, memory, an allowed model and enough GPUs with room on the node."""
    if nodes.cpu_left_milli[node] < shapes.cpu_milli[shape] or nodes.memory_left_mib[node] < shapes.memory_mib[shape]:
        return False
    if shapes.gpus[shape] == 0:
        return True
    if shapes.models[shape] & nodes.model_bit[node] == 0:
        return False
    room = 0
    for gpu in range(GPUS_PER_NODE_MAX):
        room += nodes.gpu_left_milli[node, gpu] >= shapes.gpu_milli[shape]
    return bool(room >= shapes.gpus[shape])


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
def first_best(scores: Ints) -> int:
    """Return the first index with the highest score, or -1 where nothing fits."""
    node = int(np.argmax(scores))
    return -1 if scores[node] == UNFIT else node


@jit
def random_best(scores: Ints) -> int:
    """Return an index with the highest score at random, or -1 where nothing fits."""
    best = scores.max()
    if best == UNFIT:
        return -1
    ties = np.flatnonzero(scores == best)
    return int(ties[np.random.randint(ties.size)])


@cache
def compiled(score: Score, pick: Callable[[Ints], int]) -> Run:
    """Compile the loop around a policy's score; the compiled function is kept for the process."""

    @jit_closure
    def run(nodes: Nodes, shapes: Shapes, mix: Mix, arrivals: Ints, seed: int) -> Course:
        np.random.seed(seed)
        n_nodes, n_shapes, n_pods = nodes.gpus.size, shapes.gpus.size, arrivals.size
        scores = np.full((n_shapes, n_nodes), UNFIT, np.int32)
        gpu_of = np.zeros((n_shapes, n_nodes), np.int8)
        read = np.full(n_shapes, -1, np.int64)
        changed = np.zeros(n_pods, np.int64)
        n_changed = 0
        seen_at = np.full(n_nodes, -1, np.int64)
        fragmented = np.empty(n_nodes)
        for node in range(n_nodes):
            fragmented[node] = node_fragmentation(
                nodes.cpu_left_milli[node], nodes.gpu_left_milli[node], nodes.model_bit[node], mix
            )
        total_fragmented = fragmented.sum()
        course = Course(
            np.full(n_pods, -1, np.int64), np.zeros(n_pods, np.int64), np.zeros(n_pods, np.int64), np.zeros(n_pods)
        )
        arrived = 0
        used = 0
        for pod in range(n_pods):
            shape = arrivals[pod]
            arrived += shapes.gpus[shape] * shapes.gpu_milli[shape]
            n_stale = n_nodes if read[shape] < 0 else n_changed - read[shape]
            for offset in range(n_stale):
                node = offset if read[shape] < 0 else changed[n_changed - 1 - offset]
                if seen_at[node] == pod:
                    continue
                seen_at[node] = pod
                if fits(nodes, shapes, node, shape):
                    value, gpu = score(nodes, shapes, mix, node, shape)
                    scores[shape, node] = value
                    gpu_of[shape, node] = gpu
                else:
                    scores[shape, node] = UNFIT
            read[shape] = n_changed
            node = pick(scores[shape])
            if node >= 0:
                place(nodes, shapes, node, shape, gpu_of[shape, node])
                used += shapes.gpus[shape] * shapes.gpu_milli[shape]
                changed[n_changed] = node
                n_changed += 1
                before = fragmented[node]
                fragmented[node] = node_fragmentation(
                    nodes.cpu_left_milli[node], nodes.gpu_left_milli[node], nodes.model_bit[node], mix
                )
                total_fragmented += fragmented[node] - before
            course.node[pod] = node
            course.arrived_milli[pod] = arrived
            course.used_milli[pod] = used
            course.fragmented_milli[pod] = total_fragmented
        return course

    return run
