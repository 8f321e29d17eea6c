"""How ``podlore lab status`` prints what `podlore_lab.state.status` found."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from podlore_lab.state import LabStatus


class Output(StrEnum):
    """How lists are printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


def print_statuses(statuses: Sequence["LabStatus"], output: Output) -> None:
    """Print labs; a table is for people, JSON and YAML say everything."""
    if output is Output.TABLE:
        _print_table(statuses)
        return
    plain = [json.loads(json.dumps(asdict(each), default=str)) for each in statuses]
    if output is Output.JSON:
        typer.echo(json.dumps(plain, indent=2))
    else:
        import yaml

        typer.echo(yaml.safe_dump(plain, sort_keys=False), nl=False)


def _print_table(statuses: Sequence["LabStatus"]) -> None:
    from rich.console import Console
    from rich.table import Table

    if not statuses:
        typer.echo("no lab runs; start one with: podlore lab up")
    for each in statuses:
        table = Table(title=f"lab {each.name}", title_justify="left", title_style="bold")
        for column in ("PROCESS", "STATE", "PORT"):
            table.add_column(column, overflow="fold")
        for process, state in each.processes.items():
            port = each.ports.get(
                process.removeprefix("kube-").replace("-", "_").replace("apiserver", "api_server"), ""
            )
            table.add_row(process, state, str(port))
        console = Console()
        console.print(table)
        for line in (
            f"nodes:      {each.n_ready} of {each.n_nodes} Ready",
            f"kubeconfig: {each.kubeconfig or 'none'}",
            *([f"problem:    {each.problem}"] if each.problem else []),
        ):
            typer.echo(line)
