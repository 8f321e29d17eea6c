"""How much longer something lasts that has lasted so long: Lindy's law, with an exponent that is learned.

Waits and idle spells are heavy-tailed: what has gone on for t goes on beyond (1 + u) t with probability (1 + u)^-k,
near k = 1 (`podlore.patterns.stake` has the evidence). The belief in k is a Gamma distribution around 1; each spell
that was seen to pass t and end adds 1 to its shape and the logarithm of how far it went to its rate. So the chance is

    P(longer than (1 + u) t) = (rate / (rate + log(1 + u)))^shape

whose quantiles are closed. `podlore.advice.gain` and `podlore.why.start_time` ask.

References
----------
Hill, "A Simple General Approach to Inference About the Tail of a Distribution", Annals of Statistics 1975.
"""

from dataclasses import dataclass
from math import exp, log

LOG_RATIO_MAX = 12.0
"""Beyond e^12 times its age nothing is predicted: a wait of ten minutes and one of three years."""


@dataclass(frozen=True, slots=True)
class Lindy:
    """A belief in the exponent: ``shape`` spells seen to end, whose logarithms add up to ``rate``."""

    shape: float
    rate: float

    def and_spell(self, ratio: float, weight: float = 1.0) -> "Lindy":
        """Return the belief after a spell that ended at ``ratio`` times the threshold that it passed."""
        return Lindy(self.shape + weight, self.rate + weight * log(max(ratio, 1.0)))

    def at_most(self, shape: float) -> "Lindy":
        """Return the belief with the weight of at most so many spells: others are never quite alike."""
        share = min(shape / self.shape, 1.0)
        return Lindy(self.shape * share, self.rate * share)

    def longer(self, chance: float) -> float:
        """Return how much longer, in multiples of its age, something goes on with this chance.

        >>> [round(Lindy(1e6, 1e6).longer(chance), 2) for chance in (0.9, 0.5, 0.1)]
        [0.11, 1.0, 9.0]
        """
        return exp(min(self.rate * (chance ** (-1 / self.shape) - 1), LOG_RATIO_MAX)) - 1
