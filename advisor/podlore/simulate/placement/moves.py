"""The compiled loop with moves: a pod that fits nowhere may have one placed pod moved elsewhere to let it in.

One move lets one pod in; no placed pod is lost. Where the moved pod goes, its policy's score says. Which of the moves
that make room is made is the question: the first that is found, or the one that leaves least GPU fragmented. Called by
`podlore.simulate.placement.migration`.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from podlore.simulate.jit import jit, jit_closure
from podlore.simulate.placement.cluster import Ints, Mix, Nodes, Shapes
from podlore.simulate.placement.fragmentation import node_fragmentation
from podlore.simulate.placement.occupancy import NOWHERE, Stands, change, leave, nobody, take
from podlore.simulate.placement.score_cache import (
    UNFIT,
    Score,
    Scores,
    changed,
    empty_scores,
    first_best,
    fits,
    looking,
)


class Moved(NamedTuple):
    """What happened: GPU milli arrived and used after each arrival, moves made until then, and milli moved."""

    arrived_milli: Ints
    used_milli: Ints
    moves: Ints
    moved_milli: Ints


Elsewhere = Callable[[Nodes, Shapes, Mix, Scores, int, int], int]
Room = Callable[[Nodes, Shapes, Mix, Scores, Stands, Ints, int, bool], int]
RunWithMoves = Callable[[Nodes, Shapes, Mix, Ints, int, bool], Moved]


@jit
def _fragmented(nodes: Nodes, mix: Mix, node: int) -> float:
    return node_fragmentation(nodes.cpu_left_milli[node], nodes.gpu_left_milli[node], nodes.model_bit[node], mix)


@cache
def _searching(score: Score) -> tuple[Elsewhere, Room]:
    """Compile the search: where a pod may go instead, and which pod to move."""
    look = looking(score)

    @jit_closure
    def elsewhere(nodes: Nodes, shapes: Shapes, mix: Mix, scores: Scores, shape: int, but: int) -> int:  # noqa: PLR0917
        """Return the best node for a shape, one excepted."""
        look(nodes, shapes, mix, scores, shape)
        kept = scores.value[shape, but]
        scores.value[shape, but] = UNFIT
        best = first_best(scores.value[shape])
        scores.value[shape, but] = kept
        return best

    @jit_closure
    def added(nodes: Nodes, shapes: Shapes, mix: Mix, stands: Stands, scores: Scores, node: int, shape: int) -> float:  # noqa: PLR0917
        """Return what a pod of this shape would add to the fragmentation of a node; the last row is scratch."""
        before, scratch = _fragmented(nodes, mix, node), stands.node.size - 1
        first, following = stands.first[node], stands.following[scratch]
        take(nodes, shapes, stands, node, shape, scores.gpu[shape, node], scratch)
        after = _fragmented(nodes, mix, node)
        change(nodes, shapes, stands, node, shape, scratch, 1)
        stands.first[node], stands.following[scratch] = first, following
        return float(after - before)

    @jit_closure
    def room(  # noqa: PLR0917
        nodes: Nodes, shapes: Shapes, mix: Mix, scores: Scores, stands: Stands, arrivals: Ints, wanted: int, least: bool
    ) -> int:
        """Return the pod to move so that the shape ``wanted`` fits on its node, `NOWHERE` where no move helps."""
        best, best_cost = NOWHERE, np.inf
        for node in range(nodes.gpus.size):
            pod = stands.first[node]
            while pod != NOWHERE:
                shape = arrivals[pod]
                before = _fragmented(nodes, mix, node) if least else 0.0
                change(nodes, shapes, stands, node, shape, pod, 1)
                helps = fits(nodes, shapes, node, wanted)
                freed = _fragmented(nodes, mix, node) if helps and least else 0.0
                change(nodes, shapes, stands, node, shape, pod, -1)
                target = elsewhere(nodes, shapes, mix, scores, shape, node) if helps else NOWHERE
                if target != NOWHERE:
                    if not least:
                        return int(pod)
                    cost = freed - before + added(nodes, shapes, mix, stands, scores, target, shape)
                    if cost < best_cost:
                        best, best_cost = pod, cost
                pod = stands.following[pod]
        return int(best)

    return elsewhere, room


@cache
def compiled_with_moves(score: Score) -> RunWithMoves:
    """Compile the loop around a policy's score; the compiled function is kept for the process."""
    look = looking(score)
    elsewhere, room = _searching(score)

    @jit_closure
    def run(nodes: Nodes, shapes: Shapes, mix: Mix, arrivals: Ints, budget: int, least: bool) -> Moved:  # noqa: PLR0917
        n_nodes, n_pods = nodes.gpus.size, arrivals.size
        stands = nobody(n_nodes, n_pods + 1)
        scores = empty_scores(shapes.gpus.size, n_nodes, n_pods + 2 * budget)
        course = Moved(
            np.zeros(n_pods, np.int64),
            np.zeros(n_pods, np.int64),
            np.zeros(n_pods, np.int64),
            np.zeros(n_pods, np.int64),
        )
        arrived = used = moves = moved = 0
        for pod in range(n_pods):
            shape = arrivals[pod]
            asked = shapes.gpus[shape] * shapes.gpu_milli[shape]
            look(nodes, shapes, mix, scores, shape)
            node = first_best(scores.value[shape])
            if node == NOWHERE and moves < budget and asked > 0:
                mover = room(nodes, shapes, mix, scores, stands, arrivals, shape, least)
                if mover != NOWHERE:
                    node, other = stands.node[mover], arrivals[mover]
                    target = elsewhere(nodes, shapes, mix, scores, other, node)
                    gpu = scores.gpu[other, target]
                    leave(nodes, shapes, stands, other, mover)
                    take(nodes, shapes, stands, target, other, gpu, mover)
                    changed(scores, target)
                    changed(scores, node)
                    look(nodes, shapes, mix, scores, shape)
                    moves += 1
                    moved += shapes.gpus[other] * shapes.gpu_milli[other]
            if node != NOWHERE:
                take(nodes, shapes, stands, node, shape, scores.gpu[shape, node], pod)
                changed(scores, node)
                used += asked
            arrived += asked
            course.arrived_milli[pod], course.used_milli[pod] = arrived, used
            course.moves[pod], course.moved_milli[pod] = moves, moved
        return course

    return run
