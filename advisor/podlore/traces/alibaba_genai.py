"""Reader of Alibaba's trace 2026 of generative serving: how busy the GPU of each container was, over time.

Samples of a percentage by container and time. Each container becomes a workload of one GPU that runs from its first
sample to its last, with the activity as its curve: real idleness, to try detectors on. The trace tells no requests of
CPU or memory, and no number of GPUs; its other tables (requests, queues, GPU memory) have the same columns and are
refused, by name, as they hold no activity.
"""

from collections import defaultdict
from math import ceil

from podlore.errors import BadInput
from podlore.traces.curve import POINTS_MAX, Curve
from podlore.traces.job import Behaviour, Job, Kind, Outcome, Trace
from podlore.traces.table import Row, Table

NAME = "Alibaba v2026 GenAI"
COLUMNS = ("value", "timestamp_anon", "container_ip")
ACTIVITY = "gpu_duty_cycle"

Sample = tuple[str, float, float]


def alibaba_genai(table: Table) -> Trace:
    """Read an open table of duty cycles; see `podlore.traces.read_trace`."""
    if ACTIVITY not in table.path.name:
        raise BadInput(f"{table.path}: of this trace only the table {ACTIVITY} is read; its name tells it")
    samples, numbers = table.collect(_sample)
    begins = min((at for _, at, _ in samples), default=0.0)
    busiest: dict[str, dict[float, float]] = defaultdict(dict)
    rows: dict[str, int] = {}
    for (container, at, share), number in zip(samples, numbers, strict=True):
        rows.setdefault(container, number)
        busiest[container][at] = max(share, busiest[container].get(at, 0.0))
    jobs = tuple(_job(container, sorted(course.items()), begins) for container, course in busiest.items())
    return Trace(
        table.path.name.partition(".")[0], NAME, jobs, problems=tuple(table.problems), rows=tuple(rows.values())
    )


def _sample(row: Row) -> Sample:
    if not (container := row.text("container_ip")):
        raise BadInput("no container_ip")
    at, percent = row.seconds("timestamp_anon"), row.number_or_none("value", float)
    if at is None or percent is None:
        raise BadInput("a sample without its time or value")
    if not 0 <= percent <= 100:
        raise BadInput(f"value {percent:g} is no percentage")
    return container, at, percent / 100


def _job(container: str, course: list[tuple[float, float]], begins: float) -> Job:
    first, last = course[0][0], course[-1][0]
    kept = course[:: ceil(len(course) / POINTS_MAX)]
    curve = Curve(tuple(at - first for at, _ in kept), tuple(share for _, share in kept))
    return Job(
        name=container,
        tenant="genai",
        kind=Kind.DEPLOYMENT,
        submit_seconds=first - begins,
        duration_seconds=last - first,
        gpus=1,
        behaviour=Behaviour(Outcome.RUN, curve=curve),
    )
