"""Read the vocabularies: blocks of message patterns with their class, one file a subsystem in ``vocabulary/``.

A block starts with ``== name | facility=F service=(a|b) component=(c|) style=S``; each of its lines is a class, a
severity and the pattern, and for Kubernetes events the reason before it as ``@Reason``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from podlore.events.generator.grammar import Text, count, parse
from podlore.events.severity import severity_of
from podlore.vocabulary import EventClass

CLASSES = {
    "Sec": EventClass.SECURITY,
    "Net": EventClass.NETWORK,
    "Mem": EventClass.MEMORY,
    "Sto": EventClass.STORAGE,
    "App": EventClass.APPLICATION,
    "Oth": EventClass.OTHER,
}


@dataclass(frozen=True, slots=True)
class Line:
    """One pattern; ``reason`` is empty but for Kubernetes events, ``family`` names the pattern."""

    event_class: EventClass
    severity: str
    reason: Text
    text: Text
    family: str

    @property
    def n_templates(self) -> int:
        """How many templates the pattern makes."""
        return count(self.text) * count(self.reason)


@dataclass(frozen=True, slots=True)
class Block:
    """The messages of one source around one theme."""

    name: str
    facility: str
    service: Text
    component: Text
    style: str
    lines: list[Line] = field(default_factory=list)

    @property
    def problems(self) -> list[Line]:
        """The lines that an incident draws from: those of a problem class, or all bad ones where all are Other."""
        of_class = [line for line in self.lines if line.event_class is not EventClass.OTHER]
        return of_class or [line for line in self.lines if line.severity not in {"info", "debug", "notice"}]

    @property
    def everyday(self) -> list[Line]:
        """The lines that are there on any day, all Other."""
        return [line for line in self.lines if line.event_class is EventClass.OTHER]


@cache
def blocks() -> dict[str, Block]:
    """Return all blocks by name, in the order of the files' names."""
    folder = resources.files(__package__) / "vocabulary"
    found: dict[str, Block] = {}
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".vocab"):
            found |= {block.name: block for block in _read(file.read_text(encoding="utf-8"))}
    return found


def _read(text: str) -> Iterator[Block]:
    block = None
    for line in text.splitlines():
        if line.startswith("== "):
            block = _header(line)
            yield block
        elif line and not line.startswith("#") and block is not None:
            block.lines.append(_line(line, f"{block.name}.{len(block.lines)}"))


def _header(line: str) -> Block:
    name, _, fields = line.removeprefix("== ").partition(" | ")
    by_key = dict(part.split("=", 1) for part in fields.split(" ") if "=" in part)
    return Block(
        name,
        by_key["facility"],
        parse(by_key["service"]),
        parse(by_key["component"]),
        by_key["style"],
    )


def _line(line: str, family: str) -> Line:
    event_class, severity, text = line.split(" ", 2)
    reason = ""
    if text.startswith("@"):
        reason, _, text = _reason(text)
    return Line(CLASSES[event_class], severity_of(severity), parse(reason), parse(text), family)


def _reason(text: str) -> tuple[str, str, str]:
    if text.startswith("@("):
        head, _, tail = text[2:].partition(") ")
        return f"({head})", " ", tail
    return text[1:].partition(" ")
