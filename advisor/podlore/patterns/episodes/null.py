"""What chance alone does to a log: two ways of shuffling it that leave its rates as they are.

*Jitter* draws each event's time anew within its cell of time: right for types that come independently, each at a rate
that changes slowly. *Relabel* permutes the types among the events of a cell: right where all types swell together, in
bursts or by day, and say nothing else about each other. An episode must beat both, so it is enough that one is right.

References
----------
Amarasingham, Harrison, Hatsopoulos, Geman, "Conditional modeling and the jitter method of spike resampling",
J. Neurophysiol. 2012, for both.
"""

from collections.abc import Callable

import numpy as np

from podlore.patterns.episodes.occurrences import Floats, Log

Shuffle = Callable[[Log, float, frozenset[int], np.random.Generator], Log]


def jitter(log: Log, cell_seconds: float, fixed: frozenset[int], rng: np.random.Generator) -> Log:
    """Return a log in which each event lies anywhere in its cell; those of ``fixed`` kinds stay."""
    begins, offset = log.at_seconds.min(), rng.uniform(0.0, cell_seconds)
    cells = np.floor((log.at_seconds - begins + offset) / cell_seconds)
    drawn = begins - offset + (cells + rng.random(len(cells))) * cell_seconds
    drawn = np.clip(drawn, begins, log.at_seconds.max())
    at: Floats = np.where(_moves(log, fixed), drawn, log.at_seconds)
    order = np.argsort(at, kind="stable")
    return Log(at[order], log.kinds[order])


def relabel(log: Log, cell_seconds: float, fixed: frozenset[int], rng: np.random.Generator) -> Log:
    """Return a log in which the kinds of a cell's events are permuted; those of ``fixed`` kinds stay."""
    begins, offset = log.at_seconds.min(), rng.uniform(0.0, cell_seconds)
    cells = np.floor((log.at_seconds - begins + offset) / cell_seconds)
    moving = np.flatnonzero(_moves(log, fixed))
    shuffled = np.lexsort((rng.random(len(moving)), cells[moving]))
    kinds = log.kinds.copy()
    kinds[moving] = log.kinds[moving[shuffled]]
    return Log(log.at_seconds, kinds)


def _moves(log: Log, fixed: frozenset[int]) -> np.typing.NDArray[np.bool_]:
    if not fixed:
        return np.ones(len(log.kinds), dtype=bool)
    return ~np.isin(log.kinds, np.fromiter(fixed, dtype=np.int64))


SHUFFLES: tuple[Shuffle, ...] = (jitter, relabel)
