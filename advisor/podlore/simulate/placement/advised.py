"""Any placement policy with advice on top: whole-number terms that are added to its score, and nothing refused.

`advised` wraps a policy's compiled score; what the terms are comes with each run in `Mix.terms`. The terms are made by
hand (`STATIC`), or learned from the arrivals so far (`podlore.simulate.placement.learn`), and travel as advice does in
a cluster: see `podlore.simulate.placement.score_advice`.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from podlore.simulate.jit import jit, jit_closure
from podlore.simulate.placement.cluster import GPUS_PER_NODE_MAX, WHOLE_GPU_MILLI, Ints, Mix, Nodes, Shapes
from podlore.simulate.placement.engine import Score

POINT = 100
"""A point of a policy's score, in hundredths: terms may be finer than the score they are added to."""


class Terms(NamedTuple):
    """What is added to a score of 0-100, in hundredths of a point; the neutral element is `NEUTRAL`.

    ``coarseness`` is the step to which the policy's own score is rounded down. A node that would be left with less
    than ``guard_cpu_milli`` per idle GPU loses ``guard_weight`` for each GPU so stranded. ``used_gpu`` is given where
    a share goes to a GPU that is already shared, ``full_node`` for each GPU of the node that is taken,
    ``cpu_elsewhere`` taken from a node for each idle GPU where the pod wants none.
    """

    coarseness: int = 1
    guard_cpu_milli: int = 0
    guard_weight: int = 0
    used_gpu: int = 0
    full_node: int = 0
    cpu_elsewhere: int = 0

    def as_array(self) -> Ints:
        """Return the terms as the compiled loop takes them."""
        return np.array(self, np.int64)


NEUTRAL = Terms()


@jit
def bonus(nodes: Nodes, shapes: Shapes, terms: Ints, node: int, shape: int, gpu: int) -> int:  # noqa: PLR0917  (compiled: no keywords)
    """Return what the terms add for this pod on this node, in hundredths of a point."""
    milli, wanted = shapes.gpu_milli[shape], shapes.gpus[shape]
    is_share = wanted == 1 and milli < WHOLE_GPU_MILLI
    free = 0
    for index in range(GPUS_PER_NODE_MAX):
        free += nodes.gpu_left_milli[node, index] == WHOLE_GPU_MILLI
    opens = wanted
    if is_share:
        opens = int(nodes.gpu_left_milli[node, gpu] == WHOLE_GPU_MILLI)
    idle_after = free - opens
    added = terms[4] * (nodes.gpus[node] - free)
    if is_share and opens == 0:
        added += terms[3]
    if wanted == 0:
        added -= terms[5] * free
    if terms[1] > 0 and idle_after > 0:
        served = (nodes.cpu_left_milli[node] - shapes.cpu_milli[shape]) // terms[1]
        served_before = nodes.cpu_left_milli[node] // terms[1]
        stranded = max(idle_after - served, 0) - max(free - served_before, 0)
        added -= terms[2] * max(stranded, 0)
    return int(added)


@cache
def advised(score: Score) -> Score:
    """Return the score of the policy with the terms of `Mix.terms` on top; neutral terms change no order."""

    @jit_closure
    def with_terms(nodes: Nodes, shapes: Shapes, mix: Mix, node: int, shape: int) -> tuple[int, int]:
        value, gpu = score(nodes, shapes, mix, node, shape)
        terms = mix.terms
        return value // terms[0] * terms[0] * POINT + bonus(nodes, shapes, terms, node, shape, gpu), gpu

    return with_terms
