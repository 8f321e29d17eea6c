"""How long to wait before asking again: exponential, with full jitter, so that clients do not come in step."""

import random

FIRST_SECONDS = 0.8
LAST_SECONDS = 30.0


class BackOff:
    """Grows with every failure and starts over after a success.

    >>> back_off = BackOff(random.Random(0))
    >>> all(0 <= back_off.next_seconds() <= 30 for _ in range(2000))
    True
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._failures = 0

    def next_seconds(self, at_least: float = 0.0) -> float:
        """Return how long to wait after one more failure, not below what the server asked for."""
        ceiling = min(FIRST_SECONDS * 2.0 ** min(self._failures, 16), LAST_SECONDS)
        self._failures += 1
        return at_least + self._rng.uniform(0.0, ceiling)

    def reset(self) -> None:
        """Start over."""
        self._failures = 0
