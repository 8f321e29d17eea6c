"""Waiting for a condition with a deadline, never for a time: the lab's one way to synchronize."""

import time
from collections.abc import Callable
from typing import TypeVar

from podlore.errors import Unavailable

T = TypeVar("T")
FIRST_PAUSE_SECONDS = 0.01
LAST_PAUSE_SECONDS = 0.25


def wait_for(condition: Callable[[], T | None], what: str, *, timeout_seconds: float = 60.0) -> T:
    """Ask again and again until the answer is truthy, and return it.

    Parameters
    ----------
    condition
        Returns something falsy while it does not hold yet; an exception ends the wait at once.
    what
        Completes "waited 60 s for ...".

    Raises
    ------
    Unavailable
        If the condition does not hold in time.

    Examples
    --------
    >>> answers = iter([None, None, "here"])
    >>> wait_for(lambda: next(answers), "the third answer")
    'here'
    """
    deadline = time.monotonic() + timeout_seconds
    pause_seconds = FIRST_PAUSE_SECONDS
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise Unavailable(f"waited {timeout_seconds:g} s for {what}")
        time.sleep(pause_seconds)
        pause_seconds = min(pause_seconds * 1.5, LAST_PAUSE_SECONDS)
    return answer
