"""The ``podlore`` command: finds its subcommands by entry point and imports only the one that is run.

A command's module imports what is heavy inside its functions, so that ``podlore --help`` stays quick. A `PodloreError`
becomes one line on standard error and exit status 2.
"""

import sys
from importlib.metadata import EntryPoint, entry_points, metadata
from typing import TYPE_CHECKING, NoReturn

import typer
from typer.core import TyperGroup

from podlore import __version__
from podlore.errors import PodloreError

if TYPE_CHECKING:
    from typer._click import Command, Context

GROUP = "podlore.commands"
HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}


class EntryPointGroup(TyperGroup):
    """A command group whose members are the installed entry points."""

    def list_commands(self, ctx: "Context") -> list[str]:
        """Return the installed commands' names, sorted."""
        return sorted(point.name for point in entry_points(group=GROUP))

    def get_command(self, ctx: "Context", cmd_name: str) -> "Command | None":
        """Import one command; where a library is missing, return one that says which extra brings it."""
        for point in entry_points(group=GROUP, name=cmd_name):
            try:
                return _command(point)
            except ModuleNotFoundError as error:
                return _missing(point, error)
        return None


def _command(point: EntryPoint) -> "Command":
    loaded = point.load()
    if isinstance(loaded, typer.Typer):
        loaded.info.name = point.name
        return typer.main.get_command(loaded)
    app = typer.Typer(add_completion=False, context_settings=HELP_OPTIONS)
    app.command(name=point.name)(loaded)
    return typer.main.get_command(app)


def _missing(point: EntryPoint, error: ModuleNotFoundError) -> "Command":
    extras = ", ".join(sorted(set(metadata("podlore").get_all("Provides-Extra") or ()) - {"dev"}))
    text = f"not installed: it needs {error.name}; one of the extras brings it: pip install 'podlore[EXTRA]' ({extras})"
    app = typer.Typer(add_completion=False)

    @app.command(name=point.name, help=f"({text})", context_settings={"ignore_unknown_options": True})
    def refuse(_arguments: list[str] | None = None) -> NoReturn:
        raise PodloreError(f"{point.name} is {text}")

    return typer.main.get_command(app)


app = typer.Typer(
    cls=EntryPointGroup,
    add_completion=False,
    context_settings=HELP_OPTIONS,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,  # local variables may hold credentials
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"podlore {__version__}")
        raise typer.Exit


@app.callback(no_args_is_help=True)
def podlore(
    _version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Scheduling advice for GPU clusters, learned from how pods behave.

    [bold]podlore lab up[/]                  start a real control plane with fake GPU nodes

    [bold]podlore lab replay sample[/]       replay a trace into it

    [bold]podlore advice[/]                  show the advice of a cluster, also in dry run

    [bold]podlore snapshot DIR[/]            take a snapshot of a cluster, read-only

    [bold]podlore advise --snapshot DIR[/]   give advice offline
    """


def main() -> None:
    """Run the command line and turn podlore's own errors into one line."""
    try:
        app()
    except PodloreError as error:
        typer.echo(f"podlore: {error}", err=True)
        sys.exit(2)
