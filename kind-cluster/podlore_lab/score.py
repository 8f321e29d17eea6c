"""What was planted in a trace against what was found: precision, recall, and the names of the rest.

Found advice counts as right only where the same pattern was planted on the same target. Advice on anything else is a
false alarm, also where the trace does not list it as a near-miss: nothing is left uncounted.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from podlore.traces import NearMiss, Planted

Said = tuple[str, str]
"""A target as ``namespace/Kind/name`` and a pattern."""


@dataclass(frozen=True, slots=True)
class Score:
    """Sorted pairs of target and pattern; ``fooled`` are the false alarms that the trace lists as near-misses."""

    found: tuple[Said, ...]
    missed: tuple[Said, ...]
    false_alarms: tuple[Said, ...]
    fooled: tuple[Said, ...] = ()

    @property
    def precision(self) -> float:
        """The share of advice that is right; 1 where nothing was said."""
        said = len(self.found) + len(self.false_alarms)
        return len(self.found) / said if said else 1.0

    @property
    def recall(self) -> float:
        """The share of what was planted that was found; 1 where nothing was planted."""
        planted = len(self.found) + len(self.missed)
        return len(self.found) / planted if planted else 1.0


def score(planted: Iterable[Planted], near_misses: Iterable[NearMiss], said: Iterable[Said]) -> Score:
    """Compare what was said with what was planted.

    >>> planted = [Planted(f"ml/Job/{name}", "CrashLoop", 0, "Error", "") for name in "ab"]
    >>> result = score(planted, [], [("ml/Job/a", "CrashLoop"), ("ml/Job/c", "CrashLoop")])
    >>> result.precision, result.recall, result.missed
    (0.5, 0.5, (('ml/Job/b', 'CrashLoop'),))
    """
    truth = {(each.target, each.pattern) for each in planted}
    traps = {(each.target, each.pattern) for each in near_misses}
    spoken = set(said)
    return Score(
        found=tuple(sorted(truth & spoken)),
        missed=tuple(sorted(truth - spoken)),
        false_alarms=tuple(sorted(spoken - truth)),
        fooled=tuple(sorted(spoken & traps)),
    )
