"""A log file or stream through an engine in blocks: one literal pass a block; stamps and folding only at candidates.

Called by ``podlore rules run`` and the benchmark.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO

from podlore.rules.engine import ANY_SOURCE, Match, RuleEngine
from podlore.rules.entity import Entity
from podlore.rules.entries import LONGEST_ENTRY_BYTES, LONGEST_LINE_BYTES, EntryFinder, Found, entries, sniff
from podlore.rules.timestamps import Layout

BLOCK_BYTES = 4 * 2**20


def scan_file(
    engine: RuleEngine, stream: BinaryIO, entity: Entity, *, label: str = ANY_SOURCE, now: datetime | None = None
) -> Iterator[Match]:
    """Yield the matches of one log as they are decided, with byte offsets; call `RuleEngine.finish` at the end.

    Parameters
    ----------
    engine
        What to match; it may have read other logs before.
    stream
        The log, open for reading bytes.
    entity
        Whose log it is.
    label
        Its source, as rules name it; ``*``: every rule reads it.
    now
        What tells the year of stamps without one; the current time where not given.
    """
    year = (now or datetime.now(UTC)).year
    offset = 0
    finder: EntryFinder | None = None
    for block in blocks(stream):
        if finder is None or finder.layout is None:
            finder = EntryFinder(sniff(block, engine.semantics), year)
        yield from _scan(engine, block, _Log(entity, label, offset, finder))
        offset += len(block)


def blocks(stream: BinaryIO) -> Iterator[bytes]:
    """Yield a stream in pieces that begin and end with whole entries; a line longer than the limit is cut."""
    rest = b""
    finder: EntryFinder | None = None
    read = getattr(stream, "read1", stream.read)
    while chunk := read(BLOCK_BYTES):
        rest += chunk
        if finder is None or finder.layout is None:
            finder = EntryFinder(sniff(rest), 2000)
        cut = _last_start(rest, finder) or (len(rest) if len(rest) >= BLOCK_BYTES + LONGEST_LINE_BYTES else 0)
        if cut:
            yield rest[:cut]
            rest = rest[cut:]
    if rest:
        yield rest


def _last_start(block: bytes, finder: EntryFinder) -> int:
    """Return where the last entry starts that may not be whole yet; 0 where that cannot be said."""
    end = block.rfind(b"\n") + 1
    lowest = end - LONGEST_ENTRY_BYTES
    start = end
    while start > max(0, lowest):
        start, line_end = finder.line(block, start - 1)
        if finder.ends_entry(block[start:line_end]):
            return line_end + 1
        if finder.starts_entry(block[start:line_end]):
            return start
    return end


@dataclass(frozen=True, slots=True)
class _Log:
    """Whose log it is, and from which byte on."""

    entity: Entity
    label: str
    offset: int
    finder: EntryFinder


def _scan(engine: RuleEngine, block: bytes, log: _Log) -> Iterator[Match]:
    scan = _scan_entries if _needs_entries(block, log.finder.layout, engine) else _scan_candidates
    return scan(engine, block, log)


def _needs_entries(block: bytes, layout: Layout | None, engine: RuleEngine) -> bool:
    """Whether entries differ from the bytes of the block, or a term without a literal wants each of them."""
    if engine.prefilter.always or engine.semantics.glues_folds:
        return True
    name = layout.name if layout else ""
    return name == "docker" or (name == "cri" and (b" stdout P " in block or b" stderr P " in block))


def _scan_entries(engine: RuleEngine, block: bytes, log: _Log) -> Iterator[Match]:
    for entry in entries(block, log.finder.layout, log.finder.year, engine.semantics):
        yield from engine.push(log.entity, entry.time_ns, entry.text, log.offset + entry.offset, label=log.label)


def _scan_candidates(engine: RuleEngine, block: bytes, log: _Log) -> Iterator[Match]:
    """Verify each entry that holds a literal, once, with all its candidate terms."""
    candidates: dict[int, set[int]] = {}
    for at, term in engine.prefilter.scan(block):
        candidates.setdefault(at, set()).add(term)
    found: Found | None = None
    terms: set[int] = set()
    for at in sorted(candidates):
        if found is not None and at <= found.end:
            terms |= candidates[at]
            continue
        if found is not None:
            yield from _push(engine, log, found, terms)
        found, terms = log.finder.around(block, at), set(candidates[at])
    if found is not None:
        yield from _push(engine, log, found, terms)


def _push(engine: RuleEngine, log: _Log, found: Found, terms: set[int]) -> list[Match]:
    at = log.offset + found.start
    return engine.push(log.entity, found.time_ns, found.text, at, label=log.label, candidates=terms)
