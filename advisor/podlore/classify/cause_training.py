"""Train the marker of causes on generated messages, and say how well it marks patterns it never saw.

In: generated records with their causes. Out: `CauseTerms` and facts for its manifest. Called by ``podlore train``.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import numpy as np

from podlore.classify.cause_terms import COLUMNS, CauseTerms, Token, columns_of, spans, tokens_of
from podlore.events.generator import Generated
from podlore.events.mask import mask
from podlore.events.normalize import normalize
from podlore.vocabulary import EventClass

ROUNDS = 4
HELD_OUT_EVERY = 5
EVERYDAY_EVERY = 6
EASE = 0.4
"""What is added to each token's score, in standard deviations; chosen on half of the real messages marked by hand."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A masked message with its truth: which of its tokens name the cause."""

    message: str
    tokens: tuple[Token, ...]
    marks: tuple[bool, ...]
    family: str


def marked_of_generated(generated: Iterable[Generated]) -> Iterator[Marked]:
    """Yield one message a template; of everyday lines, which name no cause, each sixth.

    A line that reports a problem but has no marks is left out: nobody has said which of its words name the cause.
    """
    seen: set[str] = set()
    everyday = 0
    for row in generated:
        is_everyday = row.record.target_category is EventClass.OTHER and not row.causes
        if row.template in seen or not (row.causes or is_everyday):
            continue
        seen.add(row.template)
        everyday += is_everyday
        if is_everyday and everyday % EVERYDAY_EVERY:
            continue
        message = normalize(row.record).message
        places = _places(message, row.causes)
        if places is not None:
            tokens = tuple(tokens_of(message))
            marks = tuple(any(start <= one.start and one.stop <= stop for start, stop in places) for one in tokens)
            yield Marked(message, tokens, marks, row.family)


def _places(message: str, causes: Sequence[str]) -> list[tuple[int, int]] | None:
    """Return where the causes stand in a masked message; None where masks made one unfindable."""
    places, start = [], 0
    for cause in causes:
        text = mask(cause)
        at = message.find(text, start)
        if at < 0:
            return None
        places.append((at, at + len(text)))
        start = at + len(text)
    return places


def train(marked: Sequence[Marked], seed: int = 0) -> tuple[CauseTerms, dict[str, Any]]:
    """Return a marker of all messages, and the scores of one that did not see every fifth family."""
    families = sorted({one.family for one in marked})
    held = set(families[::HELD_OUT_EVERY])
    tried = fit([one for one in marked if one.family not in held], seed)
    facts = {"messages": len(marked), "families": len(families), "held_out_families": len(held)}
    tested = [one for one in marked if one.family in held]
    ease = EASE * float(np.std([score for one in tested for score in tried.scores(one.tokens)]))
    tried, whole = replace(tried, ease=ease), replace(fit(marked, seed), ease=ease)
    return whole, {**facts, "held_out": scores(tried, tested)}


def fit(marked: Sequence[Marked], seed: int = 0) -> CauseTerms:
    """Return an averaged perceptron: each mistake moves the weights of a token's features by one."""
    rng = Random(seed)
    weights, moved = [0.0] * COLUMNS, [0.0] * COLUMNS
    step = 1
    order = [(one.marks, [tuple(columns_of(one.tokens, at)) for at in range(len(one.tokens))]) for one in marked]
    for _ in range(ROUNDS):
        rng.shuffle(order)
        for marks, features in order:
            for truth, columns in zip(marks, features, strict=True):
                if truth != (sum(weights[column] for column in columns) > 0):
                    change = 1.0 if truth else -1.0
                    for column in columns:
                        weights[column] += change
                        moved[column] += step * change
                step += 1
    return CauseTerms((np.array(weights) - np.array(moved) / step).astype(np.float32))


def scores(marker: CauseTerms, tested: Sequence[Marked]) -> dict[str, Any]:
    """Return precision, recall and F1 of tokens, and of whole spans that must agree at both ends."""
    of_tokens, of_spans = [0, 0, 0], [0, 0, 0]
    for one in tested:
        guessed = marker.marks(one.tokens)
        _count(of_tokens, {at for at, mark in enumerate(one.marks) if mark}, {at for at, m in enumerate(guessed) if m})
        _count(of_spans, set(spans(one.tokens, one.marks)), set(spans(one.tokens, guessed)))
    return {"messages": len(tested), "tokens": _f1(of_tokens), "spans": _f1(of_spans)}


def _count(totals: list[int], truth: set[Any], guessed: set[Any]) -> None:
    for place, number in enumerate((len(truth & guessed), len(guessed), len(truth))):
        totals[place] += number


def _f1(totals: Sequence[int]) -> dict[str, float]:
    right, guessed, true = totals
    return {
        "precision": round(right / max(1, guessed), 4),
        "recall": round(right / max(1, true), 4),
        "f1": round(2 * right / max(1, guessed + true), 4),
    }
