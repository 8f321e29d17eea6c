"""Reader of the pod lists of Alibaba's GPU cluster trace 2023 (``openb_pod_list_*.csv``), with or without times.

``num_gpu`` devices of ``gpu_milli`` thousandths each; ``gpu_spec`` lists the models a pod may use, split by ``|``. A
pod without ``scheduled_time`` was never placed; its duration is the time until it was deleted.

References
----------
Weng et al., "Beware of Fragmentation: Scheduling GPU-Sharing Workloads with Fragmentation Gradient Descent", ATC 2023.
"""

from podlore.errors import BadInput
from podlore.traces.job import Behaviour, Job, Outcome, Trace
from podlore.traces.table import Row, Table

NAME = "openb pod list"
COLUMNS = ("name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli")
TIME_COLUMNS = ("creation_time", "deletion_time", "scheduled_time")

OUTCOMES = {"Succeeded": Outcome.COMPLETE, "Failed": Outcome.FAIL, "Running": Outcome.RUN, "Pending": Outcome.RUN}
GPUS_MAX = 64


def openb_pods(table: Table) -> Trace:
    """Read an open pod list; see `podlore.traces.read_trace`."""
    table.require(*COLUMNS)
    jobs, rows = table.collect(_job)
    return Trace(table.path.stem, NAME, jobs, problems=tuple(table.problems), rows=rows)


def _job(row: Row) -> Job:
    if not (name := row.text("name")):
        raise BadInput("no name")
    submit, duration, wait = _times(row)
    gpus = row.integer("num_gpu", most=GPUS_MAX)
    status = row.text("pod_phase")
    return Job(
        name=name,
        tenant="openb",
        submit_seconds=submit,
        duration_seconds=duration,
        wait_seconds=wait,
        gpus=gpus,
        gpu_milli=_gpu_milli(row, gpus),
        cpu_milli=row.integer("cpu_milli"),
        memory_mib=row.integer("memory_mib"),
        products=tuple(dict.fromkeys(part.strip() for part in row.text("gpu_spec").split("|") if part.strip())),
        qos=row.text("qos"),
        status=status,
        behaviour=Behaviour(_outcome(status)),
    )


def _gpu_milli(row: Row, gpus: int) -> int:
    """Read the share of each device; where the pod wants none, the column says 0 and means nothing."""
    milli = row.integer("gpu_milli", most=1000)
    if gpus and not milli:
        raise BadInput(f"num_gpu is {gpus} and gpu_milli 0")
    return milli if gpus else 1000


def _outcome(status: str) -> Outcome:
    if not status:
        return Outcome.RUN
    try:
        return OUTCOMES[status]
    except KeyError:
        raise BadInput(f"unknown pod_phase {status[:40]!r}; known: {', '.join(OUTCOMES)}") from None


def _times(row: Row) -> tuple[float | None, float | None, float | None]:
    """Return when the pod was submitted, how long it lived once placed (else until deleted), and how long it waited."""
    created, deleted, placed = (row.seconds(column) for column in TIME_COLUMNS)
    if created is None:
        return None, None, None
    if deleted is not None and deleted < created:
        raise BadInput(f"deletion_time {deleted:g} lies before creation_time {created:g}")
    if placed is not None and (placed < created or (deleted is not None and placed > deleted)):
        raise BadInput(f"scheduled_time {placed:g} lies outside creation_time {created:g} and deletion_time")
    began = created if placed is None else placed
    return created, None if deleted is None else deleted - began, None if placed is None else placed - created
