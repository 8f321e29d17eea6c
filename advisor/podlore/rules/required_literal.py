"""Which words must stand in any text that a regex matches. Used by `podlore.rules.prefilter` and by the lint."""

import re
import warnings
from collections.abc import Iterable
from functools import lru_cache
from re import _constants as op  # type: ignore[attr-defined]  # the standard library's own regex parser
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

MOST_ALTERNATIVES = 64
SHORTEST = 2
MOST_SPELLINGS = 16

Literals = frozenset[str]
_NOTHING = frozenset({""})


@lru_cache(maxsize=4096)
def required_literals(expression: str) -> Literals:
    r"""Return words one of which stands, in some case, in every match; none where nothing is certain.

    >>> sorted(required_literals(r"failed to (bind|listen).*port \d+"))
    ['failed to ']
    >>> sorted(required_literals(r"(OOM|out of memory)"))
    ['OOM', 'out of memory']
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = parser.parse(_spelled_for_python(expression))
    except (re.error, OverflowError, RecursionError, ValueError):
        return frozenset()
    found = _best(_of_sequence(tree))
    return found if all(len(word) >= SHORTEST for word in found) else frozenset()


def ignores_case(expression: str) -> bool:
    """Whether any part of a regex may ignore case."""
    return re.search(r"\(\?[a-zA-Z]*i", expression) is not None


def _spelled_for_python(expression: str) -> str:
    return (
        expression.replace(r"\z", r"\Z")
        .replace("(?U)", "")
        .replace("[[:", "[[.:")
        .replace("(?s)", "")
        .replace("(?i)", "")
    )


def _of_sequence(tree: Iterable[Any]) -> list[Literals]:
    """Return alternative requirements of a concatenation: each run of literals, each part's own best."""
    found: list[Literals] = []
    runs = _NOTHING
    for operation, argument in tree:
        letters = _letters(operation, argument)
        if letters and len(runs) * len(letters) <= MOST_SPELLINGS:
            runs = frozenset(run + letter for run in runs for letter in letters)
            continue
        found.append(runs)
        runs = letters or _NOTHING
        found += _of_part(operation, argument)
    return [each for each in (*found, runs) if each != _NOTHING]


def _letters(operation: object, argument: Any) -> Literals:  # noqa: ANN401 - the parser's own tree
    """Return the letters that one place may hold, none where they are not few."""
    if operation is op.LITERAL:
        return frozenset({chr(argument)})
    if operation is op.IN and len(argument) <= MOST_SPELLINGS and all(kind is op.LITERAL for kind, _ in argument):
        return frozenset(chr(code) for _, code in argument)
    return frozenset()


def _of_part(operation: object, argument: Any) -> list[Literals]:  # noqa: ANN401 - the parser's own tree
    if operation is op.SUBPATTERN:
        return _of_sequence(argument[-1])
    if operation in {op.MAX_REPEAT, op.MIN_REPEAT}:
        return _of_sequence(argument[2]) if argument[0] > 0 else []
    if operation is op.BRANCH:
        branches = [_best(_of_sequence(branch)) for branch in argument[1]]
        united = frozenset().union(*branches)
        return [united] if all(branches) and len(united) <= MOST_ALTERNATIVES else []
    return []


def _best(found: list[Literals]) -> Literals:
    return max(found, key=lambda words: (min(map(len, words)), -len(words)), default=frozenset())
