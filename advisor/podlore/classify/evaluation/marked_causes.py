"""How well the marker of causes does on real messages that a person has marked, and how well that person agrees.

``cause_marks.csv`` holds no message: the SHA-256 of each masked one (its first 16 digits) and the places that were
marked in it, in two passes. The messages come from the labelled set; one that is not there, or is masked otherwise
today, is left out and counted. Called by ``podlore evaluate``; the guide for marking stands in the model card.
"""

import csv
import hashlib
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from sklearn.metrics import cohen_kappa_score

from podlore.classify.cause_terms import CauseTerms, Token, tokens_of
from podlore.classify.cause_training import Marked, scores
from podlore.events.record import LogRecord

MARKS = Path(__file__).with_name("cause_marks.csv")
Span = tuple[int, int]
Passes = tuple[list[Span], list[Span]]


def causes_found(marker: CauseTerms, records: Iterable[LogRecord]) -> dict[str, Any]:
    """Return the scores of a marker on the marked messages among these records, and how far the two passes agree."""
    passes, messages = read_marks(), {record.message for record in records}
    known = sorted((message, passes[key]) for message in messages if (key := key_of(message)) in passes)
    if not known:
        return {"messages": 0, "missing": len(passes)}
    tokens = [tokens_of(message) for message, _ in known]
    first, second = ([_inside(t, both[turn]) for t, (_, both) in zip(tokens, known, strict=True)] for turn in (0, 1))
    marks = [tuple(a and b for a, b in zip(one, other, strict=True)) for one, other in zip(first, second, strict=True)]
    marked = [Marked(message, tuple(t), mark, "") for (message, _), t, mark in zip(known, tokens, marks, strict=True)]
    return {
        **scores(marker, marked),
        "missing": len(passes) - len(known),
        "kappa_of_two_passes": round(float(cohen_kappa_score([*chain(*first)], [*chain(*second)])), 4),
    }


def key_of(message: str) -> str:
    """Return what stands for a masked message."""
    return hashlib.sha256(message.encode()).hexdigest()[:16]


def read_marks(file: Path = MARKS) -> dict[str, Passes]:
    """Return the places that both passes marked, by message."""
    with file.open(encoding="ascii", newline="") as stream:
        rows = csv.DictReader(stream)
        return {row["message_sha256"]: (_spans(row["first_pass"]), _spans(row["second_pass"])) for row in rows}


def _spans(text: str) -> list[Span]:
    return [(int(start), int(stop)) for start, _, stop in (part.partition("-") for part in text.split())]


def _inside(tokens: Sequence[Token], places: Sequence[Span]) -> list[bool]:
    return [any(start <= token.start and token.stop <= stop for start, stop in places) for token in tokens]
