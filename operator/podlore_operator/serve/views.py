"""What the operator shows of itself: the running parts come in, the server's `Views` and the gauges leave."""

import asyncio
from typing import Never, Protocol

import msgspec

from podlore.cluster_state import ClusterState
from podlore_operator.advice_book import AdviceBook
from podlore_operator.loop import AdviceLoop
from podlore_operator.observe.observer import Observer
from podlore_operator.office import Office
from podlore_operator.policy_keeper import PolicyKeeper
from podlore_operator.serve.loop_lag import LoopLag
from podlore_operator.serve.server import Views
from podlore_operator.serve.telemetry import Telemetry

LAG_SECONDS_MAX = 5.0
AGE_SECONDS_MAX = 600.0
"""Of a watch and of a round: a restart is the last resort, reflectors and rounds help themselves long before."""
MEASURE_SECONDS = 2.0


class Parts(Protocol):
    """What is shown; `podlore_operator.runtime.Runtime` has it all."""

    state: ClusterState
    book: AdviceBook
    keeper: PolicyKeeper
    loop: AdviceLoop
    office: Office
    observer: Observer
    telemetry: Telemetry
    lag: LoopLag


def views(parts: Parts) -> Views:
    """Return what the server serves."""
    return Views(
        not_alive=lambda: not_alive(parts),
        not_ready=lambda: [] if parts.observer.is_synced else ["not every kind was listed yet"],
        metrics=parts.telemetry.render,
        advice=lambda: advice(parts),
        snapshot=lambda: msgspec.json.encode(parts.office.snapshot()),
    )


def not_alive(parts: Parts) -> list[str]:
    """Return why the process should be ended and started afresh, nothing if it works."""
    problems = []
    if (lag_seconds := parts.lag.seconds) > LAG_SECONDS_MAX:
        problems.append(f"the event loop is {lag_seconds:.1f} s late")
    if parts.observer.is_synced:
        ages = {f"word of {kind}": age for kind, age in parts.observer.watch_ages().items()}
        ages["round"] = parts.loop.age_seconds
        problems += [f"no {what} for {age:.0f} s" for what, age in ages.items() if age > AGE_SECONDS_MAX]
    return problems


def advice(parts: Parts) -> bytes:
    """Return all advice, also that of a dry run, as a list of Kubernetes objects."""
    items = [found.document() for _, found in sorted(parts.book.held.items())]
    metadata = {"mode": parts.keeper.in_force.mode}
    return msgspec.json.encode({"apiVersion": "v1", "kind": "List", "metadata": metadata, "items": items})


async def measure(parts: Parts) -> Never:
    """Keep the gauges that nobody else sets."""
    while True:
        telemetry, snapshot = parts.telemetry, parts.state.snapshot()
        telemetry.loop_lag.set(parts.lag.seconds)
        telemetry.synced.set(parts.observer.is_synced)
        for kind, age_seconds in parts.observer.watch_ages().items():
            telemetry.watch_age.labels(kind).set(age_seconds)
        for progress in parts.observer.progress:
            telemetry.unreadable.labels(progress.kind).set(progress.bad_objects)
        for kind in ("pods", "nodes", "events", "controllers", "gpu_windows"):
            telemetry.objects.labels(kind).set(len(getattr(snapshot, kind)))
        await asyncio.sleep(MEASURE_SECONDS)
