"""Reader of Tiresias' job lists: ``job_id,num_gpu,submit_time,iterations,model_name,duration,interval``, in seconds.

Muri's lists have the same columns and more, among them ``iteration_time``, and tell all times in milliseconds. The
model's name is the tenant: jobs of one model are alike.

References
----------
Gu et al., "Tiresias: A GPU Cluster Manager for Distributed Deep Learning", NSDI 2019.
"""

from podlore.errors import BadInput
from podlore.traces.job import Job, Trace
from podlore.traces.philly import GPUS_MAX, gpus_per_pod
from podlore.traces.table import Row, Table

NAME = "Tiresias"
COLUMNS = ("job_id", "num_gpu", "submit_time", "iterations", "model_name", "duration")


def tiresias_jobs(table: Table) -> Trace:
    """Read an open job list; see `podlore.traces.read_trace`."""
    table.require(*COLUMNS)
    jobs, rows = table.collect(_job)
    return Trace(table.path.stem, NAME, jobs, problems=tuple(table.problems), rows=rows)


def _job(row: Row) -> Job:
    if not (name := row.text("job_id")):
        raise BadInput("no job_id")
    gpus = row.integer("num_gpu", least=1, most=GPUS_MAX)
    per_pod = gpus_per_pod(gpus)
    if not (duration := row.seconds("duration")):
        raise BadInput("no duration")
    unit = 1000 if row.text("iteration_time") else 1
    return Job(
        name=f"job-{name}",
        tenant=row.text("model_name") or "default",
        submit_seconds=(row.seconds("submit_time") or 0.0) / unit,
        duration_seconds=duration / unit,
        pods=gpus // per_pod,
        gpus=per_pod,
        is_gang=gpus > per_pod,
    )
