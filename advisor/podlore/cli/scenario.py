"""``podlore scenario``: play timelines with the advice that must and must not come of them."""

import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from podlore.errors import BadInput, PodloreError, Unavailable

if TYPE_CHECKING:
    from podlore.testing.scenario import Expectation, Played, Scenario
    from podlore.testing.scenario.play import ReadPolicy, Said

Stage = Callable[["Scenario"], "Played"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="rich",
    help="""Scenarios: named timelines with the advice that must and must not come.

    [bold]podlore scenario run tests/scenarios[/]

    [bold]podlore scenario run my-case --on lab[/]
    """,
)


class Where(StrEnum):
    """What a scenario is played on."""

    CLOCK = "clock"
    LAB = "lab"


@app.callback()
def scenario() -> None:
    """Scenarios: named timelines with the advice that must and must not come."""


@app.command()
def run(
    folders: Annotated[list[Path], typer.Argument(help="Scenarios, or folders that hold some at any depth.")],
    on: Annotated[
        Where, typer.Option("--on", help="A virtual clock (seconds), or the real control plane of the lab.")
    ] = Where.CLOCK,
    table: Annotated[bool, typer.Option("--table", help="Also print found and expected by pattern.")] = False,
) -> None:
    """Play scenarios through the advisor; print what was found, missed and raised in vain. Exit 1 if one fails.

    [bold]podlore scenario run tests/scenarios[/]

    [bold]podlore scenario run my-case another-case --table[/]

    [bold]podlore scenario run my-case --on lab[/]
    """
    from rich.progress import track

    from podlore.testing.scenario import load
    from podlore.testing.scenario.score import score
    from podlore.testing.scenario.score import table as scores

    stage = _stage(on)
    found = list(_scenarios(folders))
    passed, games = 0, []
    for folder in track(found, description="playing", transient=True, disable=not sys.stderr.isatty()):
        try:
            scene = load(folder)
            played = stage(scene)
        except Unavailable:
            raise
        except PodloreError as error:
            typer.echo(f"FAILED  {folder}: {_printable(str(error))}")
            continue
        games.append((scene, played))
        passed += played.passed
        _print(folder, scene, played)
    if table:
        typer.echo(scores(score(games)))
    typer.echo(f"{passed} passed, {len(found) - passed} failed")
    if passed < len(found):
        raise typer.Exit(1)


def _scenarios(folders: list[Path]) -> Iterator[Path]:
    """Yield each folder with an ``expected.yaml``, those below the given ones included, each once."""
    seen: set[Path] = set()
    for folder in folders:
        found = sorted(path.parent for path in folder.rglob("expected.yaml")) if folder.is_dir() else []
        if not found:
            raise BadInput(f"no scenario in {folder}; one is a folder with timeline.yaml and expected.yaml")
        for each in found:
            if each.resolve() not in seen:
                seen.add(each.resolve())
                yield each


def _stage(on: Where) -> Stage:
    from functools import partial

    from podlore.testing.scenario import play

    if on is Where.CLOCK:
        return partial(play, read_policy=read_policy())
    stage: Stage | None = _plugged("podlore.scenario_stages", on.value)
    if stage is None:
        raise Unavailable(f"no stage {on.value!r} is installed; pip install 'podlore[lab]'")
    return stage


def read_policy() -> "ReadPolicy | None":
    """Return the installed reader of AdvisorPolicy objects: the API's types belong to the operator."""
    reader: ReadPolicy | None = _plugged("podlore.policy_readers", "AdvisorPolicy")
    return reader


def _plugged(group: str, name: str) -> Any:  # noqa: ANN401 - whatever the plug-in is
    for point in entry_points(group=group, name=name):
        return point.load()
    return None


def _print(folder: Path, scene: "Scenario", played: "Played") -> None:
    typer.echo(f"{'passed' if played.passed else 'FAILED'}  {folder}")
    for wanted in scene.must:
        if wanted in played.missed:
            typer.echo(f"  missed       {_wanted(wanted)}{_instead(wanted, played)}")
        else:
            first = min(one.at_seconds for one in played.said if one.fits(wanted))
            typer.echo(f"  found        {_wanted(wanted)} at {first:.0f} s")
    for alarm in played.false_alarms:
        typer.echo(f"  false alarm  {_said(alarm)}")


def _wanted(wanted: "Expectation") -> str:
    action = f" ({' or '.join(wanted.actions)})" if wanted.actions else ""
    by = f" by {wanted.by_seconds:.0f} s" if wanted.by_seconds is not None else ""
    return _printable(f"{wanted.pattern or 'any advice'} on {wanted.target or 'anything'}{action}{by}")


def _instead(wanted: "Expectation", played: "Played") -> str:
    """Return what came near: said too late, or about the target otherwise."""
    near = [one for one in played.said if one.target == wanted.target]
    return f"; said: {'; '.join(_said(one) for one in near)}" if near else ""


def _said(one: "Said") -> str:
    said = f"{one.pattern} on {one.target} ({one.action}) at {one.at_seconds:.0f} s"
    return _printable(f"{said}: {one.recommendation.because.summary}")


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
