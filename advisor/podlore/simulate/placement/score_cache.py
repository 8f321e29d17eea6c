"""Scores kept by (shape, node): one placement changes one node, so that only changed nodes are scored again.

Each shape remembers how far it has read the log of changed nodes. `looking` compiles, for a policy's score, the
function that brings a shape's scores up to date.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from podlore.simulate.jit import jit, jit_closure
from podlore.simulate.placement.cluster import GPUS_PER_NODE_MAX, Ints, Mix, Nodes, Shapes

UNFIT = np.iinfo(np.int32).min

Score = Callable[[Nodes, Shapes, Mix, int, int], tuple[int, int]]


class Scores(NamedTuple):
    """Scores and chosen GPUs by (shape, node), and the log of changed nodes; ``counts`` is (nodes changed, looks)."""

    value: NDArray[np.int32]
    gpu: NDArray[np.int8]
    read: Ints
    changed: Ints
    seen_at: Ints
    counts: Ints


Pick = Callable[[NDArray[np.int32]], int]
Look = Callable[[Nodes, Shapes, Mix, Scores, int], None]


@jit
def empty_scores(n_shapes: int, n_nodes: int, n_changes: int) -> Scores:
    """Return scores that nothing is known of yet, with room for so many changes of nodes."""
    return Scores(
        np.full((n_shapes, n_nodes), UNFIT, np.int32),
        np.zeros((n_shapes, n_nodes), np.int8),
        np.full(n_shapes, -1, np.int64),
        np.zeros(n_changes, np.int64),
        np.full(n_nodes, -1, np.int64),
        np.zeros(2, np.int64),
    )


@jit
def changed(scores: Scores, node: int) -> None:
    """Note that a node is not what it was."""
    scores.changed[scores.counts[0]] = node
    scores.counts[0] += 1


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
def first_best(scores: NDArray[np.int32]) -> int:
    """Return the first index with the highest score, or -1 where nothing fits."""
    node = int(np.argmax(scores))
    return -1 if scores[node] == UNFIT else node


@jit
def random_best(scores: NDArray[np.int32]) -> int:
    """Return an index with the highest score at random, or -1 where nothing fits."""
    best = scores.max()
    if best == UNFIT:
        return -1
    ties = np.flatnonzero(scores == best)
    return int(ties[np.random.randint(ties.size)])


@cache
def looking(score: Score) -> Look:
    """Compile, for a policy's score, what brings the scores of one shape up to date."""

    @jit_closure
    def look(nodes: Nodes, shapes: Shapes, mix: Mix, scores: Scores, shape: int) -> None:
        scores.counts[1] += 1
        read = scores.read[shape]
        for offset in range(nodes.gpus.size if read < 0 else scores.counts[0] - read):
            node = offset if read < 0 else scores.changed[read + offset]
            if scores.seen_at[node] == scores.counts[1]:
                continue
            scores.seen_at[node] = scores.counts[1]
            if fits(nodes, shapes, node, shape):
                value, gpu = score(nodes, shapes, mix, node, shape)
                scores.value[shape, node] = value
                scores.gpu[shape, node] = gpu
            else:
                scores.value[shape, node] = UNFIT
        scores.read[shape] = scores.counts[0]

    return look
