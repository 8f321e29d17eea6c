"""Minimal occurrences: the shortest stretches of a log in which an episode happens. Pure; called by miner and tests.

A serial episode happens where its types follow each other at strictly later times; a parallel one where all of them
are, in any order. A stretch counts if no other one lies within it and if it is no longer than the window.

References
----------
Mannila, Toivonen, Verkamo, "Discovery of Frequent Episodes in Event Sequences", DMKD 1997, for MINEPI. Ours joins
times, not windows of numbers: events of one moment have no order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from podlore.errors import BadInput

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Episode:
    """Types of events that follow each other (``serial``) or come together; the window is the miner's."""

    types: tuple[int, ...]
    serial: bool = True


@dataclass(frozen=True, slots=True)
class Log:
    """Events in order of time: shape (n_events,) each; ``kinds`` holds numbers from 0 up."""

    at_seconds: Floats
    kinds: Ints

    @classmethod
    def of(cls, at_seconds: Iterable[float], kinds: Iterable[int]) -> "Log":
        """Return a log of events that may come in any order; exact repeats count once.

        Raises
        ------
        BadInput
            Where a time is not finite.
        """
        at, kind = np.asarray(list(at_seconds), dtype=np.float64), np.asarray(list(kinds), dtype=np.int64)
        if not np.isfinite(at).all():
            raise BadInput(f"event {int(np.flatnonzero(~np.isfinite(at))[0])} has no finite time; leave it out")
        order = np.lexsort((kind, at))
        at, kind = at[order], kind[order]
        fresh = np.ones(len(at), dtype=bool)
        fresh[1:] = (np.diff(at) > 0) | (np.diff(kind) != 0)
        return cls(at[fresh], kind[fresh])

    @property
    def n_kinds(self) -> int:
        """One more than the largest kind."""
        return int(self.kinds.max()) + 1 if len(self.kinds) else 0

    def times_by_kind(self) -> list[Floats]:
        """Return the times of each kind, in order."""
        order = np.argsort(self.kinds, kind="stable")
        bounds = np.searchsorted(self.kinds[order], np.arange(self.n_kinds + 1))
        ordered = self.at_seconds[order]
        return [ordered[first:last] for first, last in pairwise(bounds)]


Spans = tuple[Floats, Floats]
"""Starts and ends of occurrences, both strictly ascending."""


def occurrences(times_by_kind: Sequence[Floats], episode: Episode, window_seconds: float) -> Spans:
    """Return the minimal occurrences of an episode that fit into the window.

    Examples
    --------
    >>> log = Log.of([0, 1, 2, 5], [0, 0, 1, 1])
    >>> starts, ends = occurrences(log.times_by_kind(), Episode((0, 1)), 10.0)
    >>> starts.tolist(), ends.tolist()
    ([1.0], [2.0])
    """
    find = _serial if episode.serial else _parallel
    starts, ends = find([times_by_kind[kind] for kind in episode.types])
    fits = ends - starts <= window_seconds
    return starts[fits], ends[fits]


def follow(spans: Spans, times: Floats) -> Spans:
    """Return the minimal occurrences of a serial episode and one more type, from those of the episode."""
    starts, ends = spans
    after = np.searchsorted(times, ends, side="right")
    has_next = after < len(times)
    starts, after = starts[has_next], after[has_next]
    is_latest = np.ones(len(after), dtype=bool)
    is_latest[:-1] = after[1:] != after[:-1]  # of those with the same end the latest start is minimal
    return starts[is_latest], times[after[is_latest]]


def _serial(rows: Sequence[Floats]) -> Spans:
    spans = rows[0], rows[0]
    for times in rows[1:]:
        spans = follow(spans, times)
    return spans


def _parallel(rows: Sequence[Floats]) -> Spans:
    """Return them for distinct types: each end with the latest start, each start with the earliest end."""
    ends = np.unique(np.concatenate(rows))
    latest = [np.searchsorted(times, ends, side="right") - 1 for times in rows]
    whole = np.logical_and.reduce([index >= 0 for index in latest])
    ends = ends[whole]
    if not len(ends):
        return ends, ends
    starts = np.minimum.reduce([times[index[whole]] for times, index in zip(rows, latest, strict=True)])
    is_first = np.ones(len(starts), dtype=bool)
    is_first[1:] = starts[1:] != starts[:-1]
    return starts[is_first], ends[is_first]
