"""``podlore lab replay``: a trace comes to life in a running lab."""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podlore_lab.replay.plan import Fractions

if TYPE_CHECKING:
    from podlore.traces import Problem
    from podlore_lab.cluster import Lab
    from podlore_lab.patient_api import Json
    from podlore_lab.replay.plan import Plan
    from podlore_lab.replay.run import Replayed

SAMPLE = "sample"
DEFAULT_SPEED = 240.0
DRY_RUN_SLICES = 10
PROBLEMS_SHOWN = 10
INTERRUPTED = 130


def replay(
    *,
    trace: Annotated[
        str, typer.Argument(help="'sample', a folder of podlore's tables, an openb pod list, or philly.csv.")
    ] = "",
    name: Annotated[str, typer.Option("--name", "-n", help="Which lab.")] = "default",
    speed: Annotated[float, typer.Option(min=0.001, help="How much faster than the trace.")] = DEFAULT_SPEED,
    begin: Annotated[float, typer.Option(min=0, help="Begin at this second of the trace.")] = 0.0,
    until: Annotated[float | None, typer.Option(min=0, help="Stop at this second of the trace.")] = None,
    namespace_prefix: Annotated[str, typer.Option(help="Put before each tenant's namespace.")] = "",
    fractions: Annotated[
        Fractions,
        typer.Option(help="What a job gets that asks for part of a GPU. time-sliced needs: podlore lab up --slices 10"),
    ] = Fractions.WHOLE,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first problem with the trace.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done; needs no lab.")] = False,
    clean: Annotated[bool, typer.Option("--clean", help="Delete at the end all that replays created.")] = False,
    exporter: Annotated[bool, typer.Option(help="Serve GPU metrics while it runs, unless the lab does.")] = True,
) -> None:
    """Create and delete a trace's jobs in a running lab, at compressed time; ends by itself.

    What ran when the trace begins is there before its clock starts; jobs whose placement the trace records are bound to
    those nodes. The speed is capped at 240: the shortest window of metrics, two hours, then holds 30 samples at one
    scrape a second. Ctrl-C stops the clock and leaves what is there; --clean deletes it, also later and alone.

    [bold]podlore lab replay sample[/]

    [bold]podlore lab replay openb_pod_list_default.csv --begin 12500000 --until 12514400[/]

    [bold]podlore lab replay philly.csv --until 3600 --dry-run[/]

    [bold]podlore lab replay --clean[/]
    """
    from dataclasses import replace

    from podlore.errors import BadInput
    from podlore.traces import problems, read_trace, stop_on
    from podlore_lab.replay.cluster_nodes import cluster_nodes, slices_of
    from podlore_lab.replay.plan import plan
    from podlore_lab.replay.speed import capped
    from podlore_lab.sample_trace import SAMPLE_FOLDER

    if not trace and (dry_run or not clean):
        raise BadInput("name a trace: sample, a folder, an openb pod list or philly.csv (or --clean alone)")
    lab = None if dry_run else _find(name)
    if lab is not None and not trace:
        _clean(lab)
        return
    nodes = _nodes(lab)
    read = read_trace(SAMPLE_FOLDER if trace == SAMPLE else Path(trace))
    found = problems(replace(read, nodes=()), cluster_nodes(nodes)) if nodes else read.problems
    if strict:
        stop_on(found, read.name)
    _say_problems(found)
    if nodes and {node.name for node in read.nodes} - {node["metadata"]["name"] for node in nodes}:
        folder = SAMPLE_FOLDER if trace == SAMPLE else trace
        typer.echo(
            f"podlore: this trace brings nodes that the lab lacks; add them: podlore lab add-nodes {folder}", err=True
        )
    planned = plan(
        read,
        speed=capped(speed),
        begin_seconds=begin,
        until_seconds=until,
        namespace_prefix=namespace_prefix,
        fractions=fractions,
        slices=slices_of(nodes) if lab else DRY_RUN_SLICES if fractions is Fractions.TIME_SLICED else 1,
    )
    _say_plan(planned, asked_speed=speed)
    if lab is not None:
        _say_done(planned, _run(planned, lab, clean=clean, exporter=exporter))


def _find(name: str) -> "Lab":
    from podlore_lab.cluster import Lab

    return Lab.find(name)


def _nodes(lab: "Lab | None") -> "list[Json]":
    from podlore_lab.nodes import list_nodes

    return list_nodes(lab.api) if lab else []


def _clean(lab: "Lab") -> None:
    from podlore_lab.patient_api import PatientApi
    from podlore_lab.replay.clean import clean

    async def ask() -> int:
        async with PatientApi(lab.kubeconfig) as api:
            return await clean(api)

    typer.echo(f"deleted {asyncio.run(ask())} jobs and deployments of earlier replays")


def _say_problems(found: "Sequence[Problem]") -> None:
    for problem in found[:PROBLEMS_SHOWN]:
        typer.echo(f"podlore: {problem}", err=True)
    if len(found) > PROBLEMS_SHOWN:
        typer.echo(f"podlore: and {len(found) - PROBLEMS_SHOWN} more problems; see: podlore trace validate", err=True)


def _say_plan(plan: "Plan", *, asked_speed: float) -> None:
    """Say what will be done, and what is not as it was asked or recorded."""
    if plan.speed < asked_speed:
        typer.echo(f"speed {asked_speed:g} is capped at {plan.speed:g}: two hours must hold 30 samples, one a second")
    typer.echo(
        f"{plan.name}: {len(plan.jobs)} jobs with {plan.pods} pods in {len(plan.namespaces)} namespaces, "
        f"{timedelta(seconds=round(plan.ends_seconds))} of the trace at speed {plan.speed:g}: "
        f"{timedelta(seconds=round(plan.wall_seconds(plan.ends_seconds)))}"
    )
    typer.echo(f"{len(plan.first)} jobs are there when its clock starts, {plan.left_out} of the trace are left out")
    if plan.n_fractions:
        got = "a whole one" if plan.fractions is Fractions.WHOLE else f"slices of a {plan.slices}th"
        typer.echo(f"{plan.n_fractions} jobs ask for part of a GPU and get {got}")


def _run(plan: "Plan", lab: "Lab", *, clean: bool, exporter: bool) -> "Replayed":
    """Replay with a progress bar; Ctrl-C stops the clock, a second one everything."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from podlore_lab.exporter.start import exporter_running, is_scraped
    from podlore_lab.replay.run import Progress as Reached
    from podlore_lab.replay.run import replay as carry_out

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[done]}"), TimeRemainingColumn())
    with ExitStack() as stack:
        if exporter and not is_scraped(lab.prometheus_url):
            stack.enter_context(exporter_running(lab))
        bar = stack.enter_context(Progress(*columns, transient=True))
        task = bar.add_task("what ran before", total=plan.ends_seconds, done="")

        def show(reached: Reached) -> None:
            clock = f"trace {timedelta(seconds=round(reached.trace_seconds))}" if reached.trace_seconds else "before"
            done = f"{reached.created} created, {reached.deleted} deleted"
            bar.update(task, completed=reached.trace_seconds, description=clock, done=done)

        async def until_stopped() -> "Replayed":
            stop, loop = asyncio.Event(), asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, _stop, stop, number)
            return await carry_out(plan, lab.kubeconfig, stop=stop, on_progress=show, clean_up=clean)

        return asyncio.run(until_stopped())


def _stop(stop: asyncio.Event, number: int) -> None:
    stop.set()
    asyncio.get_running_loop().remove_signal_handler(number)


def _say_done(plan: "Plan", done: "Replayed") -> None:
    for note in done.notes:
        typer.echo(f"podlore: {note}", err=True)
    took = timedelta(seconds=round(done.ended_at - done.started_at))
    typer.echo(
        f"{done.created} created, {done.deleted} deleted in {took}; late by {done.lag_p50_seconds:.2f} s (median), "
        f"{done.lag_p95_seconds:.2f} s (95 %), {done.lag_max_seconds:.2f} s (most): for 95 % that is less than "
        f"{done.lag_p95_seconds * plan.speed:.0f} s of the trace"
    )
    if done.waited_for_server:
        typer.echo(f"the API server asked to wait {done.waited_for_server} times")
    if done.cleaned is not None:
        typer.echo(f"deleted {done.cleaned} jobs and deployments")
    if done.is_interrupted:
        left = "" if done.cleaned is not None else "; what was created is still there: podlore lab replay --clean"
        typer.echo(f"podlore: stopped before its end{left}", err=True)
        raise typer.Exit(INTERRUPTED)
