"""Reader of Microsoft's Philly trace, job level, as the Pollux artifact packs it (``philly.csv``).

Columns ``timestamp,duration,num_gpus,gpu_time,cluster``: when a job began, how long it ran in seconds, its GPUs over
all machines, GPU-seconds, and a hash of its virtual cluster, which is its tenant. Jobs have no names: they get the
number of their row. A job of more than 8 GPUs ran on several machines: pods of 8 and, with a remainder, pods of the
largest number that divides it.

References
----------
Jeon et al., "Analysis of Large-Scale Multi-Tenant GPU Clusters for DNN Training Workloads", ATC 2019.
"""

from dataclasses import replace
from datetime import UTC, datetime

from podlore.errors import BadInput
from podlore.traces.job import Job, Trace
from podlore.traces.table import Row, Table

NAME = "philly"
COLUMNS = ("timestamp", "duration", "num_gpus", "gpu_time", "cluster")
GPUS_PER_MACHINE = 8
GPUS_MAX = 4096
CPU_MILLI_PER_GPU = 6_000
MEMORY_MIB_PER_GPU = 24_576
"""The trace tells neither CPU nor memory; these are a modest share of a machine of its time."""


def philly(table: Table) -> Trace:
    """Read an open ``philly.csv``; see `podlore.traces.read_trace`."""
    table.require(*COLUMNS)
    jobs, rows = table.collect(_job)
    begins_at = min((job.submit_seconds or 0.0 for job in jobs), default=0.0)
    return Trace(
        table.path.stem,
        NAME,
        tuple(replace(job, submit_seconds=(job.submit_seconds or 0.0) - begins_at) for job in jobs),
        problems=tuple(table.problems),
        rows=rows,
        begins=datetime.fromtimestamp(begins_at, UTC).strftime("%Y-%m-%d %H:%M:%S") if jobs else "",
    )


def _job(row: Row) -> Job:
    gpus = row.integer("num_gpus", least=1, most=GPUS_MAX)
    per_pod = gpus_per_pod(gpus)
    cluster = row.text("cluster")
    if not cluster:
        raise BadInput("no cluster (the tenant)")
    return Job(
        name=f"philly-{row.number - 1:05d}",
        tenant=f"vc-{cluster}",
        submit_seconds=_epoch_seconds(row.text("timestamp")),
        duration_seconds=_positive(row),
        pods=gpus // per_pod,
        gpus=per_pod,
        cpu_milli=per_pod * CPU_MILLI_PER_GPU,
        memory_mib=per_pod * MEMORY_MIB_PER_GPU,
        is_gang=gpus > per_pod,
    )


def gpus_per_pod(gpus: int) -> int:
    """Return the most GPUs per machine, at most 8, that divide a job into equal pods.

    >>> [gpus_per_pod(n) for n in (1, 4, 8, 12, 24, 13)]
    [1, 4, 8, 6, 8, 1]
    """
    return next(per_pod for per_pod in range(min(gpus, GPUS_PER_MACHINE), 0, -1) if gpus % per_pod == 0)


def _positive(row: Row) -> float:
    duration = row.seconds("duration")
    if not duration:
        raise BadInput("no duration")
    return duration


def _epoch_seconds(text: str) -> float:
    """Read a wall time; the trace names no zone, and only differences are used."""
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise BadInput(f"timestamp {text[:40]!r} is not like 2017-10-09 07:01:55") from None
