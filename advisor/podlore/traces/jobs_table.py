"""podlore's own table of jobs (``jobs.csv``): one job a row, made to be read and written by people.

Only ``name`` and ``submit_seconds`` are needed; an empty field means the default of `Job`, and columns may be left out.
Lists are separated by ``|`` (``products``, ``nodes``) or spaces (``curve``, points ``SECONDS:SHARE``).
"""

import csv
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from podlore.errors import BadInput
from podlore.traces.curve import parse_curve
from podlore.traces.job import Behaviour, Job, Kind, Outcome, Trace
from podlore.traces.presses import parse_presses
from podlore.traces.table import Row, Table

NAME = "podlore jobs"

COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "name": "unique within tenant and kind; lower-case letters, digits and dashes",
        "tenant": "namespace in the lab; 'default' if empty",
        "kind": "Job (default) or Deployment, which runs until it is deleted",
        "submit_seconds": "when it is submitted, in seconds since the trace began",
        "duration_seconds": "how long its pods run once placed; empty: to the end of the trace",
        "pods": "how many equal pods (1)",
        "gpus": "devices each pod asks for (0)",
        "gpu_milli": "thousandths of each device (1000)",
        "cpu_milli": "thousandths of a core each pod asks for (0)",
        "memory_mib": "memory each pod asks for (0)",
        "products": "GPU products it may use, separated by |; empty: any",
        "zone": "the only zone it may run in; empty: any",
        "qos": "quality of service, as the source calls it",
        "gang": "yes: its pods only help together",
        "outcome": "complete (default of a Job), run (default of a Deployment), fail, oom, crash-loop, image-pull",
        "run_seconds": "crash-loop, oom: how long each run lasts",
        "back_off_seconds": "crash-loop, oom: pause before the next run",
        "restarts": "crash-loop, oom: after so many restarts it runs on; empty: never",
        "exit_code": "exit code of a failure; empty: 1, and 137 for oom",
        "curve": "activity of its GPUs: points SECONDS:SHARE since its start, separated by spaces; empty: busy",
        "gpu_memory_share": "share (0-1) of device memory it holds; empty: follows activity",
        "idle_gpus": "how many of each pod's devices do nothing (0)",
        "xid": "an XID error, CODE@SECONDS since its start",
        "presses": "what it takes from others on its node: RESOURCE:SHARE of their speed, separated by spaces; "
        "resources: cpu, io, memory, pcie, network",
        "nodes": "where its pods ran, one node a pod, separated by |; empty: the scheduler chooses",
    }
)
"""Every column and its meaning; the documentation and the checks read it."""

E = TypeVar("E", bound=StrEnum)


def jobs_table(table: Table) -> Trace:
    """Read an open table of jobs; see `podlore.traces.read_trace`."""
    table.require("name", "submit_seconds")
    table.refuse_unknown(COLUMNS)
    jobs, rows = table.collect(_job)
    return Trace(table.path.stem, NAME, jobs, problems=tuple(table.problems), rows=rows)


def write_jobs(path: Path, jobs: Iterable[Job]) -> None:
    """Write jobs as a table that `jobs_table` reads back."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(COLUMNS), lineterminator="\n")
        writer.writeheader()
        writer.writerows(_fields(job) for job in jobs)


def _job(row: Row) -> Job:
    if not (name := row.text("name")):
        raise BadInput("no name")
    kind = _choice(row, "kind", Kind, Kind.JOB)
    job = Job(
        name=name,
        tenant=row.text("tenant") or "default",
        kind=kind,
        submit_seconds=row.seconds("submit_seconds"),
        duration_seconds=row.seconds("duration_seconds"),
        pods=row.integer("pods", default=1, least=1, most=10_000),
        gpus=row.integer("gpus", most=64),
        gpu_milli=row.integer("gpu_milli", default=1000, least=1, most=1000),
        cpu_milli=row.integer("cpu_milli"),
        memory_mib=row.integer("memory_mib"),
        products=_list(row, "products"),
        zone=row.text("zone"),
        qos=row.text("qos"),
        is_gang=_yes(row, "gang"),
        behaviour=_behaviour(row, kind),
        nodes=_list(row, "nodes"),
    )
    return _checked(job)


def _behaviour(row: Row, kind: Kind) -> Behaviour:
    default = Outcome.COMPLETE if kind is Kind.JOB else Outcome.RUN
    return Behaviour(
        outcome=_choice(row, "outcome", Outcome, default),
        run_seconds=row.seconds("run_seconds"),
        back_off_seconds=row.seconds("back_off_seconds"),
        restarts=row.integer("restarts") if row.text("restarts") else None,
        exit_code=row.integer("exit_code", most=255) if row.text("exit_code") else None,
        curve=parse_curve(row.text("curve")) if row.text("curve") else None,
        gpu_memory_share=row.share("gpu_memory_share"),
        idle_gpus=row.integer("idle_gpus"),
        xid=_xid(row.text("xid")),
        presses=parse_presses(row.text("presses")),
    )


def _checked(job: Job) -> Job:
    if job.nodes and len(job.nodes) != job.pods:
        raise BadInput(f"{job.pods} pods and {len(job.nodes)} nodes; name one node a pod, or none")
    if job.behaviour.idle_gpus > job.gpus:
        raise BadInput(f"idle_gpus {job.behaviour.idle_gpus} and gpus {job.gpus}")
    if job.kind is Kind.DEPLOYMENT and job.behaviour.outcome in (Outcome.COMPLETE, Outcome.FAIL):
        raise BadInput(f"a Deployment does not end with outcome {job.behaviour.outcome}; it runs until it is deleted")
    return job


def _choice(row: Row, column: str, choices: type[E], default: E) -> E:
    text = row.text(column)
    try:
        return choices(text) if text else default
    except ValueError:
        raise BadInput(f"unknown {column} {text[:40]!r}; known: {', '.join(choices)}") from None


def _yes(row: Row, column: str) -> bool:
    text = row.text(column).lower()
    if text in ("yes", "no", ""):
        return text == "yes"
    raise BadInput(f"{column} {text[:40]!r} is neither yes nor no")


def _list(row: Row, column: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in row.text(column).split("|") if part.strip())


def _xid(text: str) -> str:
    code, separator, seconds = text.partition("@")
    if text and not (separator and code.isdecimal() and seconds.isdecimal()):
        raise BadInput(f"xid {text[:40]!r} is not CODE@SECONDS, such as 79@3600")
    return text


def _fields(job: Job) -> dict[str, str]:
    """Return a job's fields as text; defaults are left empty, so that a row shows what is special about it."""
    behaviour, default = job.behaviour, Job("")
    plain_outcome = Outcome.COMPLETE if job.kind is Kind.JOB else Outcome.RUN
    return {
        "name": job.name,
        "tenant": job.tenant,
        "kind": _unless(job.kind, Kind.JOB),
        "submit_seconds": _text(job.submit_seconds),
        "duration_seconds": _text(job.duration_seconds),
        "pods": _unless(job.pods, default.pods),
        "gpus": _unless(job.gpus, default.gpus),
        "gpu_milli": _unless(job.gpu_milli, default.gpu_milli),
        "cpu_milli": _unless(job.cpu_milli, default.cpu_milli),
        "memory_mib": _unless(job.memory_mib, default.memory_mib),
        "products": "|".join(job.products),
        "zone": job.zone,
        "qos": job.qos,
        "gang": "yes" if job.is_gang else "",
        "outcome": _unless(behaviour.outcome, plain_outcome),
        "run_seconds": _text(behaviour.run_seconds),
        "back_off_seconds": _text(behaviour.back_off_seconds),
        "restarts": _text(behaviour.restarts),
        "exit_code": _text(behaviour.exit_code),
        "curve": str(behaviour.curve or "").replace(",", " "),
        "gpu_memory_share": _text(behaviour.gpu_memory_share),
        "idle_gpus": _unless(behaviour.idle_gpus, 0),
        "xid": behaviour.xid,
        "presses": " ".join(f"{press.resource}:{press.share:g}" for press in behaviour.presses),
        "nodes": "|".join(job.nodes),
    }


def _unless(value: object, default: object) -> str:
    return "" if value == default else str(value)


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"
