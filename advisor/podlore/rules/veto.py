"""Negates: which were seen, and whether one lies in a candidate's forbidden range. Used by the machines."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from podlore.rules.event_queue import EventQueue
from podlore.rules.rule import Negate

Event = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Verdict:
    """``waits`` until the clock has passed the range's end; ``vetoed`` is the index of the event to give up."""

    waits: bool = False
    vetoed: int | None = None


CLEAR, WAITS = Verdict(), Verdict(waits=True)


class Veto:
    """The negates of one machine. Times come in ascending order, so a range is one bisection."""

    __slots__ = ("_negates", "_seen", "looks_back")

    def __init__(self, negates: Sequence[Negate]) -> None:
        self._negates = tuple(negates)
        self._seen = [EventQueue() for _ in negates]
        self.looks_back = any(negate.slide_ns < 0 for negate in negates)

    def record(self, mask: int, time_ns: int) -> None:
        """Remember the negates that an entry matches; bit i of ``mask`` is negate i."""
        for index, seen in enumerate(self._seen):
            if mask >> index & 1 and not (seen and seen[-1 + len(seen)][0] == time_ns):
                seen.append(time_ns, 0)

    def forget_before(self, oldest_positive_ns: int) -> None:
        """Forget what can no longer lie in the range of a match that starts at ``oldest_positive_ns`` or later."""
        for negate, seen in zip(self._negates, self._seen, strict=True):
            bound = oldest_positive_ns + min(negate.slide_ns, 0)
            while seen and seen.first_time < bound:
                seen.drop(1)

    def judge(self, anchors: Sequence[Event], clock_ns: int) -> Verdict:
        """Judge a candidate by its events, in the order that anchors count."""
        span = max(time for time, _ in anchors) - min(time for time, _ in anchors)
        verdict = CLEAR
        for negate, seen in zip(self._negates, self._seen, strict=True):
            start = anchors[negate.anchor][0] + negate.slide_ns
            end = start + max(0, negate.window_ns + (0 if negate.absolute else span))
            if _any_between(seen, start, end):
                return Verdict(vetoed=negate.anchor)
            if end >= clock_ns:
                verdict = WAITS
        return verdict


def _any_between(seen: EventQueue, start_ns: int, end_ns: int) -> bool:
    index = bisect_left(seen, (start_ns, 0), 0, len(seen))
    return index < len(seen) and seen[index][0] <= end_ns
