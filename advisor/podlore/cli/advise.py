"""``podlore advise --snapshot DIR``: the advice of a recorded cluster, without one."""

import json
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from podlore.advice import Advised
    from podlore.snapshot import Snapshot
    from podlore.vocabulary import Recommendation

COLUMNS = ("NAMESPACE", "PATTERN", "ACTION", "SEVERITY", "GPUH", "STATE", "AGE", "TARGET")
NOTHING = "No advice."


class Output(StrEnum):
    """How advice is printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


def advise(
    snapshot: Annotated[Path, typer.Option(help="Folder that `podlore snapshot` wrote.", show_default=False)],
    output: Annotated[Output, typer.Option("--output", "-o", help="How to print it.")] = Output.TABLE,
    explain: Annotated[
        bool, typer.Option("--explain", help="Also print evidence and steps, and what was withheld and why.")
    ] = False,
    outcomes: Annotated[
        bool, typer.Option("--outcomes", help="Instead, what came of advice that was given before.")
    ] = False,
    model: Annotated[
        Path | None, typer.Option(help="Event classifier to use; by default the shipped one.", show_default=False)
    ] = None,
) -> None:
    """Give advice offline: the same as the operator gives on the same state.

    [bold]Examples[/]

    podlore advise --snapshot ./monday

    podlore advise --snapshot ./monday --explain

    podlore advise --snapshot ./monday --outcomes

    podlore advise --snapshot ./monday --output json | jq '.[].summary'
    """
    from podlore import snapshot_folder
    from podlore.advisor import advise as advise_on
    from podlore.classify import load
    from podlore.rules.watch import watched

    seen = watched(snapshot_folder.read(snapshot))
    advised = advise_on(seen, load(model))
    if outcomes:
        typer.echo(_outcomes(seen, advised, output))
    elif output is Output.TABLE:
        typer.echo(table(advised.recommendations, seen.now))
        if explain:
            typer.echo(explanation(advised))
    else:
        typer.echo(_documents(advised, output, explain=explain))


def table(recommendations: Iterable["Recommendation"], now: float) -> str:
    """Return advice in columns, as kubectl prints it.

    >>> table([], now=0.0)
    'No advice.'
    """
    rows = [COLUMNS, *(_row(one, now) for one in recommendations)]
    if len(rows) == 1:
        return NOTHING
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = ("   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def explanation(advised: "Advised") -> str:
    """Return each advice with its evidence and steps, then what was withheld."""
    parts = [_explained(one) for one in advised.recommendations]
    withheld = [
        f"{one.recommendation.because.pattern} on {one.recommendation.target}: {one.reason}"
        + (f" ({one.because_of})" if one.because_of else "")
        for one in advised.withheld
    ]
    if withheld:
        parts.append("\n".join(["Withheld:", *(f"  {line}" for line in withheld)]))
    return "".join(f"\n{_printable(part)}\n" for part in parts).rstrip("\n")


def age(seconds: float) -> str:
    """Return an age as kubectl shortens it.

    >>> age(90), age(600), age(7200 + 60), age(3 * 86400)
    ('90s', '10m', '121m', '3d')
    """
    for unit_seconds, unit, least in ((86_400, "d", 2), (3600, "h", 3), (60, "m", 2)):
        if seconds >= least * unit_seconds:
            return f"{seconds // unit_seconds:.0f}{unit}"
    return f"{max(seconds, 0.0):.0f}s"


def _outcomes(seen: "Snapshot", advised: "Advised", output: Output) -> str:
    from podlore.advice.outcome import look_again
    from podlore.advice.outcome_table import documents, table
    from podlore.view import ClusterView

    found = look_again(ClusterView(seen), advised).outcomes
    if output is Output.TABLE:
        return _printable(table(found))
    if output is Output.JSON:
        return json.dumps(documents(found), indent=2)
    import yaml

    return yaml.safe_dump(documents(found), sort_keys=False, allow_unicode=False).rstrip("\n")


def _row(one: "Recommendation", now: float) -> tuple[str, ...]:
    from podlore.advice.document import number

    finding = one.because
    return tuple(
        _printable(cell)
        for cell in (
            finding.target.namespace or "-",
            finding.pattern.value,
            one.action.value,
            finding.severity.value,
            number(finding.gpu_hours_at_stake),
            "Active",
            "-" if finding.since is None else age(now - finding.since),
            f"{finding.target.kind}/{finding.target.name}",
        )
    )


def _explained(one: "Recommendation") -> str:
    finding = one.because
    lines = [
        f"{finding.pattern} ({finding.cause}) on {finding.target}, confidence {100 * finding.confidence:.0f} %",
        f"  {finding.summary}",
        *(
            f"  - {fact.source}: {fact.observed} [bar: {fact.threshold or '-'}; {fact.reference}]"
            for fact in finding.evidence
        ),
        f"  {one.action}: {one.steps}",
    ]
    if finding.ranked_nodes:
        lines.append(f"  Nodes: {', '.join(finding.ranked_nodes)}")
    if one.patch:
        lines.append(f"  Patch: {one.patch}")
    return "\n".join(lines)


def _documents(advised: "Advised", output: Output, *, explain: bool) -> str:
    from podlore.advice.document import document, withheld_document

    documents = [document(one) for one in advised.recommendations]
    if explain:
        documents += [withheld_document(one) for one in advised.withheld]
    if output is Output.JSON:
        return json.dumps(documents, indent=2)
    import yaml

    return yaml.safe_dump(documents, sort_keys=False, allow_unicode=False).rstrip("\n")


def _printable(text: str) -> str:
    """Replace what could drive a terminal: a snapshot's names are not to be trusted."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}" for letter in text)
