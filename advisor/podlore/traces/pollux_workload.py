"""Reader of the workloads of the Pollux study: ``name,time,application,num_replicas,batch_size``, a job a row.

Times are seconds; how long a job runs follows from its application's profile, not from the trace.

References
----------
Qiao et al., "Pollux: Co-adaptive Cluster Scheduling for Goodput-Optimized Deep Learning", OSDI 2021.
"""

from podlore.errors import BadInput
from podlore.traces.job import Job, Trace
from podlore.traces.table import Row, Table

NAME = "Pollux workload"
COLUMNS = ("name", "time", "application", "num_replicas", "batch_size")
REPLICAS_MAX = 4096


def pollux_workload(table: Table) -> Trace:
    """Read an open workload; see `podlore.traces.read_trace`."""
    table.require(*COLUMNS)
    jobs, rows = table.collect(_job)
    return Trace(table.path.stem, NAME, jobs, problems=tuple(table.problems), rows=rows)


def _job(row: Row) -> Job:
    if not (name := row.text("name")):
        raise BadInput("no name")
    replicas = row.integer("num_replicas", least=1, most=REPLICAS_MAX)
    return Job(
        name=name, tenant=row.text("application") or "default", submit_seconds=row.seconds("time"), pods=replicas,
        gpus=1, is_gang=replicas > 1,
    )  # fmt: skip
