"""GPU activity over a look-back window, device by device: a Prometheus and a policy come in, `GpuWindow` leave.

Called by the operator's metrics loop, which hands the outcome to ClusterState. Whatever goes wrong is a reason and no
exception: advice goes on without metrics, from events and specifications.

Missing samples are never zero. ``coverage`` compares the samples with those that the scrape interval lets expect over
the whole window, so an exporter that was away, and a pod that came later, lower it. The interval is measured from the
samples' own timestamps; where it cannot be, nothing is covered.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from operator import add
from typing import Protocol

from podlore.clock import Clock
from podlore.errors import BadInput, Unavailable
from podlore.policy import Policy
from podlore.vocabulary import GpuWindow
from podlore_operator.metrics.gpu_activity import Activity, ActivityByMetric, has_blanks, read_activity, without_blanks
from podlore_operator.metrics.gpu_queries import (
    ACTIVITY_SCALES,
    MEMORY_MIB_MAX,
    POWER_WATTS_MAX,
    activity_queries,
    filtered_activity_queries,
    memory_and_power_queries,
)
from podlore_operator.metrics.gpu_series import Holds, Series, Stats, read_stats
from podlore_operator.metrics.prometheus import Vector
from podlore_operator.metrics.promql import joined

MERGE: Mapping[str, Callable[[float, float], float]] = {
    "sum": add,
    "samples": add,
    "free": min,
    "interval": min,
    "earlier interval": min,
}
"""How the values of one series under several exporters become one; the largest, where nothing is said."""

SHORTEST_WALL_SECONDS = 0.001


class Queries(Protocol):
    """What answers PromQL; `podlore_operator.metrics.prometheus.Prometheus` does."""

    url: str

    async def query(self, expression: str) -> Vector:
        """Evaluate an expression now."""


@dataclass(frozen=True, slots=True)
class GpuReading:
    """What could be read: windows, or the reason why there are none; warnings in either case."""

    windows: tuple[GpuWindow, ...] = ()
    reason: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def has_metrics(self) -> bool:
        """Whether GPU metrics could be had."""
        return not self.reason


async def read_gpu_windows(
    prometheus: Queries, policy: Policy, clock: Clock, *, holds: Holds = lambda _namespace, _pod: True
) -> GpuReading:
    """Read the window of every device that a pod holds, or that nobody does.

    Parameters
    ----------
    prometheus
        Two queries are put to it, or three where a device reported blanks.
    policy
        Its look-back is that of ResourceHoarding; it names metrics and the cluster.
    clock
        Converts the look-back, which is in trace time, to the wall time of Prometheus.
    holds
        Says whether a pod (namespace, name) can hold a device: an exporter's own pod is none that does.
    """
    try:
        return await _read(prometheus, policy, clock, holds)
    except (Unavailable, BadInput) as error:
        return GpuReading(reason=str(error))


async def _read(prometheus: Queries, policy: Policy, clock: Clock, holds: Holds) -> GpuReading:
    if not any(key in policy.metric_names for key in ACTIVITY_SCALES):
        raise BadInput(f"the policy names no metric of activity: give one of {', '.join(ACTIVITY_SCALES)}")
    window_seconds = policy.thresholds.resource_hoarding.idle_seconds_min
    asked = policy.metric_names, policy.cluster_matcher, max(clock.wall_seconds(window_seconds), SHORTEST_WALL_SECONDS)
    vector = await prometheus.query(joined(activity_queries(*asked)))
    stats, warnings = _stats(vector, holds), vector.warnings
    if not any(stats.get(f"{key}.samples") for key in ACTIVITY_SCALES):
        return GpuReading(reason=_nothing_found(prometheus, policy), warnings=warnings)
    intervals = _intervals_by_job(stats)
    activity = read_activity(stats)
    if intervals and has_blanks(activity):
        filtered = await prometheus.query(joined(filtered_activity_queries(*asked, min(intervals.values()))))
        activity = without_blanks(activity, read_activity(_stats(filtered, holds)))
    more, more_warnings = await _memory_and_power(prometheus, *asked, holds)
    windows = _Windows(stats, activity, more, _Look(window_seconds, asked[2], intervals))
    return GpuReading(tuple(windows), warnings=tuple(dict.fromkeys((*warnings, *more_warnings))))


def _nothing_found(prometheus: Queries, policy: Policy) -> str:
    names = ", ".join(policy.metric_names[key] for key in ACTIVITY_SCALES if key in policy.metric_names)
    where = f" where {policy.cluster_matcher}" if policy.cluster_matcher else ""
    return f"Prometheus at {prometheus.url} has none of {names}{where}: is the GPU exporter scraped?"


async def _memory_and_power(
    prometheus: Queries, names: Mapping[str, str], matchers: str, seconds: float, holds: Holds
) -> tuple[Stats, tuple[str, ...]]:
    """Ask for what makes a verdict surer; without it there still is one."""
    if not (asked := memory_and_power_queries(names, matchers, seconds)):
        return {}, ()
    try:
        vector = await prometheus.query(joined(asked))
    except Unavailable as error:
        return {}, (f"no memory and power of GPUs: {error}",)
    return _stats(vector, holds), vector.warnings


def _stats(vector: Vector, holds: Holds) -> Stats:
    return read_stats(vector.labels, vector.values, MERGE, holds)


def _intervals_by_job(stats: Stats) -> dict[str, float]:
    """Return the smallest distance of samples that either stretch shows: gaps only make it larger."""
    intervals: dict[str, float] = {}
    for stat in ("interval", "earlier interval"):
        for series, seconds in stats.get(stat, {}).items():
            if seconds > 0:
                intervals[series.job] = min(seconds, intervals.get(series.job, seconds))
    return intervals


@dataclass(frozen=True, slots=True)
class _Look:
    """How far the look goes back, in trace and in wall time, and how far samples are apart on the wall, by job."""

    window_seconds: float
    wall_seconds: float
    intervals: Mapping[str, float]

    def coverage(self, series: Series, samples: float) -> float:
        return min(1.0, max(0.0, samples) * self.intervals.get(series.job, 0.0) / self.wall_seconds)


@dataclass(frozen=True, slots=True)
class _Windows:
    """Makes windows of everything that was answered."""

    stats: Stats
    activity: ActivityByMetric
    more: Stats
    look: _Look

    def __iter__(self) -> Iterator[GpuWindow]:
        """Yield a window for each series that had a sample lately, by the best metric that it has."""
        sharing, idle_watts = self._sharing(), self._idle_watts()
        done: set[Series] = set()
        for key in ACTIVITY_SCALES:
            for series in self.stats.get(f"{key}.lately", {}):
                if series in self.activity[key] and series not in done:
                    done.add(series)
                    window = self._window(series, self.activity[key][series])
                    yield replace(
                        window,
                        sharing=max(1, sharing[series.uuid]),
                        power_idle_watts=idle_watts.get(series.product),
                    )

    def _window(self, series: Series, found: Activity) -> GpuWindow:
        return GpuWindow(
            node=series.node,
            uuid=series.uuid,
            namespace=series.namespace,
            pod=series.pod,
            window_seconds=self.look.window_seconds,
            samples=int(found.samples),
            coverage=self.look.coverage(series, found.samples),
            activity_max=min(found.largest, 1.0),
            activity_mean=min(found.mean, 1.0),
            memory_used_share=self._memory_used_share(series),
            power_max_watts=_plausible(self.more.get("watts", {}).get(series), POWER_WATTS_MAX),
            product=series.product,
        )

    def _sharing(self) -> Counter[str]:
        """Return how many pods hold each device at this moment."""
        held = {series for key in ACTIVITY_SCALES for series in self.stats.get(f"{key}.now", {}) if series.pod}
        return Counter(uuid for uuid, _, _ in {(series.uuid, series.namespace, series.pod) for series in held})

    def _idle_watts(self) -> dict[str, float]:
        """Return the power of idle devices by product, by the best metric of activity that shows any."""
        watts: dict[str, float] = {}
        for key in ACTIVITY_SCALES:
            for series, value in self.more.get(f"idle watts {key}", {}).items():
                if value <= POWER_WATTS_MAX:
                    watts.setdefault(series.product, value)
        return watts

    def _memory_used_share(self, series: Series) -> float | None:
        used = _plausible(self.more.get("used", {}).get(series), MEMORY_MIB_MAX)
        free = _plausible(self.more.get("free", {}).get(series), MEMORY_MIB_MAX)
        return used / (used + free) if used is not None and free is not None and used + free > 0 else None


def _plausible(value: float | None, largest: float) -> float | None:
    return value if value is not None and 0 <= value <= largest else None
