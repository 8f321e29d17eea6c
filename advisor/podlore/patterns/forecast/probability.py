"""How likely a precursor gets to its pattern within a horizon: a logistic law of three numbers, with fitted weights.

The numbers are the horizon over the time that is missing, how long it has been going on, and whether it is due within
the horizon if nothing changes (the linear trend). The weights are fitted by
``benchmarks/patterns_forecast.py`` on one library of scenarios and checked on another, written by somebody else.
"""

from collections.abc import Mapping
from math import exp, log

from podlore.patterns.forecast.precursors import Precursor
from podlore.vocabulary import Pattern

MINUTE_SECONDS = 60.0
Weights = tuple[float, float, float, float]
WEIGHTS: Mapping[Pattern, Weights] = {
    Pattern.RESOURCE_HOARDING: (-2.448, 1.538, 0.148, 1.768),
    Pattern.QUEUE_SPIRAL: (-0.989, 1.488, 0.126, 0.133),
    Pattern.FRAGMENTATION: (-1.02, 2.361, -0.165, 2.102),
    Pattern.OUT_OF_MEMORY_LOOP: (-1.528, 0.258, -0.069, 0.769),
    Pattern.HARDWARE_FAULT: (-0.751, 2.525, 0.423, 0.0),
}
"""Of a constant, of the logarithm of horizon over what is missing, of that of minutes gone on, and of the trend."""


def features(precursor: Precursor, horizon_seconds: float) -> Weights:
    """Return what the weights are of."""
    reach = log((horizon_seconds + MINUTE_SECONDS) / (max(precursor.due_seconds, 0.0) + MINUTE_SECONDS))
    is_due = float(precursor.due_seconds <= horizon_seconds)
    return 1.0, reach, log(1 + max(precursor.going_seconds, 0.0) / MINUTE_SECONDS), is_due


def probability(precursor: Precursor, horizon_seconds: float) -> float:
    """Return the share (0-1) of such precursors that get there within the horizon.

    Examples
    --------
    >>> from podlore.vocabulary import ObjectRef
    >>> soon, late = (
    ...     Precursor(Pattern.FRAGMENTATION, "Node", ObjectRef("", "Pod", "a", "b"), due, 600.0, 8.0, "waits")
    ...     for due in (120.0, 3000.0)
    ... )
    >>> probability(soon, 900.0) > probability(late, 900.0)
    True
    """
    weights = WEIGHTS[precursor.pattern]
    score = sum(w * x for w, x in zip(weights, features(precursor, horizon_seconds), strict=True))
    return 1 / (1 + exp(-max(min(score, 50.0), -50.0)))
