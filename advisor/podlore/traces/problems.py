"""What is wrong with a whole trace: jobs, and nodes if there are any, come in; problems with their rows leave.

Readers find what is wrong with one row. Here is what only shows beside the others, or beside the cluster: times that
are missing, names that come twice, models that no node has, tasks larger than any node, demand over capacity.
"""

from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush

from podlore.errors import BadInput
from podlore.traces.job import Job, NodeShape, Problem, Trace


def problems(trace: Trace, nodes: Sequence[NodeShape] = ()) -> tuple[Problem, ...]:
    """Return everything wrong with a trace, what its reader found first; ``nodes`` stands in for nodes of its own.

    >>> trace = Trace("t", "own", (Job("a", submit_seconds=0), Job("a", submit_seconds=1)), rows=(2, 3))
    >>> [str(problem) for problem in problems(trace)]
    ["row 3: 'default/Job/a' is also in row 2"]
    """
    nodes = trace.nodes or nodes
    numbered = list(zip(trace.rows or range(2, len(trace.jobs) + 2), trace.jobs, strict=True))
    found = [*trace.problems, *_missing_times(numbered), *_twice(numbered)]
    if nodes:
        found += [*_twice_nodes(nodes), *_unplaceable(numbered, nodes), *_over_capacity(trace.jobs, nodes)]
    return tuple(found)


def stop_on(found: Iterable[Problem], name: str) -> None:
    """Raise `BadInput` with the first problem, if there is one: what ``--strict`` does."""
    if every := list(found):
        more = f" (and {len(every) - 1} more; see: podlore trace validate)" if len(every) > 1 else ""
        raise BadInput(f"{name}, {every[0]}{more}")


Numbered = list[tuple[int, Job]]


def _missing_times(numbered: Numbered) -> Iterator[Problem]:
    without = [row for row, job in numbered if job.submit_seconds is None]
    if len(without) == len(numbered):
        if numbered:
            yield Problem(
                None, "no job has a submit time: it tells the order of arrival and cannot be replayed in time"
            )
        return
    for row in without:
        yield Problem(row, "no submit time")


def _twice(numbered: Numbered) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for row, job in numbered:
        if (seen := first.setdefault(job.target, row)) != row:
            yield Problem(row, f"{job.target[:80]!r} is also in row {seen}")


def _twice_nodes(nodes: Sequence[NodeShape]) -> Iterator[Problem]:
    seen = set[str]()
    for node in nodes:
        if node.name in seen:
            yield Problem(None, f"node {node.name!r} comes twice")
        seen.add(node.name)


def _unplaceable(numbered: Numbered, nodes: Sequence[NodeShape]) -> Iterator[Problem]:
    products = {node.product for node in nodes if node.product}
    names = {node.name for node in nodes}
    largest: dict[Job, bool] = {}
    for row, job in numbered:
        if unknown := sorted(set(job.products) - products):
            yield Problem(row, f"{job.name}: no node has {', '.join(unknown)[:120]}")
        if unknown := sorted(set(job.nodes) - names):
            yield Problem(row, f"{job.name}: placed on {', '.join(unknown)[:120]}, which is no node")
        shape = _shape(job)
        if shape not in largest:
            largest[shape] = any(fits(job, node) for node in nodes)
        if not largest[shape] and set(job.products) <= products:
            yield Problem(row, f"{job.name}: larger than any node it may use")


def _shape(job: Job) -> Job:
    """Return the part of a job that decides where it fits."""
    return Job("", products=job.products, zone=job.zone, gpus=job.gpus, gpu_milli=job.gpu_milli,
               cpu_milli=job.cpu_milli, memory_mib=job.memory_mib)  # fmt: skip


def fits(job: Job, node: NodeShape) -> bool:
    """Say whether one pod of this job fits on the node while it is empty."""
    return (
        job.gpus <= node.gpus
        and job.cpu_milli <= node.cpu_milli
        and job.memory_mib <= node.memory_mib
        and (not job.products or node.product in job.products)
        and (not job.zone or job.zone == node.zone)
    )


def _over_capacity(jobs: Sequence[Job], nodes: Sequence[NodeShape]) -> Iterator[Problem]:
    """Compare the GPUs asked for at once with those there are, by time if the trace has times, else in sum."""
    capacity = sum(node.gpus for node in nodes)
    peak, peak_seconds = peak_gpus(jobs)
    if peak > capacity:
        when = "in sum" if peak_seconds is None else f"at once at {peak_seconds:.0f} s"
        yield Problem(None, f"{peak:.0f} GPUs are asked for {when}, the nodes have {capacity}: queues will not drain")


def peak_gpus(jobs: Iterable[Job]) -> tuple[float, float | None]:
    """Return the most GPUs asked for at once and when, if every job starts when it is submitted.

    Without submit times the sum over all jobs, and None.

    >>> peak_gpus([Job("a", gpus=2, submit_seconds=0, duration_seconds=9), Job("b", gpus=1, submit_seconds=5)])
    (3.0, 5.0)
    """
    timed = sorted((job for job in jobs if job.submit_seconds is not None), key=lambda job: job.submit_seconds or 0.0)
    if not timed:
        return sum(job.gpu_request for job in jobs), None
    held, peak, peak_seconds = 0.0, 0.0, 0.0
    ends: list[tuple[float, float]] = []
    for job in timed:
        now = float(job.submit_seconds or 0.0)
        while ends and ends[0][0] <= now:
            held -= heappop(ends)[1]
        held += job.gpu_request
        if job.duration_seconds is not None:
            heappush(ends, (now + job.duration_seconds, job.gpu_request))
        if held > peak:
            peak, peak_seconds = held, now
    return peak, peak_seconds
