"""One pattern's state for one entity or correlation key: orders events by time, then feeds the machine."""

from heapq import heappop, heappush

from podlore.rules.nested_machine import Machine
from podlore.rules.sequence_machine import Frame

MOST_PENDING = 20_000
RESTART_AFTER_NS = 3600 * 10**9

Fired = tuple[Frame, int]


class PatternState:
    """Holds events back until no earlier one is due.

    That is ``lateness_ns`` behind the latest or, where that is None, at `finish` (with at most `MOST_PENDING` held).
    What comes later still is counted and left out, unless the clock was set back by an hour or more: then the order
    starts anew.
    """

    __slots__ = ("_lateness_ns", "_latest_ns", "_pending", "_released_ns", "machine", "n_late")

    def __init__(self, machine: Machine, lateness_ns: int | None) -> None:
        self.machine = machine
        self.n_late = 0
        self._lateness_ns = lateness_ns
        self._pending: list[tuple[int, int, int]] = []
        self._released_ns: int | None = None
        self._latest_ns = 0

    def push(self, time_ns: int, position: int, mask: int) -> list[Fired]:
        """Take an event in any order; return what fires."""
        released = self._released_ns
        if released is not None and time_ns < released:
            if released - time_ns < RESTART_AFTER_NS:
                self.n_late += 1
                return []
            fired = self.finish()
            self._released_ns, self._latest_ns = None, time_ns
        else:
            fired = []
        heappush(self._pending, (time_ns, position, mask))
        self._latest_ns = max(self._latest_ns, time_ns)
        if self._lateness_ns is not None:
            fired += self.advance(self._latest_ns)
        while len(self._pending) > MOST_PENDING:
            fired += self._release()
        return fired

    def advance(self, clock_ns: int) -> list[Fired]:
        """Let time pass up to ``clock_ns``: what is older by more than the lateness is decided."""
        watermark = clock_ns - (self._lateness_ns or 0)
        fired: list[Fired] = []
        while self._pending and self._pending[0][0] <= watermark:
            fired += self._release()
        return fired + [(frame, -1) for frame in self.machine.advance(watermark)]

    def finish(self) -> list[Fired]:
        """Decide all that waits: the log is over."""
        fired: list[Fired] = []
        while self._pending:
            fired += self._release()
        return fired + [(frame, -1) for frame in self.machine.advance(2**63 - 1)]

    def _release(self) -> list[Fired]:
        time_ns, position, mask = heappop(self._pending)
        self._released_ns = time_ns
        return [(frame, position) for frame in self.machine.feed(time_ns, position, mask)]
