"""What a period of a live cluster was like: samples of its GPUs and history come in, figures with intervals leave.

Called by the operator once a day. Intervals hold 95 %: from blocks of time where a figure is a mean over time, from the
jobs that started where it is about them. What the samples do not tell (no metrics, no prices, no jobs) is absent.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from podlore.impact.significance.block_bootstrap import block_bootstrap
from podlore.policy import HOUR_SECONDS, Prices
from podlore.snapshot import History, Snapshot
from podlore.vocabulary import Followed, Start
from podlore.workloads import is_finished

GPU_MILLI = 1000
SMALL_GPU_MILLI = 1000
SAMPLES_MIN = 2
JOBS_MIN = 5
"""Fewer jobs tell nothing of how long one waits."""
DRAWS = 2_000
LEVEL = 0.95
Draw = Callable[[np.ndarray], float]


@dataclass(frozen=True, slots=True)
class GpuSample:
    """A cluster's GPUs at one moment: how many there are, how many pods hold, how many of those work, and their price.

    ``active`` is None without metrics, ``usd_per_hour`` (of those held) None without a price.
    """

    at: float
    gpus: float
    held: float
    active: float | None = None
    usd_per_hour: float | None = None


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


def sampled(snapshot: Snapshot) -> GpuSample:
    """Return what a snapshot tells of its GPUs; a device that several pods share counts once.

    >>> from podlore.testing import node, pod, snapshot
    >>> sampled(snapshot(nodes=(node(gpus=8),), pods=(pod(gpus=2, node="gpu-1"), pod("b", gpus=4))))
    GpuSample(at=1800000000.0, gpus=8.0, held=2.0, active=None, usd_per_hour=4.0)
    """
    products = {node.name: node.labels.get("nvidia.com/gpu.product", "") for node in snapshot.nodes}
    running = [pod for pod in snapshot.pods if pod.node and not is_finished(pod)]
    usd = [_usd(snapshot.policy.prices, products.get(pod.node, ""), pod.requests.gpu_milli) for pod in running]
    activity: dict[str, float] = {}
    for window in snapshot.gpu_windows:
        activity[window.uuid] = max(window.activity_mean, activity.get(window.uuid, 0.0))
    return GpuSample(
        snapshot.now,
        sum(node.allocatable.gpu_milli for node in snapshot.nodes) / GPU_MILLI,
        sum(pod.requests.gpu_milli for pod in running) / GPU_MILLI,
        sum(activity.values()) if snapshot.has_metrics else None,
        None if None in usd else sum(one for one in usd if one is not None),
    )


def _usd(prices: Prices, product: str, gpu_milli: int) -> float | None:
    price = prices.usd_of(product)
    if not gpu_milli:
        return 0.0
    return None if price is None else price * gpu_milli / GPU_MILLI


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
    yield "wait_seconds_median", _drawn(waits, lambda index: float(np.median(waits[index])))
    yield "wait_seconds_p95", _drawn(waits, lambda index: float(np.quantile(waits[index], 0.95)))
    small, others = waits[is_small], waits[~is_small]
    if min(small.size, others.size) >= JOBS_MIN and others.sum() > 0:
        rng = np.random.default_rng(0)
        ratios = [_ratio(rng.choice(small, small.size), rng.choice(others, others.size)) for _ in range(DRAWS)]
        yield "small_wait_ratio", _interval(_ratio(small, others), ratios)


def _ratio(small: np.ndarray, others: np.ndarray) -> float:
    return float(small.mean() / max(float(others.mean()), 1.0))


def _drawn(values: np.ndarray, of: Draw) -> Estimate:
    """Return a figure of jobs with the interval of its percentile bootstrap."""
    rng = np.random.default_rng(0)
    everything = np.arange(values.size)
    return _interval(of(everything), [of(rng.integers(values.size, size=values.size)) for _ in range(DRAWS)])


def _interval(value: float, drawn: Sequence[float]) -> Estimate:
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(value, min(float(low), value), max(float(high), value))
