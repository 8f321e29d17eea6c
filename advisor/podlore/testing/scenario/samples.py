"""A scenario's metrics as a Prometheus would have them: scraped on a fixed beat, missing where they are missing.

Rows of ``metrics.csv`` come in, samples on a grid leave. `gpu_windows` and `series` aggregate them as the operator's
PromQL does: ``max_over_time``, ``avg_over_time`` and ``count_over_time`` of samples, each device counted by itself.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from podlore.policy import MINUTE_SECONDS, Policy
from podlore.vocabulary import GpuWindow, Series

SCRAPE_SECONDS = 30.0
STEP_SECONDS = 5 * MINUTE_SECONDS
SERIES_SECONDS = 12 * 3600.0
ACTIVITY = ("smActive", "grEngineActive", "gpuUtil")
PERCENT = frozenset({"gpuUtil"})
CUMULATIVE = ("TOTAL", "COUNT", "ROWS", "REMAP", "RETIRED", "CONSUMPTION", "XID")
"""Parts of the names of counters, and of gauges that hold a code or a tally: their last value counts, and no mean."""
Floats = NDArray[np.float64]


class Row(NamedTuple):
    """A line of ``metrics.csv``; no value ends the series."""

    seconds: float
    node: str
    gpu: str
    pod: str
    metric: str
    value: float | None


class Key(NamedTuple):
    """What tells one series from another."""

    node: str
    gpu: str
    pod: str
    metric: str


class Samples:
    """All series on the grid of scrapes from 0 to the end; a missing sample is NaN.

    Parameters
    ----------
    rows
        In order of time.
    start_at
        The moment of second 0.
    until_seconds
        The end of the grid.
    """

    def __init__(self, rows: Iterable[Row], start_at: float, until_seconds: float) -> None:
        self.start_at = start_at
        self._grid = np.arange(0.0, until_seconds + 1, SCRAPE_SECONDS)
        found: defaultdict[Key, list[tuple[float, float]]] = defaultdict(list)
        for row in rows:
            value = np.nan if row.value is None else row.value
            found[Key(row.node, row.gpu, row.pod, row.metric)].append((row.seconds, value))
        self._sampled = {key: self._on_grid(found[key]) for key in sorted(found)}

    def __bool__(self) -> bool:
        return bool(self._sampled)

    def _on_grid(self, changes: list[tuple[float, float]]) -> Floats:
        times = np.array([seconds for seconds, _ in changes])
        values = np.array([np.nan, *(value for _, value in changes)])
        return values[np.searchsorted(times, self._grid, side="right")]

    def _window(self, key: Key, now_seconds: float, window_seconds: float) -> Floats:
        """Return the samples of a series in a window that ends now, missing ones left out."""
        since, until = np.searchsorted(self._grid, (now_seconds - window_seconds, now_seconds), side="right")
        values = self._sampled[key][since:until]
        return values[~np.isnan(values)]

    # --- what the metrics loop asks for ---

    def gpu_windows(self, now_seconds: float, policy: Policy, products: Mapping[str, str]) -> list[GpuWindow]:
        """Return a window for each device and pod that has samples in it; ``products`` are by node."""
        names = policy.metric_names
        window_seconds = policy.thresholds.resource_hoarding.idle_seconds_min
        holders = self._holders(now_seconds, [names[key] for key in ACTIVITY if key in names])
        windows = (
            self._gpu_window(holder, now_seconds, window_seconds, names, products.get(holder[0], ""))
            for holder in sorted(holders)
        )
        found = [window for window in windows if window is not None]
        users: defaultdict[tuple[str, str], int] = defaultdict(int)
        for window in found:
            users[window.node, window.uuid] += 1
        return [_shared(window, users[window.node, window.uuid]) for window in found]

    def _holders(self, now_seconds: float, metrics: list[str]) -> set[tuple[str, str, str]]:
        """Return who holds which device now: those with a sample of an activity metric at the last scrape."""
        return {
            (key.node, key.gpu, key.pod)
            for key in self._sampled
            if key.metric in metrics and key.gpu and key.pod and len(self._window(key, now_seconds, SCRAPE_SECONDS))
        }

    def _gpu_window(
        self,
        holder: tuple[str, str, str],
        now_seconds: float,
        window_seconds: float,
        names: Mapping[str, str],
        product: str,
    ) -> GpuWindow | None:
        def values(name: str) -> Floats:
            key = Key(*holder, names.get(name, ""))
            return self._window(key, now_seconds, window_seconds) if key in self._sampled else np.array([])

        name = next((name for name in ACTIVITY if len(values(name))), None)
        if name is None:
            return None
        activity = values(name) / (100 if name in PERCENT else 1)
        used, free, power = values("fbUsed"), values("fbFree"), values("powerUsage")
        namespace, _, pod = holder[2].partition("/")
        return GpuWindow(
            node=holder[0],
            uuid=f"GPU-{holder[0]}-{holder[1]}",
            namespace=namespace,
            pod=pod,
            window_seconds=window_seconds,
            samples=len(activity),
            coverage=min(len(activity) / (window_seconds / SCRAPE_SECONDS), 1.0),
            activity_max=float(activity.max()),
            activity_mean=float(activity.mean()),
            memory_used_share=float(used.mean() / (used.mean() + free.mean())) if len(used) and len(free) else None,
            power_max_watts=float(power.max()) if len(power) else None,
            product=product,
        )

    # --- what a trend store keeps ---

    def series(self, now_seconds: float) -> tuple[Series, ...]:
        """Return all series of the last hours in steps of five minutes, the last full step at the end."""
        last = int(now_seconds // STEP_SECONDS)
        first = max(last - int(SERIES_SECONDS // STEP_SECONDS), 0)
        found = (self._series(key, steps[first:last], last * STEP_SECONDS) for key, steps in self._steps.items())
        return tuple(series for series in found if any(value is not None for value in series.values))

    def _series(self, key: Key, values: tuple[float | None, ...], until: float) -> Series:
        namespace, _, pod = key.pod.partition("/")
        return Series(
            metric=key.metric,
            node=key.node,
            until_at=self.start_at + until,
            step_seconds=STEP_SECONDS,
            values=values,
            gpu=key.gpu and f"GPU-{key.node}-{key.gpu}",
            namespace=namespace,
            pod=pod,
        )

    @cached_property
    def _steps(self) -> Mapping[Key, tuple[float | None, ...]]:
        """All steps of each series: the last value of a tally or a code, the mean of anything else."""
        per_step = int(STEP_SECONDS // SCRAPE_SECONDS)
        whole = (len(self._grid) - 1) // per_step * per_step
        return {
            key: _in_steps(values[1 : whole + 1].reshape(-1, per_step), cumulative=_is_cumulative(key.metric))
            for key, values in self._sampled.items()
        }


def _is_cumulative(metric: str) -> bool:
    return any(part in metric.upper() for part in CUMULATIVE)


def _in_steps(blocks: Floats, *, cumulative: bool) -> tuple[float | None, ...]:
    return tuple(_last(block) if cumulative else _mean(block) for block in blocks)


def _last(block: Floats) -> float | None:
    seen = block[~np.isnan(block)]
    return float(seen[-1]) if len(seen) else None


def _mean(block: Floats) -> float | None:
    seen = block[~np.isnan(block)]
    return float(seen.mean()) if len(seen) else None


def _shared(window: GpuWindow, users: int) -> GpuWindow:
    return replace(window, sharing=users) if users > 1 else window
