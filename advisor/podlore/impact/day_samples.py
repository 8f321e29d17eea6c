"""Samples of a live cluster's GPUs, one every five minutes, and which day of them is complete.

Called by the operator after each round; it remembers them beyond a restart.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from podlore.policy import HOUR_SECONDS, MINUTE_SECONDS, Prices
from podlore.snapshot import Snapshot
from podlore.workloads import is_finished

GPU_MILLI = 1000

DAY_SECONDS = 24 * HOUR_SECONDS
SAMPLE_SECONDS = 5 * MINUTE_SECONDS
COVERAGE_MIN = 0.9
"""Of a day's samples; a day that was not watched says nothing."""
SAMPLES_MAX = 2 * int(DAY_SECONDS / SAMPLE_SECONDS)


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


class DaySamples:
    """The samples of two days at most, in order of time."""

    def __init__(self, samples: Iterable[GpuSample] = ()) -> None:
        self.all = tuple(samples)[-SAMPLES_MAX:]

    def see(self, snapshot: Snapshot) -> None:
        """Take a sample where one is due."""
        if not self.all or snapshot.now - self.all[-1].at >= SAMPLE_SECONDS:
            self.all = (*self.all, sampled(snapshot))[-SAMPLES_MAX:]

    def complete_day(self, now: float) -> float | None:
        """Return when the last day began, if it was watched; None where too little of it was seen."""
        begins = (now // DAY_SECONDS - 1) * DAY_SECONDS
        seen = sum(begins <= one.at < begins + DAY_SECONDS for one in self.all)
        return begins if seen * SAMPLE_SECONDS >= COVERAGE_MIN * DAY_SECONDS else None

    def forget_before(self, at: float) -> None:
        """Drop what was reported: a day is told once."""
        self.all = tuple(one for one in self.all if one.at >= at)


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
