"""Reader of Microsoft's Philly trace in its original form, ``cluster_job_log``: a JSON list, a job an entry.

A job's GPUs and machines are those of its last attempt with details; a job without an attempt has none, and is left
out. Its duration is the sum over attempts with both times. Rows are the numbers of the entries, from 1 on.

References
----------
Jeon et al., "Analysis of Large-Scale Multi-Tenant GPU Clusters for DNN Training Workloads", ATC 2019.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from podlore.errors import BadInput
from podlore.traces.job import Job, Problem, Trace

NAME = "philly JSON"


def philly_json(path: Path) -> Trace:
    """Read a job log; see `podlore.traces.read_trace`."""
    try:
        entries = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"{path} is no JSON: {str(error)[:200]}; is it cut off?") from None
    if not isinstance(entries, list):
        raise BadInput(f"{path} is no list of jobs")
    jobs: list[Job] = []
    rows: list[int] = []
    problems: list[Problem] = []
    for number, entry in enumerate(entries, 1):
        try:
            jobs.append(_job(entry))
            rows.append(number)
        except BadInput as error:
            problems.append(Problem(number, str(error), is_left_out=True))
    begins_at = min((job.submit_seconds or 0.0 for job in jobs), default=0.0)
    return Trace(
        path.stem,
        NAME,
        tuple(replace(job, submit_seconds=(job.submit_seconds or 0.0) - begins_at) for job in jobs),
        problems=tuple(problems),
        rows=tuple(rows),
        begins=datetime.fromtimestamp(begins_at, UTC).strftime("%Y-%m-%d %H:%M:%S") if jobs else "",
    )


def _job(entry: Any) -> Job:  # noqa: ANN401  (whatever JSON held)
    if not isinstance(entry, dict) or not isinstance(entry.get("jobid"), str):
        raise BadInput("no jobid")
    attempts = [attempt for attempt in entry.get("attempts") or [] if isinstance(attempt, dict)]
    placed = [attempt["detail"] for attempt in attempts if attempt.get("detail")]
    if not placed:
        raise BadInput(f"{entry['jobid'][:80]}: no attempt tells its GPUs")
    machines = [len(machine.get("gpus") or []) for machine in placed[-1]]
    submitted = _seconds(entry.get("submitted_time"))
    if submitted is None:
        raise BadInput(f"{entry['jobid'][:80]}: no submitted_time")
    begun = _seconds(attempts[0].get("start_time"))
    pairs = [(_seconds(attempt.get("start_time")), _seconds(attempt.get("end_time"))) for attempt in attempts]
    ran = [end - start for start, end in pairs if start is not None and end is not None]
    if any(seconds < 0 for seconds in ran):
        raise BadInput(f"{entry['jobid'][:80]}: an attempt ends before it starts")
    return Job(
        name=entry["jobid"],
        tenant=f"vc-{entry.get('vc')}",
        submit_seconds=submitted,
        duration_seconds=sum(ran) if ran else None,
        wait_seconds=None if begun is None else max(begun - submitted, 0.0),
        pods=len(machines),
        gpus=max(machines),
        status=str(entry.get("status", "")),
        is_gang=len(machines) > 1,
        nodes=tuple(str(machine.get("ip", "")) for machine in placed[-1]),
    )


def _seconds(text: Any) -> float | None:  # noqa: ANN401
    if text in (None, "None", ""):
        return None
    try:
        return datetime.strptime(str(text), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise BadInput(f"time {str(text)[:40]!r} is not like 2017-10-07 01:12:09") from None
