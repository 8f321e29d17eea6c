"""``podlore advice``: the advice of a cluster, or of an operator that only thinks it (dry run)."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from podlore.errors import BadInput, Unavailable

if TYPE_CHECKING:
    from podlore.snapshot import History
    from podlore_operator.api.advice import Advice

NOTHING = "No advice."


@dataclass
class _Listed:
    """What ``/advice`` answers, as far as it matters here."""

    items: list[Any]


class Output(StrEnum):
    """How advice is printed."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"


def advice(
    operator: Annotated[
        str | None, typer.Option(help="URL of a running operator; reads its advice, also in dry run.", metavar="URL")
    ] = None,
    namespace: Annotated[str | None, typer.Option("--namespace", "-n", help="Only this namespace's advice.")] = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="How to print it.")] = Output.TABLE,
    explain: Annotated[
        str | None, typer.Option(help="Print one advice with its evidence and steps.", metavar="NAME")
    ] = None,
    outcomes: Annotated[
        bool, typer.Option("--outcomes", help="Instead, what came of advice that was given before.")
    ] = False,
    home: Annotated[
        str, typer.Option(help="For --outcomes: the operator's namespace and name.", metavar="NAMESPACE/NAME")
    ] = "podlore/podlore",
    kubeconfig: Annotated[Path | None, typer.Option(help="The kubeconfig to use.")] = None,
    context: Annotated[str | None, typer.Option(help="Its context.")] = None,
) -> None:
    """List the advice of a cluster, the most pressing first.

    [bold]podlore advice[/]                                     what the cluster holds

    [bold]podlore advice -n vision -o wide[/]                   one namespace's, with summaries

    [bold]podlore advice --explain job-train-crashloop-1a2b3c4d[/]   one, with its evidence

    [bold]podlore advice --outcomes[/]                          what came of it: followed or not, and the gain

    [bold]podlore advice --operator http://127.0.0.1:8080[/]    what an operator in dry run would say
    """
    import asyncio

    from podlore_operator.cli.advice_text import documents, explained, table

    if outcomes:
        typer.echo(_outcomes(asyncio.run(_history(operator, home, kubeconfig, context)), namespace, output))
        return
    found = asyncio.run(_of_operator(operator) if operator else _of_cluster(kubeconfig, context))
    if namespace is not None:
        found = [one for one in found if one.metadata.namespace == namespace]
    if explain is not None:
        typer.echo(explained(_named(found, explain)))
    elif output in (Output.TABLE, Output.WIDE):
        typer.echo(table(found, is_wide=output is Output.WIDE) or NOTHING)
    else:
        typer.echo(documents(found, as_yaml=output is Output.YAML))


async def _of_cluster(kubeconfig: Path | None, context: str | None) -> list["Advice"]:
    from podlore_operator.advice_book import KINDS
    from podlore_operator.listing import list_all
    from podlore_operator.observe.connection import Connection
    from podlore_operator.write_requests import collection

    async with Connection.open(kubeconfig, context) as api:
        items: list[dict[str, Any]] = []
        for kind in KINDS.values():
            listed, version = await list_all(api, collection(kind))
            if version == "0":
                raise Unavailable(f"{api.server} does not serve podlore's kinds: install the chart, or ask --operator")
            items += ({"kind": kind.__name__, **item} for item in listed)
    return _read(items)


async def _history(operator: str | None, home: str, kubeconfig: Path | None, context: str | None) -> "History":
    """Return what a running operator remembers, or what the one at home wrote down."""
    from podlore.snapshot import History
    from podlore_operator.cli.memory import read_memory
    from podlore_operator.cli.snapshot import of_operator
    from podlore_operator.observe.connection import Connection

    if operator:
        return (await of_operator(operator)).history
    namespace, _, name = home.partition("/")
    if not (namespace and name):
        raise BadInput(f"--home {home!r} is not NAMESPACE/NAME, such as podlore/podlore")
    async with Connection.open(kubeconfig, context) as api:
        remembered = await read_memory(api, namespace, name)
    return remembered.history if remembered else History()


def _outcomes(history: "History", namespace: str | None, output: Output) -> str:
    from podlore.advice.outcome_table import documents, table
    from podlore_operator.cli.advice_text import printable, written

    found = [one for one in history.outcomes if namespace in (None, one.given.target.namespace)]
    if output in (Output.TABLE, Output.WIDE):
        return printable(table(found))
    return written(documents(found), as_yaml=output is Output.YAML)


async def _of_operator(url: str) -> list["Advice"]:
    import msgspec

    from podlore_operator.cli.operator_endpoint import fetch

    body = await fetch(url, "/advice")
    try:
        items = msgspec.json.decode(body, type=_Listed).items
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise BadInput(f"{url} is no podlore operator: what it serves at /advice is no list of advice") from None
    return _read(items)


def _read(items: list[Any]) -> list["Advice"]:
    """Return what can be read; the rest is told on standard error."""
    from podlore_operator.advice_book import AdviceBook

    book = AdviceBook()
    for item in items:
        try:
            book.put({"apiVersion": "podlore.io/v1alpha1", **item} if isinstance(item, dict) else {})
        except BadInput as error:
            typer.echo(f"podlore: left out {error}", err=True)
    return list(book.held.values())


def _named(found: list["Advice"], name: str) -> "Advice":
    matching = [one for one in found if one.metadata.name == name]
    if not matching:
        raise BadInput(f"no advice is named {name!r}: podlore advice lists the names")
    if len(matching) > 1:
        places = ", ".join(sorted(str(one.metadata.namespace) for one in matching))
        raise BadInput(f"{name!r} is in several namespaces: choose by --namespace one of {places}")
    return matching[0]
