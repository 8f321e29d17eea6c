"""What the API server refuses by its rules is asked again rarely: a missing grant must not become a storm."""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

REST_SECONDS_FIRST = 30.0
REST_SECONDS_LAST = 600.0


@dataclass(frozen=True, slots=True)
class _Rest:
    until: float
    seconds: float


class Breaker:
    """Rests by key, each refusal twice as long as the one before it.

    >>> breaker = Breaker(monotonic=lambda: 0.0)
    >>> breaker.refused("pods")
    30.0
    >>> breaker.is_open("pods"), breaker.is_open("leases")
    (True, False)
    """

    def __init__(
        self,
        *,
        first_seconds: float = REST_SECONDS_FIRST,
        last_seconds: float = REST_SECONDS_LAST,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._first_seconds = first_seconds
        self._last_seconds = last_seconds
        self._monotonic = monotonic
        self._rests: dict[Hashable, _Rest] = {}

    def is_open(self, key: Hashable) -> bool:
        """Say whether this rests."""
        rest = self._rests.get(key)
        return rest is not None and self._monotonic() < rest.until

    def refused(self, key: Hashable) -> float:
        """Note a refusal and return for how many seconds this rests now."""
        before = self._rests.get(key)
        seconds = min(before.seconds * 2, self._last_seconds) if before else self._first_seconds
        self._rests[key] = _Rest(self._monotonic() + seconds, seconds)
        return seconds

    def worked(self, key: Hashable) -> None:
        """Note that this is accepted."""
        self._rests.pop(key, None)
