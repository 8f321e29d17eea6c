"""Reader of Alibaba's GPU trace 2025 (disaggregated DLRM inference): long-running instances, with their request.

CPU counts cores, memory GiB, times seconds within the window of 31 days; an empty time lies outside of it. Instances
without a creation time were there before.
"""

from podlore.errors import BadInput
from podlore.traces.job import Behaviour, Job, Kind, Outcome, Trace
from podlore.traces.table import Row, Table

NAME = "Alibaba v2025"
COLUMNS = ("instance_sn", "role", "app_name", "cpu_request", "gpu_request", "memory_request", "creation_time")


def alibaba_v2025(table: Table) -> Trace:
    """Read an open instance list; see `podlore.traces.read_trace`."""
    table.require(*COLUMNS)
    jobs, rows = table.collect(_job)
    return Trace(table.path.stem, NAME, jobs, problems=tuple(table.problems), rows=rows)


def _job(row: Row) -> Job:
    if not (name := row.text("instance_sn")):
        raise BadInput("no instance_sn")
    created, placed, deleted = (row.seconds(f"{what}_time") for what in ("creation", "scheduled", "deletion"))
    begun = created if placed is None else placed
    if deleted is not None and begun is not None and deleted < begun:
        raise BadInput(f"deletion_time {deleted:g} lies before the begin {begun:g}")
    return Job(
        name=name,
        tenant=row.text("app_name") or "default",
        kind=Kind.DEPLOYMENT,
        submit_seconds=created,
        duration_seconds=None if deleted is None or begun is None else deleted - begun,
        wait_seconds=None if placed is None or created is None else max(placed - created, 0.0),
        gpus=row.integer("gpu_request", most=64),
        cpu_milli=1000 * row.integer("cpu_request", most=100_000),
        memory_mib=int(1024 * (row.number_or_none("memory_request", float) or 0.0)),
        qos="LS",
        status=row.text("role"),
        behaviour=Behaviour(Outcome.RUN),
    )
