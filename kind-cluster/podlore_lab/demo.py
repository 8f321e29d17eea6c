"""The main job end to end: a lab, a trace with planted patterns, the operator, its advice, and the score.

``podlore lab demo`` runs `demo` and prints; the tests run it too and look at what it returns.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

from podlore.clock import Clock
from podlore.traces import Trace, read_trace
from podlore_lab.api import Json
from podlore_lab.cluster import Lab
from podlore_lab.exporter.start import exporter_running
from podlore_lab.nodes import create_nodes
from podlore_lab.operator_process import install_chart, operator_running, uninstall_chart
from podlore_lab.replay.plan import Plan, plan
from podlore_lab.replay.run import Progress, Replayed, replay
from podlore_lab.replay.speed import capped
from podlore_lab.sample_trace import SAMPLE_FOLDER
from podlore_lab.score import Said, Score, score
from podlore_lab.waiting import wait_for

SETTLE_SECONDS = 60.0
QUIET_SECONDS = 15.0
API = "/apis/podlore.io/v1alpha1"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a demo shows: kubectl's tables, the score, and where the operator serves; ``seconds`` is by stage."""

    advice_table: str
    cluster_advice_table: str
    score: Score
    replayed: Replayed
    operator: str
    clock: Clock
    seconds: dict[str, float]


@dataclass(slots=True)
class Stages:
    """Tells the caller which stage begins, and remembers how long each took."""

    say: Callable[[str], None]
    seconds: dict[str, float]

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Announce and time what is done in the block."""
        self.say(name)
        started = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - started, 1)


@dataclass(frozen=True, slots=True)
class Operating:
    """How the operator is brought into a lab: the chart goes in, the operator runs by a clock, the chart goes out."""

    install: Callable[[Lab], str] = install_chart
    running: Callable[[Lab, Clock], AbstractContextManager[str]] = operator_running
    uninstall: Callable[[Lab], str] = uninstall_chart


@contextmanager
def demo(
    lab: Lab,
    *,
    speed: float,
    say: Callable[[str], None],
    on_progress: Callable[[Plan, Progress], None],
    operating: Operating | None = None,
) -> Iterator[Shown]:
    """Run the main job in a lab without nodes; everything still runs while the block looks, and ends with it.

    Parameters
    ----------
    speed
        How much faster than the trace, capped so that metric windows hold enough samples.
    say
        Called with each stage's name as it begins.
    on_progress
        Called as the replay goes on.
    operating
        How the operator runs: as a process under the chart's account by default.
    """
    operating = operating or Operating()
    trace = read_trace(SAMPLE_FOLDER)
    planned = plan(trace, speed=capped(speed))
    stages = Stages(say, {})
    with ExitStack() as running:
        with stages.stage(f"{len(trace.nodes)} nodes with {sum(node.gpus for node in trace.nodes)} GPUs"):
            create_nodes(lab.api, trace.nodes)
        with stages.stage("GPU metrics"):
            running.enter_context(exporter_running(lab))
        with stages.stage("helm install podlore"):
            operating.install(lab)
        with stages.stage(f"replay of {planned.pods} pods at speed {planned.speed:g}, podlore watching"):
            replayed, operator = _replay(lab, planned, running, on_progress, operating)
        with stages.stage("podlore's last word"):
            _wait_settled(lab, trace)
        yield Shown(
            advice_table=lab.kubectl("get", "schedulingadvice", "-A"),
            cluster_advice_table=lab.kubectl("get", "clusterschedulingadvice"),
            score=score(trace.planted, trace.near_misses, said(lab)),
            replayed=replayed,
            operator=operator,
            clock=Clock(planned.speed, replayed.started_at),
            seconds=stages.seconds,
        )
    with stages.stage("helm uninstall podlore"):
        operating.uninstall(lab)


def _replay(
    lab: Lab,
    planned: Plan,
    running: ExitStack,
    on_progress: Callable[[Plan, Progress], None],
    operating: Operating,
) -> tuple[Replayed, str]:
    """Replay, with the operator started as soon as the trace's clock runs; it stays until ``running`` ends."""

    async def both() -> tuple[Replayed, str]:
        starting: list[asyncio.Task[str]] = []

        def start(started_at: float) -> None:
            operator = operating.running(lab, Clock(planned.speed, started_at))
            starting.append(asyncio.create_task(asyncio.to_thread(running.enter_context, operator)))

        done = await replay(
            planned,
            lab.kubeconfig,
            on_start=start,
            on_progress=lambda progress: on_progress(planned, progress),
        )
        return done, await starting[0]

    return asyncio.run(both())


def said(lab: Lab) -> list[Said]:
    """Return target and pattern of all advice that is active in the lab."""
    namespaced: list[Json] = lab.api.get(f"{API}/schedulingadvices")["items"]
    cluster: list[Json] = lab.api.get(f"{API}/clusterschedulingadvices")["items"]
    return [
        ("/".join(filter(None, (item["metadata"].get("namespace"), target["kind"], target["name"]))), status["pattern"])
        for item in [*namespaced, *cluster]
        if (status := item.get("status"))
        and status["state"] == "Active"
        and not status.get("horizonMinutes")  # what is likely to come was not said to be there
        and (target := item["spec"]["target"])
    ]


def _wait_settled(lab: Lab, trace: Trace) -> None:
    """Wait until everything planted was found, or nothing new was said for a while; never for long."""
    deadline = time.monotonic() + SETTLE_SECONDS
    before: set[Said] = set()
    changed_at = time.monotonic()

    def settled() -> bool:
        nonlocal before, changed_at
        now, spoken = time.monotonic(), set(said(lab))
        if spoken != before:
            before, changed_at = spoken, now
        found_all = not score(trace.planted, trace.near_misses, spoken).missed
        return found_all or now - changed_at > QUIET_SECONDS or now > deadline

    wait_for(settled, "the advice to settle", timeout_seconds=SETTLE_SECONDS + QUIET_SECONDS)
