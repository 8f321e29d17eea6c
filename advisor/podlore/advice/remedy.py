"""One row of the table of remedies: an action with what must hold, what forbids it, what it brings and what it risks.

`podlore.advice.actions` is the table; `podlore.advice.propose` picks the first row whose conditions hold, and
``podlore actions`` prints them.
"""

from collections.abc import Callable
from dataclasses import dataclass

from podlore.view import ClusterView
from podlore.vocabulary import Action, Finding

Judge = Callable[[ClusterView, Finding], bool]


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that holds of a finding or does not; ``words`` complete "if ..." and "unless ..."."""

    name: str
    words: str
    holds: Judge


@dataclass(frozen=True, slots=True)
class Effect:
    """Which share of what is at stake an action brings back: the most likely one, and a 90 % interval.

    A judgement written down before any outcome was measured; ``podlore advise --outcomes`` says how it holds. ``why``
    completes "because ...".
    """

    low: float
    expected: float
    high: float
    why: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """What it costs if the advice is followed and wrong: hours of each GPU that the finding is about."""

    hours_per_gpu: float
    words: str


@dataclass(frozen=True, slots=True)
class Remedy:
    """An action that may answer a pattern's cause; all of ``needs`` must hold, none of ``unless``."""

    action: Action
    steps: str
    effect: Effect
    wrong: Wrong
    needs: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()
    patch: str = ""

    def fits(self, view: ClusterView, finding: Finding) -> bool:
        """Say whether the action may be recommended on this finding."""
        return all(need.holds(view, finding) for need in self.needs) and not any(
            veto.holds(view, finding) for veto in self.unless
        )
