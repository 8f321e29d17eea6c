"""``podlore explain ADVICE``: one advice as a paragraph, with its evidence and the arithmetic behind its gain."""

import hashlib
import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from podlore.vocabulary import Recommendation


class Output(StrEnum):
    """How the explanation is printed."""

    TEXT = "text"
    JSON = "json"
    YAML = "yaml"


def explain(
    advice: Annotated[
        str, typer.Argument(help="Its target (namespace/Kind/name, or Kind/name), or the name of the advice's object.")
    ],
    snapshot: Annotated[Path, typer.Option(help="Folder that `podlore snapshot` wrote.", show_default=False)],
    pattern: Annotated[str, typer.Option(help="Where a target has several, the one of this pattern.")] = "",
    output: Annotated[Output, typer.Option("--output", "-o", help="How to print it.")] = Output.TEXT,
) -> None:
    """Explain one advice: what and why, what following it brings, what it risks, and how that was reckoned.

    Of a cluster, podlore advice --explain tells the same of the advice that it holds.

    [bold]Examples[/]

    podlore explain vision/Job/train --snapshot ./monday

    podlore explain job-train-resourcehoarding-1df00cc9 --snapshot ./monday

    podlore explain Node/gpu-7 --pattern HardwareFault --snapshot ./monday -o json
    """
    from podlore import snapshot_folder
    from podlore.advice.explain import paragraph
    from podlore.advisor import advise

    given = advise(snapshot_folder.read(snapshot)).recommendations
    found = [document(one, paragraph(one)) for one in _meant(given, advice, pattern)]
    if output is Output.JSON:
        typer.echo(json.dumps(found, indent=2))
    elif output is Output.YAML:
        import yaml

        typer.echo(yaml.safe_dump(found, sort_keys=False).rstrip("\n"))
    else:
        typer.echo("\n\n".join(_text(one) for one in found))


def document(one: "Recommendation", told: str) -> dict[str, Any]:
    """Return an explanation as a plain document."""
    from podlore.advice.document import document as advice_document

    return {"explanation": told, "arithmetic": list(one.arithmetic)} | advice_document(one)


def _meant(given: "Sequence[Recommendation]", name: str, pattern: str) -> "list[Recommendation]":
    from podlore.errors import BadInput

    found = [one for one in given if _is_called(one, name) and pattern in ("", one.because.pattern.value)]
    if not found:
        some = ", ".join(str(one.target) for one in given[:8]) or "there is no advice at all"
        raise BadInput(f"no advice {name!r} in the snapshot; advice is about: {some}")
    return found


def _is_called(one: "Recommendation", name: str) -> bool:
    target = one.target
    if name in (str(target), f"{target.kind}/{target.name}", target.name):
        return True
    return name.endswith(f"-{one.because.pattern.value.lower()}-{_digest(one)}")


def _digest(one: "Recommendation") -> str:
    """Return the end of the name of the advice's object: a hash of whom and what it is about."""
    target, finding = one.target, one.because
    identity = [target.group, target.kind, target.namespace, target.name, finding.pattern, finding.cause]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:8]


def _text(found: dict[str, Any]) -> str:
    head = "/".join(part for part in (found.get("namespace"), found["target"]) if part)
    lines = [f"{found['pattern']} ({found['cause']}) on {head}: {found['action']}", "", found["explanation"], ""]
    lines += ["Evidence:"]
    lines += [f"  - {fact['observed']} [{fact['reference']}]" for fact in found["evidence"]]
    if found["arithmetic"]:
        lines += ["Arithmetic:", *(f"  {line}" for line in found["arithmetic"])]
    if patch := found["recommendation"].get("patch"):
        lines.append(f"Patch: {patch}")
    return "\n".join(_printable(line) for line in lines)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
