"""Who should share a GPU: predicted speeds with intervals come in, safe pairs of the greatest worth leave.

Safe is a pair in which the lower end of each one's speed is at least the policy's threshold; its worth is the sum of
both speeds, and its gain what that is above taking turns. Jobs are matched within a rack and a GPU type only.
"""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from podlore.errors import BadInput
from podlore.interference.match import match
from podlore.interference.pairs import Floats

SPEED_MIN = 0.5
"""The default threshold: nobody is worse off than by taking turns, as far as the interval can tell."""


@dataclass(frozen=True, slots=True)
class Speeds:
    """Predicted speeds (0-1) of each job beside each other one, shape (n, n): row i is i's own, and the lower ends."""

    expected: Floats
    low: Floats

    def __post_init__(self) -> None:
        if self.expected.shape != self.low.shape or self.expected.ndim != 2:
            raise BadInput(f"speeds of shapes {self.expected.shape} and {self.low.shape} are no two square tables")


@dataclass(frozen=True, slots=True)
class Sharing:
    """Pairs of places in the list of jobs, their gain over taking turns, and a bound that no safe pairing exceeds."""

    pairs: tuple[tuple[int, int], ...]
    gain: float
    upper_bound: float


def gains(speeds: Speeds, speed_min: float = SPEED_MIN) -> Floats:
    """Return what each pair gains over taking turns; -inf where it is not safe, or not known.

    >>> both = np.array([[1.0, 0.8], [0.7, 1.0]])
    >>> gains(Speeds(both, both - 0.1)).round(2)[0, 1], gains(Speeds(both, both - 0.3))[0, 1]
    (np.float64(0.5), np.float64(-inf))
    """
    worth = speeds.expected + speeds.expected.T - 1.0
    safe = np.minimum(speeds.low, speeds.low.T) >= speed_min
    return np.where(safe & np.isfinite(worth), worth, -np.inf)


def share(speeds: Speeds, groups: Sequence[Hashable], speed_min: float = SPEED_MIN) -> Sharing:
    """Return who should share with whom.

    Parameters
    ----------
    speeds
        NaN where nothing is known: such a pair is not made.
    groups
        Of each job: jobs of different racks or GPU types cannot share.
    """
    if len(groups) != len(speeds.expected):
        raise BadInput(f"{len(groups)} groups for {len(speeds.expected)} jobs")
    members: defaultdict[Hashable, list[int]] = defaultdict(list)
    for place, group in enumerate(groups):
        members[group].append(place)
    table = gains(speeds, speed_min)
    found = [(its, match(table[np.ix_(its, its)])) for its in members.values()]
    pairs = sorted((its[i], its[j]) for its, matching in found for i, j in matching.pairs)
    return Sharing(
        tuple(pairs), sum(matching.gain for _, matching in found), sum(matching.upper_bound for _, matching in found)
    )


def groups_of(speeds: Speeds, size: int, speed_min: float = SPEED_MIN) -> tuple[tuple[int, ...], ...]:
    """Return groups of up to ``size`` (a power of two) jobs, matched again and again as in Muri.

    In a group everybody's speed is taken as the product of the speeds beside each one: what two take adds up.
    """
    if size < 2 or size & (size - 1):
        raise BadInput(f"groups of {size}: the size is a power of two")
    groups: list[tuple[int, ...]] = [(place,) for place in range(len(speeds.expected))]
    while size > 1:
        merged = _merged(speeds, groups)
        matching = match(gains(merged, speed_min))
        paired = {place for pair in matching.pairs for place in pair}
        groups = [groups[i] + groups[j] for i, j in matching.pairs] + [
            group for place, group in enumerate(groups) if place not in paired
        ]
        size //= 2
    return tuple(sorted(tuple(sorted(group)) for group in groups))


def _merged(speeds: Speeds, groups: Sequence[tuple[int, ...]]) -> Speeds:
    """Return the speed of each group beside each other: of its slowest member."""
    n = len(groups)
    tables = []
    for table in (speeds.expected, speeds.low):
        found = np.ones((n, n))
        for i, own in enumerate(groups):
            for j, others in enumerate(groups):
                if i != j:
                    found[i, j] = min(np.prod([table[a, b] for b in (*own, *others) if b != a]) for a in own)
        tables.append(found)
    return Speeds(tables[0], tables[1])


def slowed_by(speeds: Speeds, names: Sequence[str]) -> Mapping[str, float]:
    """Return how much speed each job takes from all others in sum, for ranking who should be alone."""
    lost = np.nansum(np.where(np.eye(len(names), dtype=bool), 0.0, 1.0 - speeds.expected), axis=0)
    return dict(zip(names, lost.tolist(), strict=True))
