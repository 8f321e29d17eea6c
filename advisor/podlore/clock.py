"""One clock: detector windows, metric ranges and expiries run in trace time, which may run faster than the wall's.

In a cluster the two are the same (``Clock()``). In the lab a trace is replayed ``scale`` times faster; the API server
still stamps objects in wall time, so times are converted once, where they enter or leave.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """Trace time that equals wall time at ``anchor`` and runs ``scale`` times as fast from there on.

    >>> lab = Clock(scale=240, anchor=1000, read=lambda: 1015)
    >>> lab.now()
    4600
    >>> lab.to_wall(4600), lab.wall_seconds(7200)
    (1015.0, 30.0)
    """

    scale: float = 1.0
    anchor: float = 0.0
    read: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        if not self.scale > 0:
            raise ValueError(f"{self.scale=} must be positive")

    def now(self) -> float:
        """Return the trace time of this moment, in seconds since the epoch."""
        return self.from_wall(self.read())

    def from_wall(self, wall_at: float) -> float:
        """Convert a wall time, such as an object's timestamp, to trace time."""
        return self.anchor + (wall_at - self.anchor) * self.scale

    def to_wall(self, trace_at: float) -> float:
        """Convert a trace time to wall time, for what is written into objects."""
        return self.anchor + (trace_at - self.anchor) / self.scale

    def wall_seconds(self, trace_seconds: float) -> float:
        """Return how long a span of trace time takes on the wall, for PromQL ranges and timers."""
        return trace_seconds / self.scale
