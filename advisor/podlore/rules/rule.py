"""A rule as loaded: frozen, typed, with the place in its file. Made by `podlore.rules.load`, read by the engine."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a term is sought in an entry."""

    VALUE = "value"
    REGEX = "regex"
    JQ = "jq"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a file; lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Extract:
    """What is taken out of a matching entry under ``name``: a regex's first group, or a jq program's first output."""

    name: str
    kind: Kind
    expression: str


@dataclass(frozen=True, slots=True)
class Term:
    """One thing to find in an entry; ``field`` narrows it to one field of a JSON entry (empty: the whole entry)."""

    kind: Kind
    expression: str
    field: str = ""
    extracts: tuple[Extract, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One positive condition, to be seen ``count`` times: a term, or a pattern of its own."""

    what: "Term | Pattern"
    count: int = 1


@dataclass(frozen=True, slots=True)
class Negate:
    """A term that vetoes a match when it is seen in a range of time.

    The range is as long as the match and begins ``slide_ns`` after step ``anchor``; ``window_ns`` lengthens it, or,
    where ``absolute``, is all of its length.
    """

    term: Term
    window_ns: int = 0
    slide_ns: int = 0
    anchor: int = 0
    absolute: bool = False


@dataclass(frozen=True, slots=True)
class Pattern:
    """Steps in order (a sequence) or in any order (a set) within a window; ``source`` is the label of what it reads."""

    ordered: bool
    steps: tuple[Step, ...]
    window_ns: int
    negates: tuple[Negate, ...] = ()
    correlations: tuple[str, ...] = ()
    source: str = ""
    origin: bool = False

    @property
    def is_nested(self) -> bool:
        """Whether any step is a pattern itself."""
        return any(isinstance(step.what, Pattern) for step in self.steps)

    @property
    def is_stateless(self) -> bool:
        """Whether every matching entry is a match by itself."""
        return not (self.negates or self.is_nested or len(self.steps) > 1 or self.steps[0].count > 1)

    def leaves(self) -> "Iterator[Pattern]":
        """Yield the patterns that read entries, depth first."""
        children = [step.what for step in self.steps if isinstance(step.what, Pattern)]
        if not children or len(children) < len(self.steps):
            yield self
        for child in children:
            yield from child.leaves()


@dataclass(frozen=True, slots=True)
class Cre:
    """What a rule says to people; none of it influences matching. ``severity`` 0 is critical, 4 is information."""

    id: str
    title: str = ""
    severity: int = 0
    category: str = ""
    tags: tuple[str, ...] = ()
    author: str = ""
    description: str = ""
    cause: str = ""
    impact: str = ""
    impact_score: int = 0
    mitigation: str = ""
    mitigation_score: int = 0
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; it matches where any of its ``patterns`` does (two only where a file gives a set beside a sequence)."""

    cre: Cre
    id: str
    hash: str
    kind: str
    patterns: tuple[Pattern, ...]
    place: Place
