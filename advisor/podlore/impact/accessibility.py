"""Whom waiting hits: fairness between tenants and jobs, and the waits of small, new and constrained jobs."""

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from podlore.impact.queueing import waits
from podlore.impact.record import JobRecord, RunRecord

SMALL_GPUS = 1.0
BARRIER_SECONDS = 3600.0
BARRIER_RATIO = 3.0


def jain(values: Sequence[float]) -> float:
    """Return Jain's index: 1 where all are equal, 1/n where one has everything.

    >>> jain([1, 1, 1]), round(jain([1, 0, 0]), 3)
    (1.0, 0.333)

    References
    ----------
    Jain, Chiu and Hawe, "A Quantitative Measure of Fairness", DEC TR-301, 1984.
    """
    array = np.asarray(values, float)
    square = float((array**2).sum())
    return float(array.sum()) ** 2 / (array.size * square) if square > 0 else 1.0


def gini(values: Sequence[float]) -> float:
    """Return the Gini coefficient: 0 where all are equal, towards 1 where one has everything.

    >>> gini([2, 2, 2]), gini([0, 0, 0, 4])
    (0.0, 0.75)
    """
    array = np.sort(np.asarray(values, float))
    total = float(array.sum())
    if array.size == 0 or total == 0:
        return 0.0
    ranks = np.arange(1, array.size + 1)
    return float(2 * (ranks * array).sum() / (array.size * total) - (array.size + 1) / array.size)


def finish_time_fairness(run: RunRecord) -> dict[str, float]:
    """Return ρ by job: its completion over what it would be on its share of the cluster alone.

    The share is 1/n with n the mean number of jobs in the system while it was there, and never makes a job faster
    than alone.

    References
    ----------
    Mahajan et al., "Themis", USENIX NSDI 2020.
    """
    ended = [job for job in run.jobs if job.ended_at is not None and job.alone_seconds]
    if not ended:
        return {}
    begins = np.sort([job.submitted_at for job in run.jobs])
    ends = np.sort([run.ends_at if job.ended_at is None else job.ended_at for job in run.jobs])
    area = _AreaUnderCount(begins, ends)
    return {job.name: _rho(job, run.gpus, area) for job in ended}


class _AreaUnderCount:
    """The integral over time of the number of jobs in the system."""

    def __init__(self, begins: np.ndarray, ends: np.ndarray) -> None:
        self._begins, self._ends = begins, ends
        self._begin_sums = np.concatenate([[0.0], np.cumsum(begins)])
        self._end_sums = np.concatenate([[0.0], np.cumsum(ends)])

    def until(self, at: float) -> float:
        come = int(np.searchsorted(self._begins, at))
        gone = int(np.searchsorted(self._ends, at))
        return float((come * at - self._begin_sums[come]) - (gone * at - self._end_sums[gone]))


def _rho(job: JobRecord, gpus: float, area: _AreaUnderCount) -> float:
    end, took = job.ended_at or 0.0, job.completion_seconds or 0.0
    there = (area.until(end) - area.until(job.submitted_at)) / took if took else 1.0
    share = gpus / max(there, 1.0)
    alone = (job.alone_seconds or 0.0) * max(1.0, job.gpus / share)
    return took / alone if alone else 1.0


def wait_ratio(jobs: Sequence[JobRecord], belongs: Callable[[JobRecord], bool]) -> float | None:
    """Return the mean wait of a group over that of all others; None where one of them is empty or nobody else waited.

    >>> jobs = [JobRecord("a", "t", 1, 0, 20, 30), JobRecord("b", "t", 8, 0, 10, 30)]
    >>> wait_ratio(jobs, lambda job: job.gpus <= 1)
    2.0
    """
    group = waits([job for job in jobs if belongs(job)])
    others = waits([job for job in jobs if not belongs(job)])
    if not group or not others or sum(others) == 0:
        return None
    return float(np.mean(group) / np.mean(others))


def barrier_rate(jobs: Sequence[JobRecord]) -> float:
    """Return the share of jobs that waited an hour or more, and 3 times the median wait of their size class.

    The size class is the next power of two; a class of fewer than 5 jobs has no barrier.
    """
    by_class = defaultdict[int, list[float]](list)
    for job in jobs:
        if job.wait_seconds is not None:
            by_class[size_class(job.gpus)].append(job.wait_seconds)
    barred = sum(
        sum(wait >= max(BARRIER_SECONDS, BARRIER_RATIO * float(np.median(group))) for wait in group)
        for group in by_class.values()
        if len(group) >= 5
    )
    total = sum(map(len, by_class.values()))
    return barred / total if total else 0.0


def size_class(gpus: float) -> int:
    """Return the next power of two, 0 for no GPU and 1 for a share.

    >>> [size_class(gpus) for gpus in (0, 0.3, 1, 3, 8, 9)]
    [0, 1, 1, 4, 8, 16]
    """
    if gpus <= 0:
        return 0
    size = 1
    while size < gpus:
        size *= 2
    return size


def quota_reach(run: RunRecord) -> float:
    """Return the smallest, over tenants, of held GPU time to what an equal quota or the own demand would give.

    1 where each tenant had its quota, or all it asked for.
    """
    had, asked = defaultdict[str, float](float), defaultdict[str, float](float)
    for job in run.jobs:
        begin = job.started_at
        end = run.ends_at if job.ended_at is None else job.ended_at
        had[job.tenant] += 0.0 if begin is None else job.gpus * (end - begin)
        asked[job.tenant] += job.gpus * (end - job.submitted_at)
    quota = run.gpus * (run.ends_at - run.begins_at) / max(len(asked), 1)
    return min((had[tenant] / min(quota, asked[tenant]) for tenant in asked if asked[tenant] > 0), default=1.0)
