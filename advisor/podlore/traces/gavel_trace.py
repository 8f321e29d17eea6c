"""Reader of Gavel's traces: no header, fields split by tabs, in the form of 10 fields or the older one of 7.

10: type, command, working directory, steps argument, needs data, steps, GPUs, priority, SLO, arrival (s); 7: type,
command, steps argument, needs data, steps, arrival (s), GPUs. Work is told in steps, so that no duration is known.

References
----------
Narayanan et al., "Heterogeneity-Aware Cluster Scheduling Policies for Deep Learning Workloads", OSDI 2020.
"""

from pathlib import Path

from podlore.errors import BadInput
from podlore.traces.job import Job, Problem, Trace
from podlore.traces.philly import GPUS_MAX, gpus_per_pod

NAME = "Gavel"
BYTES_MAX = 1 << 30
PLACES = {10: (6, 9), 7: (6, 5)}
"""Where GPUs and arrival stand, by the number of fields."""


def looks_like(line: str) -> bool:
    """Say whether the first line is one of Gavel's."""
    return line.count("\t") + 1 in PLACES


def gavel_trace(path: Path) -> Trace:
    """Read a trace; see `podlore.traces.read_trace`."""
    jobs: list[Job] = []
    rows: list[int] = []
    problems: list[Problem] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            if line.strip():
                jobs.append(_job(number, line.split("\t")))
                rows.append(number)
        except BadInput as error:
            problems.append(Problem(number, str(error), is_left_out=True))
    return Trace(path.stem, NAME, tuple(jobs), problems=tuple(problems), rows=tuple(rows))


def _job(number: int, fields: list[str]) -> Job:
    if len(fields) not in PLACES:
        raise BadInput(f"{len(fields)} fields instead of 10 or 7; is it cut off?")
    try:
        gpus, arrival = (float(fields[place]) for place in PLACES[len(fields)])
    except ValueError:
        raise BadInput("GPUs or arrival is no number") from None
    if not 1 <= gpus <= GPUS_MAX or gpus != int(gpus):
        raise BadInput(f"{gpus:g} GPUs")
    if not 0 <= arrival < 1e12:
        raise BadInput(f"arrival {arrival:g} is negative or no time")
    per_pod = gpus_per_pod(int(gpus))
    return Job(
        name=f"job-{number - 1}",
        tenant=fields[0].partition(" (")[0],
        submit_seconds=arrival,
        pods=int(gpus) // per_pod,
        gpus=per_pod,
        is_gang=gpus > per_pod,
    )
