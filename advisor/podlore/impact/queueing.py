"""How long jobs waited and took: mean, percentiles, bounded slowdown, makespan."""

from collections.abc import Sequence

import numpy as np

from podlore.impact.record import JobRecord, RunRecord

BOUND_SECONDS = 10.0
PERCENTILES = (50, 95, 99)


def summary(seconds: Sequence[float]) -> dict[str, float]:
    """Return mean, p50, p95 and p99; nothing where there are no values.

    >>> summary([1.0, 2.0, 3.0])
    {'mean': 2.0, 'p50': 2.0, 'p95': 2.9, 'p99': 2.98}
    """
    if not len(seconds):
        return {}
    values = np.asarray(seconds, float)
    return {"mean": float(values.mean())} | {
        f"p{percent}": round(float(np.percentile(values, percent)), 6) for percent in PERCENTILES
    }


def waits(jobs: Sequence[JobRecord]) -> list[float]:
    """Return the waits of the jobs that started."""
    return [job.wait_seconds for job in jobs if job.wait_seconds is not None]


def completions(jobs: Sequence[JobRecord]) -> list[float]:
    """Return the completion times of the jobs that ended."""
    return [job.completion_seconds for job in jobs if job.completion_seconds is not None]


def bounded_slowdown(job: JobRecord, bound_seconds: float = BOUND_SECONDS) -> float | None:
    """Return completion over running alone, with short jobs counted as ``bound_seconds``; None where it is not known.

    >>> bounded_slowdown(JobRecord("a", "t", 1, 0, 90, 100, alone_seconds=10))
    10.0
    >>> bounded_slowdown(JobRecord("a", "t", 1, 0, 9, 10, alone_seconds=1))
    1.0

    References
    ----------
    Feitelson and Rudolph, "Metrics and Benchmarking for Parallel Job Scheduling", JSSPP 1998.
    """
    if job.completion_seconds is None or job.alone_seconds is None:
        return None
    return max(job.completion_seconds / max(job.alone_seconds, bound_seconds), 1.0)


def makespan_seconds(run: RunRecord) -> float:
    """Return the time from the first submission to the last end."""
    ends = [job.ended_at for job in run.jobs if job.ended_at is not None]
    return max(ends) - min(job.submitted_at for job in run.jobs) if ends else 0.0
