"""How much of the GPUs was held and how much of that worked, over a run."""

from podlore.impact.record import JobRecord, RunRecord

HOUR_SECONDS = 3600.0


def allocated_share(run: RunRecord) -> float:
    """Return GPU time held over GPU time there was (0-1).

    >>> run = RunRecord((JobRecord("a", "t", 2, 0, 0, 50),), {"T4": 4}, 0, 100)
    >>> allocated_share(run)
    0.25
    """
    there = run.gpus * (run.ends_at - run.begins_at)
    return held_gpu_seconds(run) / there if there else 0.0


def held_gpu_seconds(run: RunRecord) -> float:
    """Return the GPU-seconds that jobs held between the run's begin and end."""
    if not run.held:
        return sum(_overlap(job, run) * job.gpus for job in run.jobs)
    times = [*(at for at, _ in run.held), run.ends_at]
    return sum(
        gpus * max(0.0, min(after, run.ends_at) - max(at, run.begins_at))
        for (at, gpus), after in zip(run.held, times[1:], strict=True)
    )


def active_share(run: RunRecord) -> float | None:
    """Return GPU time with work over GPU time there was; None where no job has metrics.

    >>> active_share(RunRecord((JobRecord("a", "t", 2, 0, 0, 50, active_share=0.5),), {"T4": 4}, 0, 100))
    0.125
    """
    known = [job for job in run.jobs if job.active_share is not None]
    if not known:
        return None
    worked = sum(_overlap(job, run) * job.gpus * (job.active_share or 0.0) for job in known)
    return worked / (run.gpus * (run.ends_at - run.begins_at))


def idle_gpu_hours(run: RunRecord) -> float:
    """Return the GPU-hours nobody held."""
    return (run.gpus * (run.ends_at - run.begins_at) - held_gpu_seconds(run)) / HOUR_SECONDS


def _overlap(job: JobRecord, run: RunRecord) -> float:
    if job.started_at is None:
        return 0.0
    end = run.ends_at if job.ended_at is None else min(job.ended_at, run.ends_at)
    return max(0.0, end - max(job.started_at, run.begins_at))
