"""Reader of Alibaba's GPU trace 2020 (PAI), table of tasks, with its header put in front of it.

``plan_cpu`` and ``plan_gpu`` are percents of a core and of a GPU, ``plan_mem`` GB. It tells when a task began to run,
not when it was submitted: it has durations and no order of arrival.

References
----------
Weng et al., "MLaaS in the Wild", NSDI 2022.
"""

from podlore.errors import BadInput
from podlore.traces.job import Job, Trace
from podlore.traces.table import Row, Table

NAME = "Alibaba v2020"
COLUMNS = ("job_name", "task_name", "inst_num", "status", "start_time", "end_time", "plan_cpu", "plan_mem", "plan_gpu")


def alibaba_v2020(table: Table) -> Trace:
    """Read an open table of tasks; see `podlore.traces.read_trace`."""
    table.require(*COLUMNS)
    jobs, rows = table.collect(_job)
    return Trace(table.path.stem, NAME, jobs, problems=tuple(table.problems), rows=rows)


def _job(row: Row) -> Job:
    if not (name := row.text("job_name")):
        raise BadInput("no job_name")
    start, end = row.seconds("start_time"), row.seconds("end_time")
    if start is not None and end is not None and end < start:
        raise BadInput(f"end_time {end:g} lies before start_time {start:g}")
    percent = row.number_or_none("plan_gpu", float) or 0.0
    if percent < 0 or (percent > 100 and percent % 100):
        raise BadInput(f"plan_gpu {percent:g} is neither a share of a GPU nor whole ones")
    pods = int(row.number_or_none("inst_num", float) or 1)
    return Job(
        name=f"{name}-{row.text('task_name')}",
        duration_seconds=None if start is None or end is None else end - start,
        pods=max(pods, 1),
        gpus=0 if not percent else max(1, int(percent // 100)),
        gpu_milli=round(percent * 10) if 0 < percent < 100 else 1000,
        cpu_milli=int(10 * (row.number_or_none("plan_cpu", float) or 0.0)),
        memory_mib=int(1024 * (row.number_or_none("plan_mem", float) or 0.0)),
        products=(row.text("gpu_type"),) if row.text("gpu_type") not in ("", "MISC") else (),
        status=row.text("status"),
        is_gang=pods > 1,
    )
