"""``podlore snapshot DIR``: everything the advisor looks at, written to a folder; read-only for the cluster."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podlore.errors import BadInput, Unavailable

if TYPE_CHECKING:
    from podlore.clock import Clock
    from podlore.cluster_state import ClusterState
    from podlore.snapshot import Snapshot
    from podlore_operator.observe.connection import Connection
    from podlore_operator.policy_keeper import PolicyKeeper

SYNC_SECONDS = 120.0


def snapshot(
    folder: Annotated[Path, typer.Argument(help="Folder to write; made if it is not there.")],
    prometheus: Annotated[str | None, typer.Option(help="URL of a Prometheus that has GPU metrics.")] = None,
    operator: Annotated[
        str | None,
        typer.Option(help="URL of a running operator: takes the very picture that it decides on.", metavar="URL"),
    ] = None,
    namespace: Annotated[
        str | None, typer.Option(help="Where the operator keeps its state [the context's namespace].")
    ] = None,
    name: Annotated[
        str, typer.Option(help="The operator's name; its state is in the ConfigMap NAME-state.")
    ] = "podlore",
    kubeconfig: Annotated[Path | None, typer.Option(help="The kubeconfig to use.")] = None,
    context: Annotated[str | None, typer.Option(help="Its context.")] = None,
    logs: Annotated[bool, typer.Option("--logs", help="Take the ends of pods' logs too, masked.")] = False,
    clock_scale: Annotated[float, typer.Option(help="How much faster than the wall a replayed trace runs.")] = 1.0,
    clock_anchor: Annotated[float, typer.Option(help="When the replay began, in seconds since the epoch.")] = 0.0,
) -> None:
    """Take a snapshot of a cluster for ``podlore advise --snapshot``; nothing in the cluster is changed.

    It holds pods, nodes, events and workloads as far as advice depends on them, GPU activity, podlore's policy and its
    memory of starts and failures; with --logs, or where the policy has logs switched on, also the ends of pods' logs,
    masked. It holds no environment, no arguments, no volumes and no secrets, but names and event messages: share it as
    you would share the output of kubectl get.

    [bold]podlore snapshot ./monday --prometheus http://localhost:9090[/]

    [bold]podlore snapshot ./monday --operator http://127.0.0.1:8080[/]     exactly what a running operator sees
    """
    import asyncio

    from podlore import snapshot_folder
    from podlore.clock import Clock

    clock = Clock(scale=clock_scale, anchor=clock_anchor)
    taken = asyncio.run(
        of_operator(operator)
        if operator
        else _of_cluster(Source(kubeconfig, context, prometheus, namespace, name, logs), clock)
    )
    snapshot_folder.write(taken, folder)
    typer.echo(
        f"{folder}: {len(taken.pods)} pods, {len(taken.nodes)} nodes, {len(taken.events)} events, "
        f"{len(taken.controllers)} workloads, {len(taken.gpu_windows)} GPU windows, "
        f"{len(taken.series)} series, {len(taken.logs)} log lines"
    )


async def of_operator(url: str) -> "Snapshot":
    """Return the picture that a running operator decides on.

    Raises
    ------
    PodloreError
        If no operator answers there.
    """
    import msgspec

    from podlore.snapshot import Snapshot
    from podlore_operator.cli.operator_endpoint import fetch

    body = await fetch(url, "/snapshot")
    try:
        return msgspec.json.decode(body, type=Snapshot)
    except (msgspec.MsgspecError, ValueError) as error:
        raise BadInput(f"{url} serves no snapshot of this podlore: {error}") from None


@dataclass(frozen=True, slots=True)
class Source:
    """Where a snapshot comes from: a cluster, its Prometheus, and where its operator keeps its memory."""

    kubeconfig: Path | None
    context: str | None
    prometheus: str | None
    namespace: str | None
    name: str
    logs: bool


async def _of_cluster(source: Source, clock: "Clock") -> "Snapshot":
    from podlore.cluster_state import ClusterState
    from podlore_operator.cli.memory import read_memory
    from podlore_operator.observe.connection import Connection

    async with Connection.open(source.kubeconfig, source.context) as api:
        state = ClusterState(clock)
        await _list_once(api, clock, state)
        keeper = await _read_policy(api)
        remembered = await read_memory(api, source.namespace or api.namespace, source.name)
        if remembered and not remembered.fits(clock):
            remembered = None
        if remembered and remembered.policy:
            keeper.recall(remembered.policy)
        if keeper.verdict and not keeper.verdict.accepted:
            typer.echo(f"podlore: the AdvisorPolicy is left out: {keeper.verdict.message}", err=True)
        state.set_policy(keeper.in_force)
        if remembered:
            state.restore(remembered.history)
        if source.prometheus:
            await _read_metrics(source.prometheus, clock, state)
        if source.logs or state.policy.logs_enabled:
            await _read_logs(api, clock, state, is_asked_for=source.logs)
        taken = state.snapshot()
    since = remembered.observed_since if remembered else None
    return taken if since is None else replace(taken, observed_since=since)


async def _list_once(api: "Connection", clock: "Clock", state: "ClusterState") -> None:
    """List every kind once, with a spinner: a large cluster takes a while."""
    import asyncio
    from contextlib import suppress

    from rich.console import Console

    from podlore_operator.noticing import Noticing
    from podlore_operator.observe.observer import Observer

    observer = Observer(api, clock, Noticing(state, lambda: None))
    watching = asyncio.create_task(observer.run())
    try:
        with Console(stderr=True).status(f"listing {api.server}"):
            await observer.synced(SYNC_SECONDS)
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def _read_policy(api: "Connection") -> "PolicyKeeper":
    """Take the cluster's policy as an operator with every grant would."""
    from podlore.policy import Mode
    from podlore_operator.listing import list_all
    from podlore_operator.policy_keeper import Grants, PolicyKeeper
    from podlore_operator.write_requests import policy_collection

    keeper = PolicyKeeper(Grants(Mode.ASSIST, annotations=True, events=True, logs=True))
    for obj in (await list_all(api, policy_collection()))[0]:
        keeper.offer(obj)
    return keeper


async def _read_logs(api: "Connection", clock: "Clock", state: "ClusterState", *, is_asked_for: bool) -> None:
    from podlore_operator.observe.pod_logs import newest, read_logs, worth_reading

    found = state.snapshot()
    try:
        lines = await read_logs(api, clock, worth_reading(found.pods, found.policy, {}, found.now))
    except Unavailable as error:
        if is_asked_for:
            raise
        typer.echo(f"podlore: the logs are left out: {error}", err=True)
    else:
        state.set_logs(newest(lines, found.now))


async def _read_metrics(prometheus: str, clock: "Clock", state: "ClusterState") -> None:
    from podlore_operator.metrics.gpu_windows import read_gpu_windows
    from podlore_operator.metrics.prometheus import Prometheus
    from podlore_operator.metrics.read_steps import STEPS_KEPT, StepReader, last_step
    from podlore_operator.metrics.series_book import SeriesBook
    from podlore_operator.metrics_loop import known_of

    known, last, book = known_of(state.snapshot()), last_step(clock), SeriesBook()
    asked = Prometheus(prometheus)
    try:
        reading = await read_gpu_windows(asked, state.policy, clock, holds=known.holds_now)
        if not reading.has_metrics:
            raise Unavailable(f"{reading.reason} (leave --prometheus out to do without GPU metrics)")
        rows, _ = await StepReader(asked, state.policy, clock, known).read(last - STEPS_KEPT + 1, last)
    finally:
        asked.close()
    state.set_gpu_windows(reading.windows, reading.has_metrics)
    book.put(last, rows)
    state.set_series(book.series())
