"""An always-valid test of change: values come one by one, an e-value leaves that may be looked at at any time.

A bet is made against each value's rank among earlier values of its phase: while nothing changes ranks are uniform,
and the stake stays around 1; however long one looks, it passes 1/alpha with probability alpha at most (Ville). Feed
it values that do not hang together, such as sums over blocks of hours.

References
----------
Vovk, Gammerman, Shafer, "Algorithmic Learning in a Random World", 2022, ch. 8, conformal test martingales.
"""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict, deque
from math import exp, isfinite, log

import numpy as np

KEPT_PER_PHASE = 1_000
BETS = (-0.9, -0.5, 0.5, 0.9)
JUMP = 0.02


class ChangeMartingale:
    """Bets on ranks, a little on each of several slopes, and now and then shares its stake out anew.

    Parameters
    ----------
    rng
        Breaks ties of ranks, which makes them exactly uniform.
    jump
        How often the stake is shared out anew: soon after a change counts more than long before it.

    Examples
    --------
    >>> rng = np.random.default_rng(2)
    >>> martingale = ChangeMartingale(rng)
    >>> for value in [*rng.poisson(20, 60), *rng.poisson(50, 30)]:
    ...     martingale.update(float(value))
    >>> martingale.e_value > 100
    True
    """

    def __init__(self, rng: np.random.Generator, *, jump: float = JUMP) -> None:
        self.jump = jump
        self._rng = rng
        self._stakes = [1.0 / len(BETS)] * len(BETS)
        self._log_scale = 0.0
        self._largest = 0.0
        self._earlier: defaultdict[int, list[float]] = defaultdict(list)
        self._order: defaultdict[int, deque[float]] = defaultdict(deque)

    @property
    def e_value(self) -> float:
        """How much the stake has grown; 1/alpha or more is significant at alpha."""
        return exp(min(self._log_scale + log(max(sum(self._stakes), 1e-300)), 700.0))

    @property
    def largest(self) -> float:
        """The largest e-value so far: an alarm once raised stands."""
        return max(self._largest, self.e_value)

    def update(self, value: float, phase: int = 0) -> None:
        """Take a value of a phase, such as the hour of the day; one that is not finite is left out."""
        if not isfinite(value):
            return
        rank = self._rank(value, phase)
        total = sum(self._stakes)
        shared = [(1 - self.jump) * stake + self.jump * total / len(BETS) for stake in self._stakes]
        self._stakes = [stake * (1 + bet * 2 * (rank - 0.5)) for stake, bet in zip(shared, BETS, strict=True)]
        total = sum(self._stakes)
        self._stakes = [stake / total for stake in self._stakes]
        self._log_scale += log(total)
        self._largest = max(self._largest, self.e_value)

    def _rank(self, value: float, phase: int) -> float:
        """Return the value's place (0-1) among the earlier ones of its phase, drawn by lot among equals."""
        earlier = self._earlier[phase]
        below, upto = bisect_left(earlier, value), bisect_right(earlier, value)
        rank = (below + self._rng.random() * (upto - below + 1)) / (len(earlier) + 1)
        insort(earlier, value)
        self._order[phase].append(value)
        if len(earlier) > KEPT_PER_PHASE:
            earlier.pop(bisect_left(earlier, self._order[phase].popleft()))
        return rank
