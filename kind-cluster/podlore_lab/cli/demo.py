"""``podlore lab demo``: the main job on one screen."""

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from podlore_lab.demo import Shown
    from podlore_lab.replay.plan import Plan
    from podlore_lab.replay.run import Progress as Reached
    from podlore_lab.score import Score

CHECK_FAILED = 1
DEMO_LAB = "demo"


class Backend(StrEnum):
    """What a lab's control plane runs on."""

    PROCESSES = "processes"
    KIND = "kind"


BackendOption = Annotated[Backend, typer.Option(help="Plain processes on this machine, or a kind cluster.")]
OwnDockerdOption = Annotated[
    bool, typer.Option("--own-dockerd", help="kind: start a Docker daemon of the lab's own, and end it with the lab.")
]
RegistryImageOption = Annotated[
    bool, typer.Option("--registry-image", help="kind: pull kind's own node image instead of building one.")
]


def demo(
    speed: Annotated[float, typer.Option(min=1, help="How much faster than the trace; capped at 240.")] = 240.0,
    on: Annotated[
        Backend, typer.Option(help="Plain processes on this machine, or a kind cluster.")
    ] = Backend.PROCESSES,
    own_dockerd: OwnDockerdOption = False,
    registry_image: RegistryImageOption = False,
) -> None:
    """Show the main job end to end, and end by itself: a real control plane, a replayed trace, podlore's advice.

    Starts a lab of 154 nodes, installs the chart with Helm, runs the operator under its ServiceAccount, replays the
    sample trace with its planted patterns, prints the advice, and checks planted against found. Two to three minutes,
    once the control plane is built. Exit status 1 if something planted was missed.

    With [bold]--on kind[/] the control plane is a kind cluster, and the operator a pod of its own image.

    [bold]podlore lab demo[/]

    [bold]podlore lab demo --on kind --own-dockerd[/]
    """
    from podlore_lab.build import build
    from podlore_lab.build_progress import BuildProgress
    from podlore_lab.cluster import Lab
    from podlore_lab.demo import demo as run
    from podlore_lab.programs import named_programs

    if named_programs() is None:
        with BuildProgress() as watcher:
            build(watcher=watcher)
    progress = _Progress()
    if on is Backend.KIND:
        _on_kind(speed, progress, own_dockerd=own_dockerd, registry_image=registry_image)
        return
    with progress:
        typer.echo("a control plane: etcd, API server, controllers, scheduler, KWOK, Prometheus")
        with Lab() as lab, run(lab, speed=speed, say=typer.echo, on_progress=progress.show) as shown:
            progress.hide()
            _print(shown)
    if shown.score.missed:
        raise typer.Exit(CHECK_FAILED)


def _on_kind(speed: float, progress: "_Progress", *, own_dockerd: bool, registry_image: bool) -> None:
    """Show the same with the operator as a pod, and put the host back."""
    from podlore_lab.cli.kind import kind_lab, ready_programs, say_what_is_left
    from podlore_lab.demo import demo as run
    from podlore_lab.kind.operator_image import build_operator_image, operator_image_name
    from podlore_lab.kind.operator_pod import AS_A_POD

    ready_programs(own_dockerd=own_dockerd, registry_image=registry_image)
    lab = kind_lab(DEMO_LAB, own_dockerd=own_dockerd, registry_image=registry_image, say=typer.echo)
    with progress, lab:
        name = operator_image_name()
        build_operator_image(lab.engine, name, say=typer.echo)
        typer.echo(f"loading image {name}")
        lab.load_image(name)
        with run(lab, speed=speed, say=typer.echo, on_progress=progress.show, operating=AS_A_POD) as shown:
            progress.hide()
            typer.echo(f"\n$ kubectl get pods -n podlore-system\n{lab.kubectl('get', 'pods', '-n', 'podlore-system')}")
            _print(shown)
    say_what_is_left(lab.left_behind)
    if shown.score.missed:
        raise typer.Exit(CHECK_FAILED)


class _Progress:
    """A bar where somebody watches, nothing elsewhere."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[done]}"),
            TimeRemainingColumn(),
        )
        self._bar = Progress(*columns, transient=True)
        self._task = self._bar.add_task("", total=None, done="", visible=False)

    def __enter__(self) -> "_Progress":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def hide(self) -> None:
        self._bar.update(self._task, visible=False)

    def show(self, plan: "Plan", reached: "Reached") -> None:
        self._bar.update(
            self._task,
            visible=True,
            total=plan.ends_seconds,
            completed=reached.trace_seconds,
            description=f"trace {timedelta(seconds=round(reached.trace_seconds))}",
            done=f"{reached.created} created, {reached.deleted} deleted",
        )


def _print(shown: "Shown") -> None:
    typer.echo(f"\n$ kubectl get schedulingadvice -A\n{shown.advice_table}")
    if shown.cluster_advice_table.strip():
        typer.echo(f"$ kubectl get clusterschedulingadvice\n{shown.cluster_advice_table}")
    typer.echo(_verdict(shown.score))
    typer.echo("seconds: " + ", ".join(f"{stage} {seconds:g}" for stage, seconds in shown.seconds.items()))


def _verdict(score: "Score") -> str:
    planted = len(score.found) + len(score.missed)
    patterns = sorted({pattern for _, pattern in score.found})
    lines = [
        f"planted {planted}, found {len(score.found)}, missed {len(score.missed)}, "
        f"false alarms {len(score.false_alarms)}: precision {score.precision:.2f}, recall {score.recall:.2f}",
        f"patterns found: {', '.join(patterns)}",
    ]
    lines += [f"missed: {pattern} on {target}" for target, pattern in score.missed]
    lines += [f"false alarm: {pattern} on {target}" for target, pattern in score.false_alarms]
    return "\n".join(lines)
