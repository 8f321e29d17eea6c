"""A trace comes in, a short table of what it holds leaves: for a first look, and to compare a trace with another."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from statistics import quantiles

from podlore.traces.job import Job, Trace
from podlore.traces.problems import peak_gpus

TOP = 5
PERCENTILES = (50, 90, 99)

Line = tuple[str, str]


def describe(trace: Trace) -> list[Line]:
    """Return pairs of what and how much, in the order they are to be read.

    >>> dict(describe(Trace("t", "own", (Job("a", gpus=2, submit_seconds=0, duration_seconds=60),))))["jobs"]
    '1 (1 pods, 1 tenants)'
    """
    return [("format", trace.format), *_jobs(trace), *_nodes(trace), *_truth(trace), *_problems(trace)]


def _jobs(trace: Trace) -> Iterator[Line]:
    jobs = trace.jobs
    if not jobs:
        return
    tenants = Counter(job.tenant for job in jobs)
    yield "jobs", f"{len(jobs)} ({sum(job.pods for job in jobs)} pods, {len(tenants)} tenants)"
    yield "largest tenants", _shares(tenants, len(jobs))
    yield "GPUs per pod", _shares(Counter(job.gpus for job in jobs), len(jobs))
    fractions = sum(job.gpus > 0 and job.gpu_milli < 1000 for job in jobs)
    yield "part of a GPU", f"{fractions} jobs ({fractions / len(jobs):.1%})"
    bound = sum(bool(job.products) for job in jobs)
    yield "tied to products", f"{bound} jobs ({bound / len(jobs):.1%})"
    yield "GPUs asked for", f"{sum(job.gpu_request for job in jobs):.1f} in sum"
    yield "outcome", _shares(Counter(job.status or str(job.behaviour.outcome) for job in jobs), len(jobs))
    yield from _times(trace)


def _times(trace: Trace) -> Iterator[Line]:
    submits = [job.submit_seconds for job in trace.jobs if job.submit_seconds is not None]
    if not submits:
        yield "times", "none"
        return
    if trace.begins:
        yield "begins", trace.begins
    yield "submitted over", str(timedelta(seconds=round(max(submits) - min(submits))))
    yield "duration", _quantiles([job.duration_seconds for job in trace.jobs if job.duration_seconds is not None])
    if waits := [job.wait_seconds for job in trace.jobs if job.wait_seconds is not None]:
        yield "wait", _quantiles(waits)
    peak, at_seconds = peak_gpus(trace.jobs)
    yield "most GPUs at once", f"{peak:.1f}, at {at_seconds or 0:.0f} s, if nobody waits"


def _nodes(trace: Trace) -> Iterator[Line]:
    nodes = trace.nodes
    if not nodes:
        return
    gpus = Counter[str]()
    for node in nodes:
        gpus[node.product] += node.gpus
    yield "nodes", f"{len(nodes)}, {sum(bool(node.gpus) for node in nodes)} of them with GPUs"
    yield "GPUs", f"{sum(node.gpus for node in nodes)}"
    yield "by product", ", ".join(f"{product} {count}" for product, count in gpus.most_common() if product)
    if racks := {node.rack for node in nodes if node.rack}:
        yield "racks and zones", f"{len(racks)} racks in {len({node.zone for node in nodes if node.zone})} zones"


def _truth(trace: Trace) -> Iterator[Line]:
    if trace.planted:
        yield "planted", _counts(Counter(planted.pattern for planted in trace.planted))
    if trace.near_misses:
        yield "must stay silent", _counts(Counter(miss.pattern for miss in trace.near_misses))


def _problems(trace: Trace) -> Iterator[Line]:
    left_out = sum(problem.is_left_out for problem in trace.problems)
    yield "problems", f"{len(trace.problems)}, {left_out} of them rows left out" if trace.problems else "none"


def _shares(counts: Counter[Job] | Counter[str] | Counter[int], total: int) -> str:
    shown = ", ".join(f"{what} {count / total:.1%}" for what, count in counts.most_common(TOP))
    return shown + (f", {len(counts) - TOP} more" if len(counts) > TOP else "")


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{what} {count}" for what, count in counts.most_common())


def _quantiles(values: Sequence[float]) -> str:
    """Return percentiles and the largest, in seconds."""
    if len(values) < 2:
        return ", ".join(f"{value:.0f} s" for value in values) or "unknown"
    cuts = quantiles(values, n=100, method="inclusive")
    shown = ", ".join(f"p{percent} {cuts[percent - 1]:.0f} s" for percent in PERCENTILES)
    return f"{shown}, most {max(values):.0f} s ({len(values)} jobs)"
