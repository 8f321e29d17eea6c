"""How busy a cluster is over a day, and how bursty: what drives the rates of generated logs.

The default curve has the shape of a cluster shared by people and services: a trough at night, two peaks by day. It can
be fitted to the start times of any trace.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

HOURS = 24
HOUR_SECONDS = 3_600
_DAY = (5, 4, 4, 3, 3, 4, 5, 6, 8, 10, 11, 11, 9, 10, 11, 11, 10, 9, 8, 8, 8, 7, 6, 5)


@dataclass(frozen=True, slots=True)
class LoadCurve:
    """Relative load by hour of the day (mean 1), and how far single hours stray from it (0: not at all).

    ``burstiness`` is the coefficient of variation of an hour's load around the curve; counts are drawn from a gamma.
    """

    by_hour: tuple[float, ...] = tuple(HOURS * load / sum(_DAY) for load in _DAY)
    burstiness: float = 0.6

    def at(self, seconds: float) -> float:
        """Return the expected load at a time of the day.

        >>> LoadCurve().at(3 * 3600) < 1 < LoadCurve().at(14 * 3600)
        True
        """
        return self.by_hour[int(seconds // HOUR_SECONDS) % HOURS]

    def draw(self, seconds: float, rng: Random) -> float:
        """Draw the load of one hour, bursts included."""
        shape = 1 / max(self.burstiness, 1e-3) ** 2
        return self.at(seconds) * rng.gammavariate(shape, 1 / shape)


def fit(starts_seconds: Sequence[float]) -> LoadCurve:
    """Fit a curve to the start times of a trace, in seconds since a midnight.

    >>> fit([hour * 3600 for hour in range(24)] * 3).at(0)
    1.0
    """
    hours = [0] * (int(max(starts_seconds) // HOUR_SECONDS) + 1)
    for start in starts_seconds:
        hours[int(start // HOUR_SECONDS)] += 1
    by_hour = [_mean(hours[hour::HOURS]) for hour in range(HOURS)]
    level = _mean(by_hour)
    expected = [by_hour[hour % HOURS] for hour in range(len(hours))]
    excess = sum((seen - mean) ** 2 - mean for seen, mean in zip(hours, expected, strict=True))
    square = sum(mean**2 for mean in expected)
    return LoadCurve(tuple(load / level for load in by_hour), max(0.0, excess / square) ** 0.5)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / max(1, len(values))
