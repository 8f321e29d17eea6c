"""Advice as text for people: a table, one advice explained, or documents; called by ``podlore advice``."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from podlore.advice.explain import paragraph
from podlore.cli.advise import age
from podlore_operator.api.advice import Advice, AdviceStatus, State
from podlore_operator.api.recommended import recommendation_of
from podlore_operator.said import SEVERITIES

COLUMNS = ("NAMESPACE", "NAME", "PATTERN", "ACTION", "SEVERITY", "GPUH", "STATE", "AGE", "TARGET")
WIDE_COLUMNS = ("CONF", "NODE", "EXPIRES", "SUMMARY")
STATES = (State.ACTIVE, State.ACKNOWLEDGED, State.SNOOZED, State.RESOLVED)


def table(found: Iterable[Advice], *, is_wide: bool = False, now: datetime | None = None) -> str:
    """Return advice in columns, the most pressing first; empty if there is none.

    >>> table([])
    ''
    """
    now = now or datetime.now(UTC)
    rows = [_row(one, now) for one in sorted(found, key=_pressing)]
    if not rows:
        return ""
    width = len(COLUMNS) + (len(WIDE_COLUMNS) if is_wide else 0)
    cells = [[*COLUMNS, *WIDE_COLUMNS][:width], *(row[:width] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(width)]
    lines = ("   ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True)) for row in cells)
    return "\n".join(line.rstrip() for line in lines)


def explained(one: Advice) -> str:
    """Return one advice as the paragraph that `podlore explain` tells, with its evidence and how to react."""
    status, metadata = one.status, one.metadata
    if status is None:
        return f"{metadata.name} has no status yet: the operator was cut off between its two writes and will repair it"
    recommendation = recommendation_of(one, status)
    lines = [
        f"{status.pattern} ({status.cause}) on {_place(one)}: {status.severity}, confidence {status.confidence} %",
        "",
        f"  {paragraph(recommendation)}",
        "",
        "Evidence",
        *(
            f"  - {fact.source}: {fact.observed} [bar: {fact.threshold or '-'}; {fact.reference}]"
            for fact in status.evidence
        ),
        "",
        f"What to do: {status.action}",
    ]
    if status.recommendation.patch:
        lines.append(f"  Patch, for you to apply: {status.recommendation.patch}")
    lines += ["", *_life(status), "", "React", *_reactions(one)]
    return printable("\n".join(lines))


def documents(found: Iterable[Advice], *, as_yaml: bool) -> str:
    """Return the objects as JSON or YAML."""
    return written([one.document() for one in sorted(found, key=_pressing)], as_yaml=as_yaml)


def written(document: object, *, as_yaml: bool) -> str:
    """Return a document as JSON or YAML."""
    if not as_yaml:
        return json.dumps(document, indent=2)
    import yaml

    return yaml.safe_dump(document, sort_keys=False, allow_unicode=False).rstrip("\n")


def _pressing(one: Advice) -> tuple[object, ...]:
    status, place = one.status, (one.metadata.namespace or "", one.metadata.name)
    if status is None:
        return len(STATES), 0, 0.0, place
    return STATES.index(status.state), SEVERITIES[status.severity], -float(status.gpu_hours_at_stake), place


def _row(one: Advice, now: datetime) -> Sequence[str]:
    status, metadata = one.status, one.metadata
    if status is None:
        said = ("-",) * 5
        return (metadata.namespace or "-", metadata.name, *said, "-", f"{one.spec.target.kind}/{one.spec.target.name}")
    cells = (
        metadata.namespace or "-",
        metadata.name,
        status.pattern,
        status.action,
        status.severity,
        status.gpu_hours_at_stake,
        status.state,
        age((now - status.first_seen).total_seconds()),
        status.target,
        str(status.confidence),
        status.node or "-",
        _time(status.expires_at),
        status.summary,
    )
    return [printable(str(cell)) for cell in cells]


def _life(status: AdviceStatus) -> list[str]:
    lines = [f"{status.state}, seen since {_time(status.first_seen)}, until {_time(status.last_seen)}"]
    if status.outcome:
        outcome = status.outcome
        control = f", untouched ones {outcome.control}" if outcome.control else ""
        lines.append(
            f"Outcome: {outcome.followed}, predicted {outcome.predicted}, observed {outcome.observed} "
            f"{outcome.unit}{control}"
        )
    return [*lines, f"Expires {_time(status.expires_at)}. Said by {status.model_version}."]


def _reactions(one: Advice) -> list[str]:
    short = one.presentation.short_name
    where = f"-n {one.metadata.namespace} " if one.metadata.namespace else ""
    patch = f"kubectl patch {where}{short} {one.metadata.name} --type merge -p"
    return [
        f"""  {patch} '{{"spec":{{"acknowledged":true}}}}'""",
        f"""  {patch} '{{"spec":{{"feedback":"Wrong"}}}}'""",
    ]


def _place(one: Advice) -> str:
    target = f"{one.spec.target.kind}/{one.spec.target.name}"
    return f"{one.metadata.namespace}/{target}" if one.metadata.namespace else target


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def printable(text: str) -> str:
    """Replace what could drive a terminal: names and messages are anybody's."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}" for letter in text)
