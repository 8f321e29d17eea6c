"""Any placement policy with advice on top: whole-number terms that are added to its score, and nothing refused.

`advised` wraps a policy's compiled score; what the terms are comes with each run in `Mix.terms`. The terms are made by
hand (`STATIC`), or learned from the arrivals so far (`podlore.simulate.placement.learn`), and travel as advice does in
a cluster: see `podlore.simulate.placement.score_advice`.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from podlore.simulate.jit import jit, jit_closure
from podlore.simulate.placement.cluster import MODELS_MAX, WHOLE_GPU_MILLI, Ints, Mix, Nodes, Shapes
from podlore.simulate.placement.score_cache import Score

_COARSENESS, _GUARD_CPU_MILLI, _GUARD_WEIGHT, _WASTE_WEIGHT, _EMPTY_NODE, _SCARCE_WEIGHT, _WASTED = range(7)
_SCARCE = _WASTED + WHOLE_GPU_MILLI + 1

POINT = 100
"""A point of a policy's score, in hundredths: terms may be finer than the score they are added to."""


class Terms(NamedTuple):
    """What is added to a score of 0-100, in hundredths of a point; the neutral element is `NEUTRAL`.

    ``coarseness`` is the step to which the policy's own score is rounded down. GPU that a node has free beyond what its
    free CPU serves, at ``guard_cpu_milli`` a GPU, costs ``guard_weight`` a GPU where a placement adds to it. What no
    sum of the shares ``share_milli`` fills of a shared GPU costs ``waste_weight`` a GPU. ``empty_node`` is taken where
    a pod without GPUs goes to a node whose GPUs are all free. A GPU taken costs ``scarce_weight`` times how scarce its
    model is: ``scarce_permille`` has what pods bound to a model ask of it, models in the order of their names.
    """

    coarseness: int = 1
    guard_cpu_milli: int = 0
    guard_weight: int = 0
    waste_weight: int = 0
    empty_node: int = 0
    scarce_weight: int = 0
    share_milli: tuple[int, ...] = ()
    scarce_permille: tuple[int, ...] = ()

    def as_array(self) -> Ints:
        """Return the terms as the compiled loop takes them: numbers, what is wasted of each remnant, scarcity."""
        scarce = [*self.scarce_permille, *[0] * (MODELS_MAX - len(self.scarce_permille))]
        return np.array([*self[:_WASTED], *unfillable_milli(self.share_milli), *scarce], np.int64)


NEUTRAL = Terms()
STATIC = Terms(coarseness=2, guard_cpu_milli=12_000, guard_weight=400)
"""By hand, on seeds 42 and 43 of the default list: the score in steps of 2, and 12 vCPU kept for each free GPU."""


def unfillable_milli(share_milli: tuple[int, ...]) -> list[int]:
    """Return, for each remnant of 0-1,000 milli, what stays free however the shares are put together; a whole GPU: 0.

    >>> unfillable_milli((300, 500))[:1001:100]
    [0, 100, 200, 0, 100, 0, 0, 100, 0, 0, 0]
    """
    filled = [0]
    for remnant in range(1, WHOLE_GPU_MILLI + 1):
        fills = (share + filled[remnant - share] for share in share_milli if share <= remnant)
        filled.append(max(fills, default=0))
    return [*(remnant - most for remnant, most in enumerate(filled[:-1])), 0]


@jit
def bonus(nodes: Nodes, shapes: Shapes, terms: Ints, node: int, shape: int, gpu: int) -> int:  # noqa: PLR0917  (compiled: no keywords)
    """Return what the terms add for this pod on this node, in hundredths of a point."""
    milli, wanted, cpu_milli = shapes.gpu_milli[shape], shapes.gpus[shape], shapes.cpu_milli[shape]
    free_milli, cpu_left = nodes.gpu_total_left_milli[node], nodes.cpu_left_milli[node]
    added = 0
    if wanted == 0:
        is_empty = nodes.gpus[node] > 0 and free_milli == WHOLE_GPU_MILLI * nodes.gpus[node]
        added -= terms[_EMPTY_NODE] * is_empty
    elif wanted == 1 and milli < WHOLE_GPU_MILLI:
        left = nodes.gpu_left_milli[node, gpu]
        wasted = terms[_WASTED + left - milli] - terms[_WASTED + left]
        added -= terms[_WASTE_WEIGHT] * wasted // WHOLE_GPU_MILLI
    if terms[_SCARCE_WEIGHT] > 0:
        scarce = terms[_SCARCE + bit_of(nodes.model_bit[node])]
        added -= terms[_SCARCE_WEIGHT] * scarce * wanted * milli // (1000 * WHOLE_GPU_MILLI)
    guard = terms[_GUARD_CPU_MILLI]
    if guard > 0:
        before = max(free_milli - cpu_left * WHOLE_GPU_MILLI // guard, 0)
        after = max(free_milli - wanted * milli - (cpu_left - cpu_milli) * WHOLE_GPU_MILLI // guard, 0)
        added -= terms[_GUARD_WEIGHT] * (after - before) // WHOLE_GPU_MILLI
    return int(added)


@jit
def bit_of(mask: np.uint64) -> int:
    """Return which bit of a mask with one bit is set."""
    bit = 0
    while mask > np.uint64(1):
        mask >>= np.uint64(1)
        bit += 1
    return bit


@cache
def advised(score: Score) -> Score:
    """Return the score of the policy with the terms of `Mix.terms` on top; neutral terms change no order."""

    @jit_closure
    def with_terms(nodes: Nodes, shapes: Shapes, mix: Mix, node: int, shape: int) -> tuple[int, int]:
        value, gpu = score(nodes, shapes, mix, node, shape)
        terms = mix.terms
        coarse = terms[_COARSENESS]
        return value // coarse * coarse * POINT + bonus(nodes, shapes, terms, node, shape, gpu), gpu

    return with_terms
