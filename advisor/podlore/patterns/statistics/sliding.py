"""Rates over a sliding window, key by key, as events come in: constant time an event, bounded memory.

A window is a ring of bins; what is older than the window is forgotten bin by bin, and of too many keys the one that was
silent longest.
"""

from collections import OrderedDict
from collections.abc import Hashable

from podlore.errors import BadInput

BINS = 10
KEYS_MAX = 100_000


class SlidingRates:
    """Counts the events of each key in a window that ends with the latest event.

    Examples
    --------
    >>> rates = SlidingRates(window_seconds=100)
    >>> for at in (0, 5, 95, 120):
    ...     rates.update("BackOff", at)
    >>> rates.count("BackOff"), rates.counts("BackOff")[-1]
    (2, 1)
    """

    def __init__(self, *, window_seconds: float, bins: int = BINS, keys_max: int = KEYS_MAX) -> None:
        if not window_seconds > 0 or bins < 1:
            raise BadInput(f"a window of {window_seconds} s in {bins} bins; both must be above 0")
        self._bin_seconds = window_seconds / bins
        self._bins = bins
        self._keys_max = keys_max
        self._newest = 0
        self._rings: OrderedDict[Hashable, list[int]] = OrderedDict()
        """For each key the number of its newest bin, then the ring."""

    def update(self, key: Hashable, at_seconds: float, count: int = 1) -> None:
        """Count an event; one that is older than the window of its key is left out."""
        number = int(at_seconds // self._bin_seconds)
        ring = self._rings.get(key)
        if ring is None:
            ring = self._rings[key] = [number] + [0] * self._bins
            if len(self._rings) > self._keys_max:
                self._rings.popitem(last=False)
        elif number > ring[0]:
            self._turn(ring, number)
            self._rings.move_to_end(key)
        elif number <= ring[0] - self._bins:
            return
        ring[1 + number % self._bins] += count
        self._newest = max(self._newest, number)

    def count(self, key: Hashable) -> int:
        """Return how many events a key had in the window."""
        return sum(self.counts(key))

    def counts(self, key: Hashable) -> list[int]:
        """Return the counts of a key's bins, the newest last."""
        ring = self._rings.get(key)
        if ring is None:
            return [0] * self._bins
        numbers = range(self._newest - self._bins + 1, self._newest + 1)
        return [ring[1 + number % self._bins] if ring[0] - self._bins < number <= ring[0] else 0 for number in numbers]

    def _turn(self, ring: list[int], number: int) -> None:
        for each in range(max(ring[0] + 1, number - self._bins + 1), number + 1):
            ring[1 + each % self._bins] = 0
        ring[0] = number
