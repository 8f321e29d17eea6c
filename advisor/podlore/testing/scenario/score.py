"""Counts what was found and what was raised in vain, pattern by pattern, over many played scenarios."""

from collections.abc import Iterable
from dataclasses import dataclass

from podlore.testing.scenario.load import Scenario
from podlore.testing.scenario.play import Played
from podlore.vocabulary import Pattern


@dataclass(frozen=True, slots=True)
class Score:
    """One pattern: how much of what must be said was said, and how often it was said where it must not be."""

    pattern: str
    expected: int
    found: int
    false_alarms: int


def score(games: Iterable[tuple[Scenario, Played]]) -> tuple[Score, ...]:
    """Return the score of each pattern, in the order of the vocabulary.

    An advice that breaks a rule about any pattern counts as a false alarm of its own pattern.
    """
    games = tuple(games)
    must = [(wanted.pattern, wanted in played.missed) for scenario, played in games for wanted in scenario.must]
    alarms = [one.pattern for _, played in games for one in played.false_alarms]
    return tuple(
        Score(
            pattern,
            expected=sum(name == pattern for name, _ in must),
            found=sum(name == pattern and not missed for name, missed in must),
            false_alarms=sum(name == pattern for name in alarms),
        )
        for pattern in Pattern
    )


def table(scores: Iterable[Score]) -> str:
    """Return scores as a Markdown table.

    >>> print(table([Score("CrashLoop", 4, 3, 0)]))
    | pattern | found / expected | false alarms |
    |---|---|---|
    | CrashLoop | 3 / 4 | 0 |
    """
    lines = [f"| {one.pattern} | {one.found} / {one.expected} | {one.false_alarms} |" for one in scores]
    return "\n".join(["| pattern | found / expected | false alarms |", "|---|---|---|", *lines])
