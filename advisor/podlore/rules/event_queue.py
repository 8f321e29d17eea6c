"""Events that wait for the rest of their match: two flat arrays, sixteen bytes an event, never the text."""

from array import array

LIMIT = 1_000_000


class EventQueue:
    """A queue of (time, position), oldest first; at ``limit`` events the oldest makes room and is counted."""

    __slots__ = ("_head", "_limit", "_positions", "_times", "overflowed")

    def __init__(self, limit: int = LIMIT) -> None:
        self._times = array("q")
        self._positions = array("q")
        self._head = 0
        self._limit = limit
        self.overflowed = 0

    def __len__(self) -> int:
        return len(self._times) - self._head

    def __getitem__(self, index: int) -> tuple[int, int]:
        return self._times[self._head + index], self._positions[self._head + index]

    @property
    def first_time(self) -> int:
        """The time of the oldest event; the queue must not be empty."""
        return self._times[self._head]

    def append(self, time_ns: int, position: int) -> None:
        """Add the newest event."""
        if len(self) >= self._limit:
            self.overflowed += 1
            self.drop(1)
        self._times.append(time_ns)
        self._positions.append(position)

    def drop(self, n_events: int) -> None:
        """Forget the oldest events."""
        self._head += n_events
        if self._head == len(self._times) or self._head > max(4096, len(self)):
            del self._times[: self._head], self._positions[: self._head]
            self._head = 0

    def remove(self, index: int) -> None:
        """Forget one event."""
        if index == 0:
            self.drop(1)
            return
        del self._times[self._head + index], self._positions[self._head + index]

    def clear(self) -> None:
        """Forget all events."""
        self.drop(len(self))
