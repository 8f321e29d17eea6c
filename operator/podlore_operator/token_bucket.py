"""A bound on how many writes a second reach the API server, on the wall's time."""

import asyncio
import time
from collections.abc import Awaitable, Callable


class TokenBucket:
    """Lets ``burst`` through at once and ``per_second`` in the long run; each in the order it came.

    >>> async def three():
    ...     bucket = TokenBucket(per_second=1000, burst=1)
    ...     return [round(await bucket.take(), 4) > 0 for _ in range(2)]
    >>> asyncio.run(three())
    [False, True]
    """

    def __init__(
        self,
        per_second: float,
        burst: float,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._per_second = per_second
        self._burst = burst
        self._monotonic = monotonic
        self._sleep = sleep
        self._tokens = burst
        self._counted_at = monotonic()

    async def take(self) -> float:
        """Wait for a token, and return for how many seconds that took."""
        self._refill()
        self._tokens -= 1
        wait_seconds = max(0.0, -self._tokens / self._per_second)
        if wait_seconds:
            await self._sleep(wait_seconds)
        return wait_seconds

    def take_if_there(self) -> bool:
        """Take a token if one is there now, and say whether it was."""
        self._refill()
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def _refill(self) -> None:
        now = self._monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._counted_at) * self._per_second)
        self._counted_at = now
