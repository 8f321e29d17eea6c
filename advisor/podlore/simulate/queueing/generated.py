"""Workloads of fixed jobs: drawn with a seed, or cut out of a trace."""

from collections.abc import Sequence

import numpy as np

from podlore.errors import BadInput
from podlore.simulate.queueing.fixed_job import FixedJob
from podlore.traces.job import Job

SIZES, SIZE_SHARES = (1, 2, 4, 8, 16), (0.6, 0.14, 0.12, 0.1, 0.04)


def generated(
    seed: int, *, jobs: int = 300, gpus: int = 64, load: float = 0.9, tenants: int = 8, is_uniform: bool = False
) -> list[FixedJob]:
    """Draw jobs whose demand is ``load`` times the GPUs: Poisson arrivals with a daily wave, log-normal durations.

    Each tenant has its own usual duration, as in public traces, so that there is something to learn. A uniform
    workload has jobs of one GPU and one hour: there is nothing to gain.
    """
    rng = np.random.default_rng(seed)
    usual = np.exp(rng.normal(np.log(1200), 1.2, tenants))
    tenant = rng.choice(tenants, jobs, p=rng.dirichlet(np.full(tenants, 2.0)))
    sizes = np.ones(jobs, int) if is_uniform else rng.choice(SIZES, jobs, p=SIZE_SHARES)
    durations = (
        np.full(jobs, 3600.0) if is_uniform else np.clip(usual[tenant] * rng.lognormal(0, 0.8, jobs), 60, 172_800)
    )
    span_seconds = float((sizes * durations).sum()) / (load * gpus)
    at = np.sort(rng.random(jobs)) * span_seconds
    at += 0.1 * span_seconds * np.sin(2 * np.pi * at / 86_400) * (span_seconds > 86_400)
    begins = np.sort(at - at.min()).astype(int)
    return [
        FixedJob(f"job-{i}", int(begins[i]), int(sizes[i]), float(durations[i]), f"team-{tenant[i]}")
        for i in range(jobs)
    ]


def of_trace(jobs: Sequence[Job], *, gpus_max: int, first: int = 0, count: int | None = None) -> list[FixedJob]:
    """Cut jobs with GPUs, times and durations out of a trace, ``count`` from the ``first`` on; times begin at 0.

    Raises
    ------
    BadInput
        If none is left.
    """
    usable = sorted(
        (
            job
            for job in jobs
            if job.submit_seconds is not None and job.duration_seconds and 0 < job.gpu_request <= gpus_max
        ),
        key=lambda job: (job.submit_seconds or 0.0, job.name),
    )[first : None if count is None else first + count]
    if not usable:
        raise BadInput("no job of the trace has GPUs, a submit time and a duration")
    begin = usable[0].submit_seconds or 0.0
    return [
        FixedJob(
            job.name,
            int((job.submit_seconds or 0.0) - begin),
            max(1, round(job.gpu_request)),
            float(job.duration_seconds or 0.0),
            job.tenant,
            "|".join(job.products),
        )
        for job in usable
    ]
