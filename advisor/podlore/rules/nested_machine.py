"""A pattern whose steps are patterns: each part's match is an event of the whole. Built by `podlore.rules.machine`."""

from collections.abc import Sequence
from typing import Protocol

from podlore.rules.sequence_machine import Frame


class Machine(Protocol):
    """What all machines can do."""

    @property
    def n_overflowed(self) -> int:
        """How many events were forgotten because too many waited."""

    @property
    def progress(self) -> int:
        """How many steps are complete."""

    @property
    def latest(self) -> tuple[int, int] | None:
        """Time and position of the event that completed the last complete step."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits."""

    def feed(self, time_ns: int, position: int, mask: int) -> list[Frame]:
        """Take an event."""

    def advance(self, clock_ns: int) -> list[Frame]:
        """Let time pass."""


class NestedMachine:
    """``whole`` reads the lowest ``own_width`` bits of a mask; ``parts`` are (step, first bit, width, machine)."""

    __slots__ = ("_own", "_parts", "_whole")

    def __init__(self, whole: Machine, own_width: int, parts: Sequence[tuple[int, int, int, Machine]]) -> None:
        self._whole = whole
        self._own = (1 << own_width) - 1
        self._parts = tuple(parts)

    @property
    def n_overflowed(self) -> int:
        """How many events were forgotten because too many waited."""
        return self._whole.n_overflowed + sum(part.n_overflowed for *_, part in self._parts)

    @property
    def progress(self) -> int:
        """How many of the whole's steps are complete."""
        return self._whole.progress

    @property
    def latest(self) -> tuple[int, int] | None:
        """Time and position of the event that completed the last complete step."""
        return self._whole.latest

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits."""
        return self._whole.is_idle and all(part.is_idle for *_, part in self._parts)

    def feed(self, time_ns: int, position: int, mask: int) -> list[Frame]:
        """Take an event to the parts first, then to the whole."""
        fired: list[Frame] = []
        now = mask & self._own
        for step, first_bit, width, part in self._parts:
            for frame in part.feed(time_ns, position, mask >> first_bit & ((1 << width) - 1)):
                last = max(frame)
                if last == (time_ns, position):
                    now |= 1 << step
                else:
                    fired += self._whole.feed(*last, 1 << step)
        return fired + (self._whole.feed(time_ns, position, now) if now else [])

    def advance(self, clock_ns: int) -> list[Frame]:
        """Let time pass in the parts, then in the whole."""
        fired: list[Frame] = []
        for step, _, _, part in self._parts:
            for frame in part.advance(clock_ns):
                fired += self._whole.feed(*max(frame), 1 << step)
        return fired + self._whole.advance(clock_ns)
