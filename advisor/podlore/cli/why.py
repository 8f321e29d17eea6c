"""``podlore why POD|WORKLOAD``: why it waits, what would free it, and when it is likely to start."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from podlore.why import Why


class Output(StrEnum):
    """How the answer is printed."""

    TEXT = "text"
    JSON = "json"
    YAML = "yaml"


def why(
    name: Annotated[str, typer.Argument(help="namespace/Kind/name, namespace/pod, Kind/name, or just a name.")],
    snapshot: Annotated[Path, typer.Option(help="Folder that `podlore snapshot` wrote.", show_default=False)],
    namespace: Annotated[str, typer.Option("--namespace", "-n", help="Only in this namespace.")] = "",
    output: Annotated[Output, typer.Option("--output", "-o", help="How to print it.")] = Output.TEXT,
) -> None:
    """Say why a pod or a workload waits: one dominant reason, its evidence, what would free it, and when.

    [bold]Examples[/]

    podlore why vision/Job/train --snapshot ./monday

    podlore why train-0 -n vision --snapshot ./monday

    podlore snapshot /tmp/now && podlore why train-0 --snapshot /tmp/now -o json
    """
    from podlore import snapshot_folder
    from podlore.view import ClusterView
    from podlore.why import find
    from podlore.why import why as explain

    view = ClusterView(snapshot_folder.read(snapshot))
    found = document(explain(view, find(view, name, namespace)), view.now)
    if output is Output.JSON:
        typer.echo(json.dumps(found, indent=2))
    elif output is Output.YAML:
        import yaml

        typer.echo(yaml.safe_dump(found, sort_keys=False).rstrip("\n"))
    else:
        typer.echo(_text(found))


def document(answer: "Why", now: float) -> dict[str, Any]:
    """Return an answer as a plain document; absent is what says nothing."""
    from podlore.why.start_time import LEVEL

    start = answer.start
    fields: dict[str, Any] = {
        "target": str(answer.workload.ref),
        "waiting": answer.reason is not None,
        "reason": answer.reason.value if answer.reason else None,
        "summary": answer.summary,
        "waitedSeconds": None if answer.since is None else round(now - answer.since),
        "evidence": [
            {"source": fact.source.value, "reference": fact.reference, "observed": fact.observed}
            for fact in answer.evidence
        ],
        "also": [reason.value for reason in answer.also],
        "frees": answer.frees,
        "nodes": list(answer.nodes[:8]),
        "start": start
        and {
            "expectedSeconds": round(start.expected_seconds),
            "lowSeconds": round(start.low_seconds),
            "highSeconds": round(start.high_seconds),
            "level": LEVEL,
            "restsOn": start.others,
        },
    }
    return {key: value for key, value in fields.items() if value not in (None, "", [])}


def _text(found: dict[str, Any]) -> str:
    lines = [found["summary"]]
    if "reason" in found:
        lines.append(f"Reason:   {found['reason']}{_also(found)}")
    lines += [f"Evidence: {fact['reference']}: {fact['observed']}" for fact in found.get("evidence", ())]
    if "frees" in found:
        lines.append(f"Frees it: {found['frees']}")
    if "nodes" in found:
        lines.append(f"Opens:    {', '.join(found['nodes'])}")
    if "start" in found:
        lines.append(f"Starts:   {_start(found['start'])}")
    elif found["waiting"] and found.get("reason") != "Starting":
        lines.append("Starts:   not before somebody acts")
    return "\n".join(_printable(line) for line in lines)


def _also(found: dict[str, Any]) -> str:
    return f" (then also: {', '.join(found['also'])})" if "also" in found else ""


def _start(start: dict[str, Any]) -> str:
    low, middle, high = (_span(start[key]) for key in ("lowSeconds", "expectedSeconds", "highSeconds"))
    basis = f"{start['restsOn']} waits of others" if start["restsOn"] else "its own wait so far"
    return f"in about {middle}; 80 % interval {low} to {high}, by {basis}"


def _span(seconds: float) -> str:
    """Return a length of time in the unit that suits it.

    >>> _span(40), _span(2400), _span(9000), _span(200_000)
    ('40 s', '40 min', '2.5 h', '2.3 d')
    """
    for unit_seconds, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * unit_seconds or (unit == "h" and seconds >= unit_seconds):
            return f"{seconds / unit_seconds:.2g} {unit}"
    return f"{seconds:.0f} s"


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
