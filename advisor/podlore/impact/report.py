"""All metrics of a run in one flat mapping, with those by tenant, size class and GPU product beside it."""

from collections import defaultdict
from collections.abc import Callable, Mapping

import numpy as np

from podlore.impact.accessibility import (
    barrier_rate,
    finish_time_fairness,
    gini,
    jain,
    quota_reach,
    size_class,
    wait_ratio,
)
from podlore.impact.cost import Rates, cost
from podlore.impact.queueing import bounded_slowdown, completions, makespan_seconds, summary, waits
from podlore.impact.record import JobRecord, RunRecord
from podlore.impact.utilization import active_share, allocated_share, idle_gpu_hours


def metrics(run: RunRecord, rates: Rates) -> dict[str, float]:
    """Return each metric that the run allows, by name; units are in the names.

    >>> run = RunRecord((JobRecord("a", "t", 1, 0, 10, 60, alone_seconds=50),), {"T4": 1}, 0, 60)
    >>> found = metrics(run, Rates())
    >>> found["wait_seconds_mean"], found["completion_seconds_mean"], round(found["allocated_percent"], 1)
    (10.0, 60.0, 83.3)
    """
    jobs = run.jobs
    money = cost(run, rates)
    slowdowns = [value for job in jobs if (value := bounded_slowdown(job)) is not None]
    rho = list(finish_time_fairness(run).values())
    active = active_share(run)
    found: dict[str, float | None] = {
        "jobs": float(len(jobs)),
        "jobs_ended": float(len(completions(jobs))),
        "allocated_percent": 100 * allocated_share(run),
        "active_percent": None if active is None else 100 * active,
        "idle_gpu_hours": idle_gpu_hours(run),
        **{f"wait_seconds_{name}": value for name, value in summary(waits(jobs)).items()},
        **{f"completion_seconds_{name}": value for name, value in summary(completions(jobs)).items()},
        "bounded_slowdown_mean": float(np.mean(slowdowns)) if slowdowns else None,
        "makespan_seconds": makespan_seconds(run),
        "usd": money.usd,
        "idle_usd": money.idle_usd,
        "kilowatt_hours": money.kilowatt_hours,
        "energy_usd": money.energy_usd,
        "kilograms_co2": money.kilograms_co2,
        "jain_tenants": jain(list(_mean_by(jobs, lambda job: job.tenant, bounded_slowdown).values())),
        "rho_max": max(rho, default=None),
        "rho_above_1_share": float(np.mean(np.array(rho) > 1.0)) if rho else None,
        "gini_waits": gini(waits(jobs)),
        "small_wait_seconds_p95": _p95([job for job in jobs if size_class(job.gpus) == 1]),
        "large_wait_seconds_p95": _p95([job for job in jobs if size_class(job.gpus) >= 8]),
        "small_wait_ratio": wait_ratio(jobs, lambda job: size_class(job.gpus) == 1),
        "newcomer_wait_ratio": wait_ratio(jobs, lambda job: job.is_newcomer),
        "constrained_wait_ratio": wait_ratio(jobs, lambda job: job.is_constrained),
        "quota_reach": quota_reach(run),
        "barrier_rate": barrier_rate(jobs),
    }
    return {name: float(value) for name, value in found.items() if value is not None}


def by_group(run: RunRecord) -> dict[str, dict[str, float]]:
    """Return the mean wait in seconds by tenant, size class and GPU product."""
    return {
        "tenant": _mean_by(run.jobs, lambda job: job.tenant, lambda job: job.wait_seconds),
        "size class": _mean_by(run.jobs, lambda job: str(size_class(job.gpus)), lambda job: job.wait_seconds),
        "product": _mean_by(run.jobs, lambda job: job.product or "any", lambda job: job.wait_seconds),
    }


def _mean_by(
    jobs: tuple[JobRecord, ...], group: Callable[[JobRecord], str], value: Callable[[JobRecord], float | None]
) -> dict[str, float]:
    values = defaultdict[str, list[float]](list)
    for job in jobs:
        if (found := value(job)) is not None:
            values[group(job)].append(found)
    return {name: float(np.mean(found)) for name, found in sorted(values.items())}


def _p95(jobs: list[JobRecord]) -> float | None:
    return summary(waits(jobs)).get("p95")


def rates_of(given: Mapping[str, object]) -> Rates:
    """Return rates with what was given in place of the defaults."""
    return Rates(**given)  # type: ignore[arg-type]
