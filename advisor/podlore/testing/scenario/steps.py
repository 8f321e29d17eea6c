"""Series of a scenario in steps of five minutes, as a store of trends keeps them for the last hours."""

from collections.abc import Mapping

import numpy as np

from podlore.policy import HOUR_SECONDS, MINUTE_SECONDS
from podlore.testing.scenario.samples import SCRAPE_SECONDS, Floats, Key, Samples
from podlore.vocabulary import Series

STEP_SECONDS = 5 * MINUTE_SECONDS
KEPT_SECONDS = 12 * HOUR_SECONDS
CUMULATIVE = ("TOTAL", "COUNT", "ROWS", "REMAP", "RETIRED", "CONSUMPTION", "XID")
"""Parts of the names of counters, and of gauges that hold a code or a tally: their last value counts, and no mean."""

Steps = tuple[float | None, ...]


class Trends:
    """All series of a scenario, each reduced to its steps once.

    Parameters
    ----------
    samples
        The scenario's.
    start_at
        The moment of second 0.
    """

    def __init__(self, samples: Samples, start_at: float) -> None:
        self._start_at = start_at
        self._steps: Mapping[Key, Steps] = {key: _steps(key, row) for key, row in samples.values_by_key.items()}

    def until(self, now_seconds: float) -> tuple[Series, ...]:
        """Return the series of the last hours, the last full step at the end."""
        last = int(now_seconds // STEP_SECONDS)
        first = max(last - int(KEPT_SECONDS // STEP_SECONDS), 0)
        found = (self._series(key, steps[first:last], last * STEP_SECONDS) for key, steps in self._steps.items())
        return tuple(series for series in found if any(value is not None for value in series.values))

    def _series(self, key: Key, values: Steps, until_seconds: float) -> Series:
        namespace, _, pod = key.pod.partition("/")
        return Series(
            metric=key.metric,
            node=key.node,
            until_at=self._start_at + until_seconds,
            step_seconds=STEP_SECONDS,
            values=values,
            gpu=key.gpu and f"GPU-{key.node}-{key.gpu}",
            namespace=namespace,
            pod=pod,
        )


def _steps(key: Key, values: Floats) -> Steps:
    per_step = int(STEP_SECONDS // SCRAPE_SECONDS)
    whole = (len(values) - 1) // per_step * per_step
    is_cumulative = any(part in key.metric.upper() for part in CUMULATIVE)
    return tuple(_step(block, last=is_cumulative) for block in values[1 : whole + 1].reshape(-1, per_step))


def _step(block: Floats, *, last: bool) -> float | None:
    seen = block[~np.isnan(block)]
    if not len(seen):
        return None
    return float(seen[-1]) if last else float(seen.mean())
