"""The small language of the vocabularies: text with ``(choices|of text)`` and ``{slots}``, read once, drawn from often.

A pair of parentheses is a choice only if it holds a ``|`` of its own; others, and single ones, are text. Choices nest.
``‹`` and ``›`` mark the words that name the cause of a problem; they pass through as they are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import TypeAlias

SLOT_START, SLOT_END = "{", "}"


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a name or a number; it does not make a new template."""

    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several texts; each makes a template of its own."""

    options: tuple["Text", ...]


Part: TypeAlias = str | Slot | Choice
Text: TypeAlias = tuple[Part, ...]
Fill: TypeAlias = Callable[[str], str]


def parse(source: str) -> Text:
    """Read a line of a vocabulary.

    >>> parse("a (b|c{num}) (d)")
    ('a ', Choice(options=(('b',), ('c', Slot(name='num')))), ' (d)')
    """
    return _joined(_parse(source, 0, len(source)))


def count(text: Text) -> int:
    """Return how many templates a text can make.

    >>> count(parse("(a|b(c|d)) ({num}|)"))
    6
    """
    total = 1
    for part in text:
        if isinstance(part, Choice):
            total *= sum(count(option) for option in part.options)
    return total


def draw(text: Text, rng: Random) -> tuple[str | Slot, ...]:
    """Take one option of each choice, each template of a choice with the same chance; slots stay open."""
    drawn: list[str | Slot] = []
    for part in text:
        if isinstance(part, Choice):
            weights = [min(count(option), 50) for option in part.options]
            drawn.extend(draw(rng.choices(part.options, weights)[0], rng))
        else:
            drawn.append(part)
    return tuple(drawn)


def fill(drawn: tuple[str | Slot, ...], value: Fill) -> str:
    """Return a drawn text with its slots filled.

    >>> fill(("port ", Slot("port")), {"port": "80"}.__getitem__)
    'port 80'
    """
    return "".join(part if isinstance(part, str) else value(part.name) for part in drawn)


def _parse(source: str, start: int, end: int) -> list[Part]:
    parts: list[Part] = []
    at = start
    while at < end:
        character = source[at]
        close = _matching(source, at, end) if character == "(" else -1
        if close > 0:
            bars = _bars(source, at + 1, close)
            if bars:
                edges = [at, *bars, close]
                options = tuple(_joined(_parse(source, a + 1, b)) for a, b in pairwise(edges))
                parts.append(Choice(options))
            else:
                parts.extend(("(", *_parse(source, at + 1, close), ")"))
            at = close + 1
        elif character == SLOT_START and (name := _slot_name(source, at, end)):
            parts.append(Slot(name))
            at += len(name) + 2
        else:
            parts.append(character)
            at += 1
    return parts


def _slot_name(source: str, at: int, end: int) -> str:
    close = source.find(SLOT_END, at, min(end, at + 16))
    name = source[at + 1 : close] if close > 0 else ""
    return name if name.isalnum() and name.islower() else ""


def _matching(source: str, at: int, end: int) -> int:
    depth = 0
    for here in range(at, end):
        depth += (source[here] == "(") - (source[here] == ")")
        if depth == 0:
            return here
    return -1


def _bars(source: str, start: int, end: int) -> list[int]:
    depth, bars = 0, []
    for here in range(start, end):
        depth += (source[here] == "(") - (source[here] == ")")
        if source[here] == "|" and depth == 0:
            bars.append(here)
    return bars


def _joined(parts: list[Part]) -> Text:
    joined: list[Part] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        else:
            joined.append(part)
    return tuple(joined)
