"""A trace comes in, what is typical of it is fitted, and made-up traces like it leave: any number of jobs, by seed.

Fitted are the gaps between arrivals (log-normal, with the trace's mean gap), the tenants' shares, each tenant's
requests, and the running times by size of request (log-normal within what was seen). What belongs to single jobs
(names, placement, what they did) is not carried over.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from podlore.errors import BadInput
from podlore.traces.job import Behaviour, Job, Trace

JOBS_LEAST = 30
JOBS_MAX = 10_000_000


@dataclass(frozen=True, slots=True)
class LogNormal:
    """Mean and deviation of the logarithm, and the bounds of what was seen."""

    mean: float
    deviation: float
    least: float
    most: float

    def draw(self, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        """Return n values within the bounds."""
        return np.clip(np.exp(rng.normal(self.mean, self.deviation, n)), self.least, self.most)


@dataclass(frozen=True, slots=True)
class Fitted:
    """What is typical of a trace; ``requests`` are jobs without name and times, by tenant, as often as they came."""

    name: str
    gap: LogNormal
    mean_gap_seconds: float
    tenants: tuple[str, ...]
    requests: tuple[tuple[Job, ...], ...]
    runs: dict[float, LogNormal]

    def sample(self, n_jobs: int, seed: int) -> Trace:
        """Return a made-up trace; the same seed gives the same one.

        Raises
        ------
        BadInput
            If fewer than one or more than ten million jobs are asked for.
        """
        if not 1 <= n_jobs <= JOBS_MAX:
            raise BadInput(f"{n_jobs} jobs; from 1 to {JOBS_MAX:,} can be made")
        rng = np.random.default_rng(seed)
        gaps = self.gap.draw(rng, n_jobs)
        at_seconds = np.cumsum(gaps * self.mean_gap_seconds / gaps.mean()).tolist()
        weights = np.array([len(jobs) for jobs in self.requests], float)
        tenants = rng.choice(len(self.tenants), n_jobs, p=weights / weights.sum())
        picks = (rng.random(n_jobs) * weights[tenants]).astype(int)
        drawn = [self.requests[tenant][pick] for tenant, pick in zip(tenants, picks, strict=True)]
        runs = self._runs(drawn, rng)
        jobs = tuple(
            replace(job, name=f"job-{i}", submit_seconds=round(at, 1), duration_seconds=run)
            for i, (job, at, run) in enumerate(zip(drawn, at_seconds, runs, strict=True))
        )
        return Trace(f"{self.name}-like", "podlore", jobs)

    def _runs(self, drawn: list[Job], rng: np.random.Generator) -> list[float | None]:
        """Draw running times size by size; a size of which none is known gets none."""
        found: list[float | None] = [None] * len(drawn)
        of_size = defaultdict(list)
        for index, job in enumerate(drawn):
            of_size[job.gpu_request].append(index)
        for size, indices in of_size.items():
            if size in self.runs:
                for index, seconds in zip(indices, self.runs[size].draw(rng, len(indices)), strict=True):
                    found[index] = round(float(seconds), 1)
        return found


def fit(trace: Trace) -> Fitted:
    """Fit what is typical of a trace.

    Raises
    ------
    BadInput
        If fewer than 30 jobs have a time of submission: nothing can be said of gaps.
    """
    timed = sorted((job for job in trace.jobs if job.submit_seconds is not None), key=_submitted)
    if len(timed) < JOBS_LEAST:
        raise BadInput(f"{trace.name}: {len(timed)} jobs with a submit time; at least {JOBS_LEAST} are needed to fit")
    gaps = [_submitted(late) - _submitted(early) for early, late in pairwise(timed)]
    runs = defaultdict(list)
    by_tenant = defaultdict(list)
    for job in timed:
        by_tenant[job.tenant].append(_request(job))
        if job.duration_seconds:
            runs[job.gpu_request].append(job.duration_seconds)
    return Fitted(
        trace.name,
        _log_normal([gap for gap in gaps if gap > 0] or [1.0]),
        max(float(np.mean(gaps)), 1e-3),
        tuple(by_tenant),
        tuple(tuple(jobs) for jobs in by_tenant.values()),
        {size: _log_normal(seconds) for size, seconds in runs.items()},
    )


def _submitted(job: Job) -> float:
    return job.submit_seconds or 0.0


def _request(job: Job) -> Job:
    """Return what a job asks for, without what is its own."""
    return replace(
        job, name="", submit_seconds=None, duration_seconds=None, wait_seconds=None, status="", nodes=(),
        behaviour=Behaviour(),
    )  # fmt: skip


def _log_normal(values: list[float]) -> LogNormal:
    logs = np.log(values)
    return LogNormal(float(logs.mean()), float(logs.std()), float(min(values)), float(max(values)))
