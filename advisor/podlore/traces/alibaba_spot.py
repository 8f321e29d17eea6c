"""Reader of Alibaba's GPU trace 2026 of spot jobs (``job_info_df.csv``) and of its nodes (``node_info_df.csv``).

A job has ``worker_num`` workers of ``gpu_request`` GPUs, which may be a fraction, and runs with high priority (HP) or
on spot capacity. Demand for one model may exceed what there is: hold the jobs against the nodes.
"""

from podlore.errors import BadInput
from podlore.traces.job import Job, Trace
from podlore.traces.table import Row, Table

NAME = "Alibaba v2026 spot"
COLUMNS = (
    "job_name",
    "organization",
    "gpu_model",
    "cpu_request",
    "gpu_request",
    "worker_num",
    "submit_time",
    "duration",
)


def alibaba_spot(table: Table) -> Trace:
    """Read an open job list; see `podlore.traces.read_trace`."""
    table.require(*COLUMNS)
    jobs, rows = table.collect(_job)
    return Trace(table.path.stem, NAME, jobs, problems=tuple(table.problems), rows=rows)


def _job(row: Row) -> Job:
    if not (name := row.text("job_name")):
        raise BadInput("no job_name")
    gpus, milli = whole_and_milli(row, "gpu_request")
    workers = row.integer("worker_num", default=1, least=1, most=100_000)
    return Job(
        name=name,
        tenant=row.text("organization") or "default",
        submit_seconds=row.seconds("submit_time"),
        duration_seconds=row.seconds("duration"),
        pods=workers,
        gpus=gpus,
        gpu_milli=milli,
        cpu_milli=int(1000 * (row.number_or_none("cpu_request", float) or 0.0)),
        products=(row.text("gpu_model"),) if row.text("gpu_model") else (),
        qos=row.text("job_type"),
        is_gang=workers > 1,
    )


def whole_and_milli(row: Row, column: str) -> tuple[int, int]:
    """Return GPUs and thousandths of each, from a number that may be a fraction below 1."""
    asked = row.number_or_none(column, float) or 0.0
    if asked < 0 or asked > 1024 or (asked > 1 and asked != int(asked)):
        raise BadInput(f"{column} {asked:g} is neither a share of a GPU nor a whole number of them")
    if 0 < asked < 1:
        return 1, max(1, round(1000 * asked))
    return int(asked), 1000
