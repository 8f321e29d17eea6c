"""Who should share with whom: a symmetric table of gains comes in, pairs of the greatest sum leave, with a bound.

A gain is what sharing brings over taking turns, such as the sum of both speeds less 1; -inf forbids a pair, and staying
alone brings 0. The assignment of everybody to somebody is solved exactly, by kind where many jobs are alike; its even
cycles are split into pairs, its odd ones exchange a member each, two by two, and swaps between pairs mend the rest.
Half the assignment's sum bounds every matching from above, so that the distance from the best is known. Few jobs are
matched exactly.

Called with one table a rack and GPU type: who could not share anyway is not asked about.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.optimize import linear_sum_assignment

from podlore.errors import BadInput
from podlore.interference.kinds import assigned_by_kind, kinds_of
from podlore.interference.pairs import Floats, Ints

EXACT_MAX = 40
"""Up to this many jobs Edmonds' algorithm costs less than a tenth of a second."""
ALONE = -1
SYMMETRY_TOLERANCE = 1e-9
SWAP_ROUNDS_MAX = 50
IMPROVEMENT_MIN = 1e-12


@dataclass(frozen=True, slots=True)
class Matching:
    """Pairs (i < j) in order, their summed gain, and a bound that no matching exceeds."""

    pairs: tuple[tuple[int, int], ...]
    gain: float
    upper_bound: float


def match(gain: Floats) -> Matching:
    """Return pairs whose summed gain is the greatest, or within a known distance of it.

    Parameters
    ----------
    gain
        Shape (n, n), symmetric; -inf or NaN forbids a pair. The diagonal is not looked at.

    Raises
    ------
    BadInput
        Where the table is not square or not symmetric.

    Examples
    --------
    >>> found = match(np.array([[0.0, 0.5, 0.2], [0.5, 0.0, 0.4], [0.2, 0.4, 0.0]]))
    >>> found.pairs, found.gain
    (((0, 1),), 0.5)
    """
    allowed = _checked(gain)
    exact = len(allowed) <= EXACT_MAX
    partner, bound = _exact(allowed) if exact else _by_assignment(allowed)
    pairs = tuple((i, int(j)) for i, j in enumerate(partner) if i < j)
    total = float(sum(allowed[pair] for pair in pairs))
    return Matching(pairs, total, total if exact else max(bound, total))


def _checked(gain: Floats) -> Floats:
    if gain.ndim != 2 or gain.shape[0] != gain.shape[1]:
        raise BadInput(f"gains of shape {gain.shape} are no square table")
    allowed = np.where(np.isfinite(gain), gain, 0.0)
    np.fill_diagonal(allowed, 0.0)
    if np.abs(allowed - allowed.T).max(initial=0.0) > SYMMETRY_TOLERANCE:
        raise BadInput("gains are not symmetric: what i with j brings must be what j with i brings")
    return np.asarray(np.maximum(allowed, 0.0))


def _exact(gain: Floats) -> tuple[Ints, float]:
    import networkx as nx  # noqa: PLC0415 - heavy, and not needed for large tables

    graph: nx.Graph[int] = nx.Graph()
    rows, columns = np.nonzero(np.triu(gain > 0, k=1))
    graph.add_weighted_edges_from(zip(rows.tolist(), columns.tolist(), gain[rows, columns].tolist(), strict=True))
    partner = np.full(len(gain), ALONE, dtype=np.intp)
    for i, j in nx.max_weight_matching(graph):
        partner[i], partner[j] = j, i
    return partner, 0.0


def _by_assignment(gain: Floats) -> tuple[Ints, float]:
    kinds = kinds_of(gain)
    assigned, total = assigned_by_kind(kinds) if kinds else _one_by_one(gain)
    partner = np.full(len(gain), ALONE, dtype=np.intp)
    odd = []
    for cycle in _cycles(assigned):
        if len(cycle) % 2:
            odd.append(_odd_cycle(gain, cycle))
        else:
            halves = [list(pairwise(cycle))[::2], [*list(pairwise(cycle))[1::2], (cycle[-1], cycle[0])]]
            _join(partner, max(halves, key=lambda half: sum(gain[edge] for edge in half)))
    _join_odd_cycles(gain, partner, odd)
    _swap(gain, partner)
    _part_where_nothing_is_gained(gain, partner)
    return partner, total / 2


def _one_by_one(gain: Floats) -> tuple[Ints, float]:
    cost = gain.max(axis=1, keepdims=True) - gain
    cost -= cost.min(axis=0)  # changes no assignment's order, and halves the solver's time
    _, assigned = linear_sum_assignment(cost)
    return assigned, float(gain[np.arange(len(gain)), assigned].sum())


def _cycles(assigned: Ints) -> Iterator[list[int]]:
    seen = np.zeros(len(assigned), dtype=bool)
    for start in range(len(assigned)):
        cycle = []
        at = start
        while not seen[at]:
            seen[at] = True
            cycle.append(at)
            at = int(assigned[at])
        if cycle:
            yield cycle


@dataclass(frozen=True, slots=True)
class _OddCycle:
    """An odd cycle, and what its other members gain in pairs when one of them is left out."""

    members: Ints
    gain_without: Floats

    def pairs_without(self, place: int) -> list[tuple[int, int]]:
        rest = [int(member) for member in np.roll(self.members, -place)[1:]]
        return list(zip(rest[::2], rest[1::2], strict=True))


def _odd_cycle(gain: Floats, members: list[int]) -> _OddCycle:
    cycle = _OddCycle(np.array(members, dtype=np.intp), np.zeros(len(members)))
    sums = [sum(gain[pair] for pair in cycle.pairs_without(place)) for place in range(len(members))]
    return _OddCycle(cycle.members, np.array(sums, dtype=float))


def _join_odd_cycles(gain: Floats, partner: Ints, odd: list[_OddCycle]) -> None:
    """Let odd cycles, jobs alone among them, give up a member each to pair the two, where that gains most in all."""
    if not odd:
        return
    joint = _joint(gain, odd)
    coupled = _exact(joint)[0] if len(odd) <= EXACT_MAX else _greedily(joint)
    for p, cycle in enumerate(odd):
        q = int(coupled[p])
        if q == ALONE:
            _join(partner, cycle.pairs_without(int(cycle.gain_without.argmax())))
        elif p < q:
            x, y = np.unravel_index(
                int(_together(gain, cycle, odd[q]).argmax()), (len(cycle.members), len(odd[q].members))
            )
            _join(partner, [(int(cycle.members[x]), int(odd[q].members[y]))])
            _join(partner, cycle.pairs_without(int(x)) + odd[q].pairs_without(int(y)))


def _joint(gain: Floats, odd: list[_OddCycle]) -> Floats:
    """Return what each two odd cycles gain by joining, over the best that each does alone."""
    members = np.concatenate([cycle.members for cycle in odd])
    without = np.concatenate([cycle.gain_without for cycle in odd])
    starts = np.cumsum([0, *(len(cycle.members) for cycle in odd[:-1])])
    alone = np.array([cycle.gain_without.max() for cycle in odd])
    rows = [
        np.maximum.reduceat(
            (gain[np.ix_(cycle.members, members)] + cycle.gain_without[:, None]).max(axis=0) + without, starts
        )
        for cycle in odd
    ]
    joint = np.stack(rows) - alone[:, None] - alone[None, :]
    np.fill_diagonal(joint, 0.0)
    return np.asarray(np.minimum(joint, joint.T))


def _together(gain: Floats, one: _OddCycle, other: _OddCycle) -> Floats:
    between = gain[np.ix_(one.members, other.members)]
    return np.asarray(between + one.gain_without[:, None] + other.gain_without[None, :])


def _greedily(gain: Floats) -> Ints:
    """Pair by the greatest gain first."""
    partner = np.full(len(gain), ALONE, dtype=np.intp)
    found = np.argwhere(np.triu(gain, k=1) > 0)
    for i, j in found[np.argsort(-gain[tuple(found.T)], kind="stable")].tolist():
        if partner[i] == partner[j] == ALONE:
            partner[i], partner[j] = j, i
    return partner


def _join(partner: Ints, pairs: list[tuple[int, int]]) -> None:
    for i, j in pairs:
        partner[i], partner[j] = j, i


def _part_where_nothing_is_gained(gain: Floats, partner: Ints) -> None:
    for i, j in enumerate(partner.tolist()):
        if j != ALONE and gain[i, j] <= 0:
            partner[i] = ALONE


def _swap(gain: Floats, partner: Ints) -> None:
    """Let pairs swap members as long as that gains; a job alone counts as a pair with nobody."""
    padded = np.zeros((len(gain) + 1, len(gain) + 1))
    padded[:-1, :-1] = gain
    for _ in range(SWAP_ROUNDS_MAX):
        first = np.array([i for i, j in enumerate(partner) if j == ALONE or i < j], dtype=np.intp)
        second = partner[first]  # ALONE is the padding's place
        now = padded[first, second]
        crossed = padded[np.ix_(first, first)] + padded[np.ix_(second, second)]
        turned = padded[np.ix_(first, second)] + padded[np.ix_(second, first)]
        better = np.triu(np.maximum(crossed, turned) - now[:, None] - now[None, :], k=1)
        swaps = np.argwhere(better > IMPROVEMENT_MIN)
        if not len(swaps):
            return
        touched: set[int] = set()
        for p, q in swaps[np.argsort(-better[tuple(swaps.T)], kind="stable")].tolist():
            if not touched & {p, q}:
                touched |= {p, q}
                (a, b), (c, d) = (first[p], second[p]), (first[q], second[q])
                _couple(partner, *((a, c, b, d) if crossed[p, q] >= turned[p, q] else (a, d, b, c)))


def _couple(partner: Ints, *members: np.intp) -> None:
    """Pair the first with the second and the third with the fourth; who is paired with nobody is alone."""
    for i, j in (members[:2], members[2:]):
        for one, other in ((i, j), (j, i)):
            if one != ALONE:
                partner[one] = other
