"""What company costs: a workload's activity step by step, and whether the neighbour was there, give a lower bound.

Every stretch with the neighbour must be worse than every stretch without it, over enough changes of company: a phase of
the workload's own does not keep to somebody else's times. Steps that something else explains are left out and counted:
a GPU whose clock was throttled is slow by itself. One node is looked at, so that nodes are not compared with each
other; the time of day cannot be told apart within a day, but for the changes of company it would have to follow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from math import comb, sqrt
from statistics import fmean, median, variance

STRETCH_STEPS_MIN = 3
"""A stretch of company, or of none, is at least a quarter of an hour."""
Z_90 = 1.645
THROTTLED_RATIO = 0.85
"""A clock this far below its own median is throttled."""

Values = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Effect:
    """The share (0-1) of activity lost with a neighbour, with a 90 % interval, over so many changes of company.

    ``steps_left_out`` were explained by something else. ``chance`` is how likely stretches with company would be the
    worst ones if company did not matter: one order of them in so many.
    """

    loss: float
    low: float
    high: float
    changes: int
    steps: int
    steps_left_out: int = 0
    chance: float = 0.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some steps in a row with a neighbour, or without: the workload's activity in them."""

    has_company: bool
    values: tuple[float, ...]


def effect(
    own: Values, presence: Sequence[bool], explained: Sequence[bool] = (), changes_min: int = 2
) -> Effect | None:
    """Return what a neighbour's presence costs; None where the stretches do not tell.

    Parameters
    ----------
    own, presence, explained
        Steps that end at the same moment; a missing value is unknown, and a missing explanation is none.

    Examples
    --------
    >>> found = effect([0.9, 0.9, 0.9, 0.6, 0.6, 0.6] * 2, [False] * 3 + [True] * 3 + [False] * 3 + [True] * 3)
    >>> round(found.loss, 2), found.changes
    (0.33, 3)
    """
    length = min(len(own), len(presence))
    if not length:
        return None
    others = [False] * max(length - len(explained), 0) + list(explained)[-length:]
    steps = [
        (None if is_explained else value, there)
        for value, there, is_explained in zip(own[-length:], presence[-length:], others, strict=True)
    ]
    stretches = _stretches(steps)
    changes = sum(one.has_company != other.has_company for one, other in pairwise(stretches))
    company = [stretch.values for stretch in stretches if stretch.has_company]
    alone = [stretch.values for stretch in stretches if not stretch.has_company]
    if changes < changes_min or not company or not alone:
        return None
    if max(fmean(values) for values in company) >= min(fmean(values) for values in alone):
        return None
    left_out = sum(
        is_explained and value is not None for value, is_explained in zip(own[-length:], others, strict=True)
    )
    return _compared(company, alone, changes, left_out)


def _stretches(steps: Sequence[tuple[float | None, bool]]) -> list[Stretch]:
    grouped = [
        Stretch(has_company, tuple(value for value, _ in members if value is not None))
        for has_company, members in groupby(steps, key=lambda step: step[1])
    ]
    return [stretch for stretch in grouped if len(stretch.values) >= STRETCH_STEPS_MIN]


def _compared(
    company: Sequence[Sequence[float]], alone: Sequence[Sequence[float]], changes: int, left_out: int
) -> Effect | None:
    together = [value for values in company for value in values]
    apart = [value for values in alone for value in values]
    usual = fmean(apart)
    if usual <= 0:
        return None
    gap = usual - fmean(together)
    error = Z_90 * sqrt(variance(together) / len(together) + variance(apart) / len(apart))
    low, high = max((gap - error) / usual, 0.0), min((gap + error) / usual, 1.0)
    chance = 1 / comb(len(company) + len(alone), len(company))
    return Effect(gap / usual, low, high, changes, len(together) + len(apart), left_out, chance)


def throttled(clock: Values) -> tuple[bool, ...]:
    """Say in which steps a clock was throttled.

    >>> throttled([1980.0, 1980.0, 1200.0, None])
    (False, False, True, False)
    """
    known = [value for value in clock if value is not None]
    bar = THROTTLED_RATIO * median(known) if known else 0.0
    return tuple(value is not None and value < bar for value in clock)
