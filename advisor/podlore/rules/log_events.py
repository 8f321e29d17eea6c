"""Log files as events for mining: entries come in, times and templates leave. Called by ``podlore rules mine``.

A template is what stays of a message without what changes: words with digits, paths, addresses and values after ``=``.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from podlore.errors import BadInput
from podlore.patterns.episodes.occurrences import Log
from podlore.rules.entries import entries, sniff

LARGEST_LOG_BYTES = 512 * 2**20
WORDS_MAX = 12
APART_SECONDS = 30 * 86_400.0
"""Streams are put so far apart: nothing in one follows what is in another."""
CHANGES = re.compile(r"[0-9/@\\]|^[0-9a-fA-F-]{8,}$|<")
VALUE = re.compile(r"(?<=[=:])[^,;\s]+")


@dataclass(frozen=True, slots=True)
class Template:
    """A message without what changes in it: as text for people, and as the regex that such entries match."""

    words: str
    expression: str


@dataclass(frozen=True, slots=True)
class LogEvents:
    """The events of some logs, and the template of each kind."""

    log: Log
    templates: tuple[Template, ...]
    n_untimed: int


def log_events(paths: Iterable[Path]) -> LogEvents:
    """Return the events of log files; entries without a time are counted and left out.

    Raises
    ------
    BadInput
        Where a file cannot be read, or is too large to be mined at once.
    """
    kinds: dict[Template, int] = {}
    at_seconds: list[float] = []
    said: list[int] = []
    n_untimed = 0
    begins = 0.0
    for path in paths:
        first: float | None = None
        for time_ns, text in _entries(path):
            if time_ns is None:
                n_untimed += 1
                continue
            seconds = time_ns / 1e9
            first = seconds if first is None else first
            at_seconds.append(begins + seconds - first)
            said.append(kinds.setdefault(template_of(text), len(kinds)))
        begins = max([begins, *at_seconds[-1:]]) + APART_SECONDS
    return LogEvents(Log.of(np.array(at_seconds), said), tuple(kinds), n_untimed)


def _entries(path: Path) -> Iterator[tuple[int | None, str]]:
    try:
        if path.stat().st_size > LARGEST_LOG_BYTES:
            raise BadInput(f"{path} is larger than {LARGEST_LOG_BYTES >> 20} MiB; mine a part of it")
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}") from error
    for entry in entries(data, sniff(data), datetime.now(UTC).year):
        yield entry.time_ns, entry.text.decode("utf-8", "replace")


def template_of(text: str) -> Template:
    r"""Return the template of a message.

    >>> template_of("2026-03-01 07:00:00 mlx5_0: port 1 link down, retry=3")
    Template(words='* port * link down, *', expression='port.*link down,')
    """
    pieces: list[list[str]] = [[]]
    shown: list[str] = []
    n_words = 0
    for word in text.split(" "):
        changes = not word or CHANGES.search(word) or VALUE.search(word) or n_words >= WORDS_MAX
        if changes:
            if pieces[-1]:
                pieces.append([])
            shown += ["*"] if word and shown[-1:] != ["*"] else []
        else:
            pieces[-1].append(word)
            shown.append(word)
            n_words += 1
    expression = ".*".join(re.escape(" ".join(piece)).replace("\\ ", " ") for piece in pieces if piece)
    return Template(" ".join(shown), expression or ".")
