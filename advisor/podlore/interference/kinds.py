"""The assignment of everybody to somebody where many are alike: a table of gains comes in, who is assigned whom leaves.

Jobs of one configuration gain the same with everybody, so that tables of predicted gains have few distinct rows and
very many ties, at which the solver for single jobs is slow. Kinds are assigned to kinds instead, by how many of each: a
transportation problem, whose vertices are whole numbers. Called by `podlore.interference.match`.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from podlore.interference.pairs import Floats, Ints

KINDS_MAX = 100
"""More take the solver for kinds longer than that for single jobs."""
DIGITS = 9
"""Gains that differ by less are the same."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """The members of each kind, and what two members of each two kinds gain."""

    members: tuple[Ints, ...]
    gain: Floats


def kinds_of(gain: Floats) -> Kinds | None:
    """Return the kinds of a symmetric table; None where there are more than `KINDS_MAX`.

    >>> one, other = [0.0, 0.5, 0.2, 0.2], [0.5, 0.0, 0.2, 0.2]
    >>> table = np.array([one, other, [0.2, 0.2, 0.0, 0.7], [0.2, 0.2, 0.7, 0.0]])
    >>> [its.tolist() for its in kinds_of(table).members]
    [[0, 1], [2, 3]]
    """
    signature = np.stack([gain.sum(axis=1), (gain**2).sum(axis=1), gain.max(axis=1)], axis=1)
    _, kind, count = np.unique(signature.round(DIGITS), axis=0, return_inverse=True, return_counts=True)
    if len(count) > KINDS_MAX:
        return None
    members = tuple(np.flatnonzero(kind == code) for code in range(len(count)))
    if not all(_are_alike(gain, its) for its in members):
        return None
    first, last = (np.array([its[place] for its in members]) for place in (0, -1))
    return Kinds(members, gain[np.ix_(first, last)])


def _are_alike(gain: Floats, members: Ints) -> bool:
    """Say whether all members gain the same with everybody: two rows differ at most where one's diagonal is."""
    rows = gain[members]
    others = np.delete(rows, members, axis=1)
    among = rows[:, members][~np.eye(len(members), dtype=bool)]
    furthest = max(np.abs(others - others[0]).max(initial=0.0), np.abs(among - among[:1]).max(initial=0.0))
    return bool(furthest < 10.0**-DIGITS)


def assigned_by_kind(kinds: Kinds) -> tuple[Ints, float]:
    """Return whom each job is assigned to, and the summed gain of that: none is greater."""
    size = len(kinds.members)
    count = np.array([len(its) for its in kinds.members], dtype=float)
    rows, columns = np.kron(np.eye(size), np.ones(size)), np.kron(np.ones(size), np.eye(size))
    found = linprog(
        -kinds.gain.ravel(),
        A_eq=np.concatenate([rows, columns]),
        b_eq=np.concatenate([count, count]),
        method="highs-ds",
    )
    flow = np.asarray(found.x, dtype=float).reshape(size, size).round().astype(np.intp)
    return _assigned(kinds, flow), float((kinds.gain * flow).sum())


def _assigned(kinds: Kinds, flow: Ints) -> Ints:
    """Return whom each member is assigned to: each other where two kinds are assigned to each other."""
    assigned = np.empty(flow.sum(), dtype=np.intp)
    left = [list(its) for its in kinds.members]
    mutual = np.minimum(flow, flow.T)
    for one, other in np.argwhere(np.triu(mutual)).tolist():
        mine = _take(left[one], mutual[one, other])
        theirs = _take(left[other], mutual[one, other]) if one != other else [*mine[1:], mine[0]]
        assigned[mine] = theirs
        if one != other:
            assigned[theirs] = mine
    open_ = [list(its) for its in left]
    for one, other in np.argwhere(flow - mutual).tolist():
        count = (flow - mutual)[one, other]
        assigned[_take(left[one], count)] = _take(open_[other], count)
    return assigned


def _take(members: list[np.intp], count: int) -> list[np.intp]:
    taken = members[:count]
    del members[:count]
    return taken
