"""What moves bring, each paid for: a study comes in, allocation by budget of moves and by who chose them leaves.

On both sides a pod that fits nowhere may have one placed pod moved to let it in, as long as the budget lasts: FGD alone
makes the first move that it finds, advice makes the one that leaves least GPU fragmented. A move costs each GPU that it
stops `MOVE_SECONDS`, the cost of a checkpoint and a restart in the queueing studies.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from podlore.simulate.placement.advised import NEUTRAL, STATIC, Terms, advised
from podlore.simulate.placement.learn import copy_of
from podlore.simulate.placement.moves import compiled_with_moves
from podlore.simulate.placement.policies import PlacementPolicy
from podlore.simulate.placement.study import Ready

MOVE_SECONDS = 30
ARMS: tuple[tuple[str, Terms, bool], ...] = (
    ("first move", NEUTRAL, False),
    ("advised move", NEUTRAL, True),
    ("static terms, advised move", STATIC, True),
)


@dataclass(frozen=True, slots=True)
class Migration:
    """One arm and budget: allocation at 100 % and 130 % arrived, and what was paid until 130 %."""

    arm: str
    budget: int
    at_100: float
    at_130: float
    moves_at_100: int
    moves: int
    gpus_moved: float
    gpu_hours_paid: float


def migrations(ready: Ready, policy: PlacementPolicy, budgets: Sequence[int]) -> Iterator[Migration]:
    """Play each arm with each budget on the same arrivals."""
    run = compiled_with_moves(advised(policy.score))
    cells = np.round(100 * np.cumsum(ready.request_milli) / ready.capacity_milli)
    for name, terms, is_least in ARMS:
        for budget in budgets:
            mix = ready.mix._replace(terms=terms.as_array())
            course = run(copy_of(ready.nodes), ready.shapes, mix, ready.order, budget, is_least)
            moved = float(course.moved_milli[-1]) / 1000
            at = {percent: cells == cells[cells <= percent].max() for percent in (100, 130)}
            used = {
                percent: 100 * course.used_milli[cell].mean() / ready.capacity_milli for percent, cell in at.items()
            }
            yield Migration(
                name,
                budget,
                round(float(used[100]), 3),
                round(float(used[130]), 3),
                int(course.moves[at[100]].max()),
                int(course.moves[-1]),
                round(moved, 2),
                round(moved * MOVE_SECONDS / 3600, 3),
            )
