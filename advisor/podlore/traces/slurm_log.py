"""Reader of the job logs of Helios and Acme, which came out of Slurm: one row a job, wall times, GPUs over all nodes.

References ---------- Hu et al., "Characterization and Prediction of Deep Learning Workloads in Large-Scale GPU
Datacenters", SC 2021 (Helios); Hu et al., "Characterization of Large Language Model Development in the Datacenter",
NSDI 2024 (Acme).
"""

from dataclasses import replace
from datetime import UTC, datetime

from podlore.errors import BadInput
from podlore.traces.job import Job, Trace
from podlore.traces.philly import GPUS_MAX, gpus_per_pod
from podlore.traces.table import Row, Table

NAME = "Helios or Acme"
COLUMNS = ("job_id", "user", "gpu_num", "node_num", "state", "submit_time", "start_time", "end_time")


def slurm_log(table: Table) -> Trace:
    """Read an open job log; see `podlore.traces.read_trace`."""
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
    if not (name := row.text("job_id")):
        raise BadInput("no job_id")
    submitted, started, ended = (wall_seconds(row, f"{what}_time") for what in ("submit", "start", "end"))
    if submitted is None:
        raise BadInput("no submit_time")
    if started is not None and (started < submitted or (ended is not None and ended < started)):
        raise BadInput("submit_time, start_time and end_time are not in order")
    gpus = row.integer("gpu_num", most=GPUS_MAX)
    per_pod = gpus_per_pod(gpus) if gpus else 0
    pods = gpus // per_pod if gpus else max(1, row.integer("node_num", default=1))
    return Job(
        name=f"job-{name}",
        tenant=row.text("vc") or row.text("user") or "default",
        submit_seconds=submitted,
        duration_seconds=None if started is None or ended is None else ended - started,
        wait_seconds=None if started is None else started - submitted,
        pods=pods,
        gpus=per_pod,
        cpu_milli=1000 * row.integer("cpu_num", most=1_000_000) // pods,
        status=row.text("state"),
        is_gang=pods > 1,
    )


def wall_seconds(row: Row, column: str) -> float | None:
    """Return a wall time, with or without a zone, in seconds; None where it is missing."""
    text = row.text(column)
    if text.lower() in ("", "nan", "none", "null"):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{column} {text[:40]!r} is not like 2020-04-01 07:01:55") from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
