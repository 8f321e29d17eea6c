"""The clock of discrete-event studies: callbacks at times, ties in the order in which they were planned."""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count


class Timeline:
    """Plans and runs callbacks; the same plan always runs in the same order.

    >>> timeline, seen = Timeline(), []
    >>> timeline.at(5, lambda: seen.append("late"))
    >>> timeline.at(1, lambda: seen.append("early"))
    >>> timeline.run()
    >>> seen, timeline.now_seconds
    (['early', 'late'], 5)
    """

    def __init__(self) -> None:
        self.now_seconds: float = 0
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._planned = count()

    def at(self, time_seconds: float, callback: Callable[[], None]) -> None:
        """Plan a callback, now or later."""
        if time_seconds < self.now_seconds:
            raise ValueError(f"{time_seconds=} lies before {self.now_seconds=}")
        heappush(self._queue, (time_seconds, next(self._planned), callback))

    def run(self) -> None:
        """Run until nothing is planned."""
        while self._queue:
            self.now_seconds, _, callback = heappop(self._queue)
            callback()
