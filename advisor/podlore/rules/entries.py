"""Log lines become entries: a stamped line and the lines that continue it. Called by `podlore.rules.scan_file`.

`LogReader` reads whole logs entry by entry; `EntryFinder` finds single entries inside a block, so that a fast scan pays
for stamps and folding only where a rule may match.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from podlore.errors import BadInput
from podlore.rules.semantics import PODLORE, Semantics
from podlore.rules.timestamps import Layout, detect

SNIFFED_BYTES = 16 * 1024
LONGEST_LINE_BYTES = 4 * 2**20
LONGEST_ENTRY_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """One message with its time (None where the log has none), its place among the entries, its first byte's offset."""

    time_ns: int | None
    text: bytes
    index: int
    offset: int


def sniff(head: bytes, semantics: Semantics = PODLORE) -> Layout | None:
    """Return the format of a log by its beginning; BadInput where there is none and that is refused."""
    lines = head[:SNIFFED_BYTES].split(b"\n")
    found = detect(lines[:-1] or lines, semantics)
    if semantics.takes_first_format and len(lines) == 1 and found is not None and found.strips:
        found = detect([b"[7] " + lines[0]], semantics)
    if found is None and semantics.refuses_untimed:
        raise BadInput("no timestamp in the first 50 lines; preq refuses such a log")
    return found


def entries(data: bytes, layout: Layout | None, year: int, semantics: Semantics = PODLORE) -> Iterator[Entry]:
    """Yield the entries of a log in the order of the file."""
    lines = data.split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    joined = _untimed(lines) if layout is None else _timed(lines, layout, year, semantics)
    for index, (time_ns, text, offset) in enumerate(joined):
        yield Entry(time_ns, text, index, offset)


def _untimed(lines: Sequence[bytes]) -> Iterator[tuple[int | None, bytes, int]]:
    offset = 0
    for line in lines:
        yield None, line.removesuffix(b"\r"), offset
        offset += len(line) + 1


def _timed(
    lines: Sequence[bytes], layout: Layout, year: int, semantics: Semantics
) -> Iterator[tuple[int | None, bytes, int]]:
    """Fold and join: one state machine over the lines."""
    held: list[bytes] = []
    held_ns: int | None = None
    partial = b""
    next_offset = held_at = 0
    for line in lines:
        offset, next_offset = next_offset, next_offset + len(line) + 1
        found = layout.find(line)
        time_ns = layout.read(found, year) if found else None
        if found is None or time_ns is None:
            if held and layout.folds and _is_text(line):
                held.append(line.removesuffix(b"\r"))
            continue
        if layout.name == "cri" and not semantics.splits_partials and found["part"] == b"P":
            partial = (partial + message(line, found, layout))[:LONGEST_LINE_BYTES]
            continue
        if held:
            yield held_ns, join(held, semantics), held_at
        held, held_ns, partial = [partial + message(line, found, layout)], time_ns, b""
        held_at = offset
    if held:
        yield held_ns, join(held, semantics), held_at


def message(line: bytes, found: "re.Match[bytes]", layout: Layout) -> bytes:
    """Return what a line says without what the container runtime wrote before it."""
    if layout.name == "docker":
        return _docker_message(line)
    text = line[found.end() :] if layout.strips else line
    return text.removesuffix(b"\r")


def join(lines: Sequence[bytes], semantics: Semantics = PODLORE) -> bytes:
    r"""Join a stamped line and its continuations, so that no word is made up.

    A blank at the start of a continuation separates; else a carriage return does: a regex's dot and blank match it.

    >>> join([b"one", b" two", b"three"])
    b'one two\rthree'
    """
    if semantics.glues_folds:
        return b"".join(lines)
    text = lines[0]
    for line in lines[1:]:
        text += line if line[:1] in {b" ", b"\t"} else b"\r" + line
    return text


def _docker_message(line: bytes) -> bytes:
    try:
        return str(json.loads(line)["log"]).encode().removesuffix(b"\n")
    except (ValueError, KeyError, TypeError):
        return line


def _is_text(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Found:
    """An entry found in a block: its bounds, its time (None where the log has none) and its text."""

    start: int
    end: int
    time_ns: int | None
    text: bytes


class EntryFinder:
    """Finds the entry around a byte of a block; blocks must begin and end with whole entries."""

    def __init__(self, layout: Layout | None, year: int) -> None:
        self.layout = layout
        self.year = year

    def around(self, block: bytes, offset: int) -> Found | None:
        """Return the entry that holds ``offset``, or None where no stamp precedes it."""
        start, end = self.line(block, offset)
        if self.layout is None:
            return Found(start, end, None, block[start:end].removesuffix(b"\r"))
        lowest = start - LONGEST_ENTRY_BYTES if self.layout.folds else start
        while (stamped := self._stamp(block[start:end])) is None:
            if start <= max(0, lowest):
                return None
            start, end = self.line(block, start - 1)
        time_ns, text = stamped
        return self._folded(block, start, end, time_ns, text) if self.layout.folds else Found(start, end, time_ns, text)

    def line(self, block: bytes, offset: int) -> tuple[int, int]:
        """Return the bounds of the line that holds ``offset``, its line break left out."""
        start = block.rfind(b"\n", 0, offset) + 1
        end = block.find(b"\n", offset)
        return start, len(block) if end < 0 else end

    def starts_entry(self, line: bytes) -> bool:
        """Whether a line begins an entry that later lines may continue."""
        return self.layout is not None and self.layout.folds and self._stamp(line) is not None

    def ends_entry(self, line: bytes) -> bool:
        """Whether nothing can continue a line."""
        if self.layout is None or not self.layout.folds:
            found = self.layout.find(line) if self.layout and self.layout.name == "cri" else None
            return found is None or found["part"] != b"P"
        return False

    def _stamp(self, line: bytes) -> tuple[int, bytes] | None:
        layout = self.layout
        found = layout.find(line) if layout else None
        time_ns = layout.read(found, self.year) if layout and found else None
        return None if layout is None or found is None or time_ns is None else (time_ns, message(line, found, layout))

    def _folded(self, block: bytes, start: int, end: int, time_ns: int, text: bytes) -> Found:
        lines = [text]
        while end + 1 < len(block) and end - start < LONGEST_ENTRY_BYTES:
            next_end = block.find(b"\n", end + 1)
            next_end = len(block) if next_end < 0 else next_end
            line = block[end + 1 : next_end]
            if self._stamp(line) is not None:
                break
            if _is_text(line):
                lines.append(line.removesuffix(b"\r"))
            end = next_end
        return Found(start, end, time_ns, join(lines) if len(lines) > 1 else text)
