"""How late the event loop is: the longest delay of a short sleep within the last few seconds."""

import asyncio
import time
from collections import deque

TICK_SECONDS = 0.1
TICKS_KEPT = 100


class LoopLag:
    """Measures while `run` runs; a loop that stands still shows at once, since the sleep under way counts too."""

    def __init__(self) -> None:
        self._delays_seconds: deque[float] = deque([0.0], maxlen=TICKS_KEPT)
        self._due_at = float("inf")

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            self._due_at = time.monotonic() + TICK_SECONDS
            await asyncio.sleep(TICK_SECONDS)
            self._delays_seconds.append(max(0.0, time.monotonic() - self._due_at))

    @property
    def seconds(self) -> float:
        """The worst delay of late."""
        return max(*self._delays_seconds, time.monotonic() - self._due_at)
