"""``podlore actions``: the table from patterns and causes to what podlore recommends."""

import json
from enum import StrEnum
from typing import Annotated

import typer


class Output(StrEnum):
    """How the table is printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    MARKDOWN = "markdown"


def actions(
    pattern: Annotated[
        str | None, typer.Argument(help="Only this pattern, such as CrashLoop.", show_default=False)
    ] = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="How to print it.")] = Output.TABLE,
) -> None:
    """Print which actions answer which pattern, in order of preference, with what they need, bring and risk.

    [bold]Examples[/]

    podlore actions

    podlore actions Fragmentation

    podlore actions --output json | jq '.[] | select(.action == "ReleaseIdle")'
    """
    from podlore.advice.action_table import COLUMNS, cells, markdown, rows
    from podlore.errors import BadInput
    from podlore.vocabulary import Pattern

    if pattern is not None and pattern not in {one.value for one in Pattern}:
        raise BadInput(f"no pattern {pattern!r}; there are {', '.join(Pattern)}")
    found = [row for row in rows() if pattern in (None, row["pattern"])]
    match output:
        case Output.MARKDOWN:
            typer.echo(markdown(), nl=False)
        case Output.JSON:
            typer.echo(json.dumps(found, indent=2))
        case Output.YAML:
            import yaml

            typer.echo(yaml.safe_dump(found, sort_keys=False).rstrip("\n"))
        case Output.TABLE:
            lines = [COLUMNS, *(cells(row) for row in found)]
            widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
            for line in lines:
                text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
                typer.echo(text.rstrip())
