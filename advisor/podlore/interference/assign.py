"""Gangs to domains, and moves under a budget.

`assign_gangs` gives each pending gang one domain with room for all its pods, the most valuable gangs first where not
all fit, by an assignment of gangs to places. `affordable` chooses among moves by what each gains and costs: the work
since the last checkpoint is done again, and starting takes its time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from podlore.errors import BadInput

IMPOSSIBLE = -1e9
RESTART_SECONDS = 300.0
"""What scheduling, pulling and loading take where nobody measured it."""


@dataclass(frozen=True, slots=True)
class Gang:
    """A pending gang: how many equal pods, of how many GPU thousandths, and what it is worth to start it."""

    name: str
    pods: int
    gpu_milli: int
    worth: float = 1.0


@dataclass(frozen=True, slots=True)
class Move:
    """A workload that could move: GPU-hours gained, GPUs held, seconds since its checkpoint and for its restart."""

    name: str
    gain_gpu_hours: float
    gpus: float
    checkpoint_age_seconds: float
    restart_seconds: float = RESTART_SECONDS

    @property
    def cost_gpu_hours(self) -> float:
        """What moving loses: work that is done again, and the start."""
        return self.gpus * (self.checkpoint_age_seconds + self.restart_seconds) / 3600.0


def assign_gangs(gangs: Sequence[Gang], free_milli: Mapping[str, Sequence[int]]) -> Mapping[str, str]:
    """Return the domain of each gang that gets one.

    Each round is an assignment: every domain takes one gang at most, the worths are maximized, and of equal ones the
    tightest fit wins. Rounds go on with what is left until nothing more fits.

    Parameters
    ----------
    free_milli
        What is free on each node of each domain.

    Examples
    --------
    >>> gangs = [Gang("big", 4, 8000), Gang("small", 1, 8000)]
    >>> dict(assign_gangs(gangs, {"r1": [8000] * 4, "r2": [8000]}))
    {'big': 'r1', 'small': 'r2'}
    """
    if any(gang.pods < 1 or gang.gpu_milli < 1 for gang in gangs):
        raise BadInput("a gang has at least one pod, and each asks for some GPU")
    room = {domain: list(nodes) for domain, nodes in sorted(free_milli.items())}
    waiting, placed = list(gangs), dict[str, str]()
    while waiting and room:
        chosen = _round(waiting, room)
        if not chosen:
            break
        for gang, domain in chosen:
            placed[gang.name] = domain
            _take(room[domain], gang)
            waiting.remove(gang)
    return placed


def _round(gangs: Sequence[Gang], room: Mapping[str, Sequence[int]]) -> list[tuple[Gang, str]]:
    domains = list(room)
    total = 1.0 + sum(sum(nodes) for nodes in room.values())
    table = np.full((len(gangs), len(domains)), IMPOSSIBLE)
    for i, gang in enumerate(gangs):
        for j, domain in enumerate(domains):
            slots = sum(free // gang.gpu_milli for free in room[domain])
            if slots >= gang.pods:
                left = sum(room[domain]) - gang.pods * gang.gpu_milli
                table[i, j] = max(gang.worth, 0.0) + 1.0 - 1e-3 * left / total
    rows, columns = linear_sum_assignment(table, maximize=True)
    return [
        (gangs[i], domains[j]) for i, j in zip(rows.tolist(), columns.tolist(), strict=True) if table[i, j] > IMPOSSIBLE
    ]


def _take(nodes: list[int], gang: Gang) -> None:
    """Take a gang's room, the fullest nodes that still have some first."""
    left = gang.pods
    for place in sorted(range(len(nodes)), key=lambda place: (nodes[place], place)):
        fitting = min(nodes[place] // gang.gpu_milli, left)
        nodes[place] -= fitting * gang.gpu_milli
        left -= fitting


def affordable(moves: Sequence[Move], budget_gpu_hours: float) -> tuple[Move, ...]:
    """Return the moves to make: each earns its cost, all together cost no more than the budget, and gain the most.

    Exact: costs in hundredths of a GPU-hour, rounded up, in a table (0/1 knapsack).

    >>> cheap, dear = Move("a", 8.0, 8, 0.0), Move("b", 9.0, 8, 3300.0)
    >>> [move.name for move in affordable([cheap, dear], 1.0)]
    ['a']
    """
    if not budget_gpu_hours >= 0:
        raise BadInput(f"a budget of {budget_gpu_hours} GPU-hours")
    worthy = [move for move in moves if move.gain_gpu_hours > move.cost_gpu_hours]
    capacity = int(min(budget_gpu_hours, 10_000.0) * 100)
    costs = [max(int(np.ceil(move.cost_gpu_hours * 100 - 1e-9)), 0) for move in worthy]
    best = np.zeros(capacity + 1)
    taken = np.zeros((len(worthy), capacity + 1), dtype=bool)
    for place, (move, cost) in enumerate(zip(worthy, costs, strict=True)):
        if cost > capacity:
            continue
        with_it = best[: capacity + 1 - cost] + move.gain_gpu_hours - move.cost_gpu_hours
        taken[place, cost:] = with_it > best[cost:] + 1e-12
        best[cost:] = np.maximum(best[cost:], with_it)
    chosen, left = [], capacity
    for place in reversed(range(len(worthy))):
        if taken[place, left]:
            chosen.append(worthy[place])
            left -= costs[place]
    return tuple(reversed(chosen))
