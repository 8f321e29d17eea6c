"""Outcomes as documents and as text: for ``podlore advise --outcomes``."""

from collections.abc import Sequence
from typing import Any

from podlore.advice.document import number
from podlore.advice.outcome import OUTCOMES_MIN, Learned, learned
from podlore.patterns.confidence import PRIORS
from podlore.vocabulary import Outcome

COLUMNS = ("NAMESPACE", "PATTERN", "ACTION", "FOLLOWED", "PREDICTED", "INTERVAL", "OBSERVED", "CONTROL", "TARGET")
NOTHING = "No outcomes yet."


def documents(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return outcomes and what they teach, as plain documents."""
    return {"outcomes": [_document(one) for one in outcomes], "patterns": [_taught(one) for one in taught(outcomes)]}


def table(outcomes: Sequence[Outcome]) -> str:
    """Return outcomes in columns, and a line of what each pattern's teach.

    >>> table([])
    'No outcomes yet.'
    """
    if not outcomes:
        return NOTHING
    rows = [COLUMNS, *(_row(one) for one in outcomes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = ["   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, "", *(_line(one) for one in taught(outcomes))])


def taught(outcomes: Sequence[Outcome]) -> list[Learned]:
    """Return what the outcomes of each pattern teach, in the order of the vocabulary."""
    seen = {one.given.pattern for one in outcomes}
    return [learned(pattern, prior, outcomes) for pattern, prior in PRIORS.items() if pattern in seen]


def _document(one: Outcome) -> dict[str, Any]:
    given = one.given
    fields = {
        "namespace": given.target.namespace,
        "target": f"{given.target.kind}/{given.target.name}",
        "pattern": given.pattern.value,
        "cause": given.cause,
        "action": given.action.value,
        "followed": one.followed.value,
        "unit": given.unit,
        "predicted": number(given.expected),
        "low": number(given.low),
        "high": number(given.high),
        "observed": number(one.observed),
        "control": None if one.control is None else number(one.control),
        "confidence": round(100 * given.confidence),
    }
    return {key: value for key, value in fields.items() if value not in (None, "")}


def _row(one: Outcome) -> tuple[str, ...]:
    said = _document(one)
    return (
        said.get("namespace", "-"),
        said["pattern"],
        said["action"],
        said["followed"],
        said["predicted"],
        f"{said['low']}-{said['high']}",
        said["observed"],
        said.get("control", "-"),
        said["target"],
    )


def _taught(one: Learned) -> dict[str, Any]:
    return {
        "pattern": one.pattern.value,
        "outcomes": one.outcomes,
        "followed": one.followed,
        "confidence": round(100 * one.confidence),
        "calibrated": one.is_calibrated,
        "intervalHeld": one.covered,
        "measured": one.measured,
    }


def _line(one: Learned) -> str:
    basis = "learned" if one.is_calibrated else f"the detector's own until {OUTCOMES_MIN} outcomes"
    return (
        f"{one.pattern}: {one.outcomes} outcomes, {one.followed} followed; the interval held {one.covered} of "
        f"{one.measured} gains; confidence {100 * one.confidence:.0f} ({basis})"
    )
