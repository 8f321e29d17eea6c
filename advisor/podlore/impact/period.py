"""What a period of a live cluster was like: samples of its GPUs and history come in, figures with intervals leave.

Called by the operator once a day. Intervals hold 95 %: from blocks of time where a figure is a mean over time, from the
jobs that started where it is about them. What the samples do not tell (no metrics, no prices, no jobs) is absent.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, sqrt

import numpy as np
from scipy.stats import binom, norm

from podlore.impact.day_samples import GpuSample
from podlore.impact.significance.block_bootstrap import block_bootstrap
from podlore.policy import HOUR_SECONDS
from podlore.snapshot import History
from podlore.vocabulary import Followed, Start

SMALL_GPU_MILLI = 1000
SAMPLES_MIN = 2
JOBS_MIN = 5
"""Fewer jobs tell nothing of how long one waits."""
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PeriodImpact:
    """The figures of a period by name, as an ImpactReport has them, and counts of jobs and of advice."""

    start: float
    end: float
    figures: Mapping[str, Estimate]
    jobs: int
    given: int
    followed: int


def period_impact(start: float, end: float, samples: Sequence[GpuSample], history: History) -> PeriodImpact:
    """Return a period's figures; whatever lies outside of it is left out."""
    inside = [one for one in samples if start <= one.at < end]
    waits = [one for one in history.starts if start <= one.scheduled_at < end and one.requests.gpu_milli]
    given = (*history.given, *(one.given for one in history.outcomes))
    counted = {(one.target, one.pattern, one.cause, one.at) for one in given}
    came = [one for one in history.outcomes if start <= one.measured_at < end]
    return PeriodImpact(
        start,
        end,
        dict(_figures(inside, (end - start) / HOUR_SECONDS)) | dict(_waits(waits)),
        len(waits),
        sum(start <= at < end for *_, at in counted),
        sum(one.followed is not Followed.NO for one in came),
    )


def _figures(samples: Sequence[GpuSample], hours: float) -> Iterable[tuple[str, Estimate]]:
    if len(samples) < SAMPLES_MIN or not all(one.gpus > 0 for one in samples):
        return
    yield "allocated_percent", _mean([100 * one.held / one.gpus for one in samples])
    active = [(one, one.active) for one in samples if one.active is not None]
    if len(active) == len(samples):
        yield "active_percent", _mean([100 * works / one.gpus for one, works in active])
        yield "idle_gpu_hours", _mean([hours * max(one.held - works, 0.0) for one, works in active])
    priced = [(one, one.usd_per_hour) for one in samples if one.usd_per_hour is not None]
    if len(priced) == len(samples):
        yield "usd", _mean([hours * usd for _, usd in priced])
        if len(active) == len(samples):
            idle = [max(1 - works / one.held, 0.0) if one.held else 0.0 for one, works in active]
            yield "idle_usd", _mean([hours * usd * share for (_, usd), share in zip(priced, idle, strict=True)])


def _mean(values: Sequence[float]) -> Estimate:
    mean = float(np.mean(values))
    low, high = block_bootstrap(values, level=LEVEL)
    return Estimate(mean, min(low, mean), max(high, mean))


def _waits(starts: Sequence[Start]) -> Iterable[tuple[str, Estimate]]:
    if len(starts) < JOBS_MIN:
        return
    waits = np.array([one.scheduled_at - one.created_at for one in starts])
    is_small = np.array([one.requests.gpu_milli <= SMALL_GPU_MILLI for one in starts])
    yield "wait_seconds_median", _quantile(waits, 0.5)
    yield "wait_seconds_p95", _quantile(waits, 0.95)
    small, others = waits[is_small], waits[~is_small]
    if min(small.size, others.size) >= JOBS_MIN and min(small.sum(), others.sum()) > 0:
        yield "small_wait_ratio", _ratio(small, others)


def _quantile(values: np.ndarray, share: float) -> Estimate:
    """Return a quantile between the order statistics that hold it: as many lie below it as a binomial says."""
    ordered, tail = np.sort(values), (1 - LEVEL) / 2
    below, above = binom.ppf(tail, values.size, share), binom.ppf(1 - tail, values.size, share)
    low, high = ordered[max(int(below) - 1, 0)], ordered[min(int(above), values.size - 1)]
    return Estimate(float(np.quantile(values, share)), float(low), float(high))


def _ratio(group: np.ndarray, others: np.ndarray) -> Estimate:
    """Return the ratio of two means; its logarithm's variance is the sum of the relative variances (delta method)."""
    ratio = float(group.mean() / others.mean())
    variance = sum(float(one.var(ddof=1)) / one.size / float(one.mean()) ** 2 for one in (group, others))
    width = exp(norm.ppf((1 + LEVEL) / 2) * sqrt(variance))
    return Estimate(ratio, ratio / width, ratio * width)
