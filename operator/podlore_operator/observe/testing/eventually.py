"""Waiting for a condition with a deadline, without blocking the loop that must bring it about."""

import asyncio
import time
from collections.abc import Callable

PAUSE_SECONDS = 0.005


async def eventually(condition: Callable[[], object], what: str, *, seconds: float = 20.0) -> None:
    """Return once the condition holds; fail the test if it does not within the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s for {what}")
        await asyncio.sleep(PAUSE_SECONDS)
