"""One pass over a block for the literals of all rules: which terms may match, and where.

Hyperscan where it is installed, else google-re2's Set, line by line. Called by `podlore.rules.scan_file` with blocks
and by `podlore.rules.engine` with single entries; what it finds is verified there.
"""

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any

import re2

from podlore.rules.required_literal import ignores_case, required_literals
from podlore.rules.rule import Kind, Term

try:
    import hyperscan
except ModuleNotFoundError:
    hyperscan = None  # type: ignore[assignment]  # checked where it is used

Hit = tuple[int, int]
_GAP = rb"\n?\1"
_SAME_IN_JSON = re.compile(r"[A-Za-z0-9 _.,:;()\[\]'=%#@*+|~-]+")


class Prefilter:
    """Literals of ``terms``; a term without any is tried on every entry (`always`).

    Parameters
    ----------
    terms
        The distinct terms; their indices are what `scan` returns.
    use_hyperscan
        Whether Hyperscan may be used where it is installed.
    """

    def __init__(self, terms: Sequence[Term], *, use_hyperscan: bool = True) -> None:
        self._literals: dict[tuple[bytes, bool], list[int]] = {}
        always: list[int] = []
        for index, term in enumerate(terms):
            words = _words(term)
            for word in words:
                self._literals.setdefault(word, []).append(index)
            if not words:
                always.append(index)
        self.always = tuple(always)
        self._terms_of = list(self._literals.values())
        self._hyperscan = hyperscan if use_hyperscan else None

    def scan(self, block: bytes) -> list[Hit]:
        """Return (offset, term) pairs, unordered; the offset lies within the line in which the literal ends."""
        if not self._literals:
            return []
        ends = self._scan_hyperscan(block) if self._hyperscan else self._scan_lines(block)
        terms_of = self._terms_of
        return [(end - 1, term) for literal, end in ends for term in terms_of[literal]]

    def _scan_hyperscan(self, block: bytes) -> list[tuple[int, int]]:
        database = self._database
        ends: list[tuple[int, int]] = []
        add = ends.append

        def found(literal: int, _start: int, end: int, _flags: int, _context: object) -> None:
            add((literal, end))

        database.scan(block, match_event_handler=found)
        return ends

    def _scan_lines(self, block: bytes) -> list[tuple[int, int]]:
        ends: list[tuple[int, int]] = []
        start = 0
        previous = b""
        for line in block.split(b"\n"):
            end = start + len(line)
            joined = previous + line if line[:1] in {b" ", b"\t"} else line
            ends += [(literal, max(end, 1)) for literal in self._set.Match(joined) or ()]
            previous, start = line, end + 1
        return ends

    @cached_property
    def _database(self) -> Any:  # noqa: ANN401 - an extension without types
        return _compiled(tuple(self._literals))

    @cached_property
    def _set(self) -> Any:  # noqa: ANN401 - an extension without types
        options = re2.Options()
        options.max_mem = 256 << 20
        compiled = re2.Set.SearchSet(options)
        for word, folded in self._literals:
            compiled.Add(("(?i)" if folded else "") + re2.escape(word.decode()))
        compiled.Compile()
        return compiled


@lru_cache(maxsize=4)
def _compiled(literals: tuple[tuple[bytes, bool], ...]) -> Any:  # noqa: ANN401 - an extension without types
    """Each literal, also broken before a blank: a continuation line is joined there. That costs next to nothing.

    Kept, since the same rules are loaded again and again and compiling takes a fifth of a second. One thread at a time
    may scan with it.
    """
    expressions = [re.sub(rb"(\\?[ \t])", _GAP, re.escape(word)) for word, _ in literals]
    caseless = [hyperscan.HS_FLAG_CASELESS if folded else 0 for _, folded in literals]
    database = hyperscan.Database()
    database.compile(expressions=expressions, ids=range(len(expressions)), elements=len(expressions), flags=caseless)
    return database


def _words(term: Term) -> list[tuple[bytes, bool]]:
    """Return the words of a term that stand in every entry it matches, each with whether case is ignored."""
    if term.kind is Kind.JQ:
        return []
    is_value = term.kind is Kind.VALUE
    words = {term.expression} if is_value else required_literals(term.expression)
    folded = not is_value and ignores_case(term.expression)
    if any("\n" in word or (term.field and not _SAME_IN_JSON.fullmatch(word)) for word in words):
        return []
    return [(word.encode(), folded) for word in sorted(words)]
