"""Detectors of drift for values that come one by one: ``update(value)``, then ``.drift_detected``. Constant memory.

Their thresholds are in standard deviations of a reference that the first values give. They answer soon, and without a
promise on false alarms over all time; `podlore.patterns.statistics.martingale` gives that promise.
"""

from math import isfinite, sqrt

LEARNED_MIN = 20
SPREAD_MIN = 1e-9


class _Reference:
    """Mean and spread of the first values."""

    def __init__(self, n_values: int) -> None:
        self.n_values = n_values
        self.n_seen = 0
        self.mean = 0.0
        self._squares = 0.0

    def learns(self, value: float) -> bool:
        """Take a value in, and say whether it was still needed."""
        if self.n_seen >= self.n_values:
            return False
        self.n_seen += 1
        delta = value - self.mean
        self.mean += delta / self.n_seen
        self._squares += delta * (value - self.mean)
        return True

    def scaled(self, value: float) -> float:
        """Return how many standard deviations a value lies above the mean."""
        return (value - self.mean) / max(sqrt(self._squares / max(self.n_seen - 1, 1)), SPREAD_MIN)


class Cusum:
    """Page's two-sided CUSUM.

    Parameters
    ----------
    threshold, slack
        In standard deviations; a shift of twice the slack is found soonest.
    learn
        How many values tell mean and spread.

    Examples
    --------
    >>> detector = Cusum()
    >>> for value in [0.0, 1.0] * 20 + [3.0] * 8:
    ...     detector.update(value)
    >>> detector.drift_detected
    True
    """

    def __init__(self, *, threshold: float = 8.0, slack: float = 0.5, learn: int = LEARNED_MIN) -> None:
        self.threshold = threshold
        self.slack = slack
        self.learn = learn
        self.reset()

    def reset(self) -> None:
        """Forget everything: what comes next is the reference."""
        self._reference = _Reference(self.learn)
        self._above = self._below = 0.0
        self.drift_detected = False

    def update(self, value: float) -> None:
        """Take a value; one that is not finite is left out."""
        if not isfinite(value) or self._reference.learns(value):
            return
        z = self._reference.scaled(value)
        self._above = max(0.0, self._above + z - self.slack)
        self._below = max(0.0, self._below - z - self.slack)
        self.drift_detected = max(self._above, self._below) > self.threshold


class PageHinkley:
    """Page and Hinkley's test: like `Cusum`, against a mean that goes on learning, for a drift upwards or downwards.

    Parameters
    ----------
    threshold, slack
        In standard deviations of the reference.
    learn
        How many values tell the spread.
    """

    def __init__(self, *, threshold: float = 25.0, slack: float = 0.2, learn: int = LEARNED_MIN) -> None:
        self.threshold = threshold
        self.slack = slack
        self.learn = learn
        self.reset()

    def reset(self) -> None:
        """Forget everything: what comes next is the reference."""
        self._reference = _Reference(self.learn)
        self._n, self._mean = 0, 0.0
        self._up = self._down = self._lowest = self._highest = 0.0
        self.drift_detected = False

    def update(self, value: float) -> None:
        """Take a value; one that is not finite is left out."""
        if not isfinite(value) or self._reference.learns(value):
            return
        z = self._reference.scaled(value)
        self._n += 1
        self._mean += (z - self._mean) / (self._n + self.learn)  # the reference, at 0, weighs as it is long
        self._up += z - self._mean - self.slack
        self._down += z - self._mean + self.slack
        self._lowest, self._highest = min(self._lowest, self._up), max(self._highest, self._down)
        self.drift_detected = max(self._up - self._lowest, self._highest - self._down) > self.threshold
