"""A scenario's metrics as a Prometheus would have them: scraped on a fixed beat, missing where they are missing.

Rows of ``metrics.csv`` come in, samples on a grid leave. `podlore.testing.scenario.windows` and
`podlore.testing.scenario.steps` aggregate them.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SCRAPE_SECONDS = 30.0
Floats = NDArray[np.float64]
NOTHING: Floats = np.array([])


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
    until_seconds
        The end of the grid.

    Examples
    --------
    >>> samples = Samples([Row(0, "n", "0", "", "up", 1.0), Row(60, "n", "0", "", "up", None)], 120)
    >>> samples.window(Key("n", "0", "", "up"), now_seconds=120, window_seconds=120).tolist()
    [1.0]
    """

    def __init__(self, rows: Iterable[Row], until_seconds: float) -> None:
        self._grid = np.arange(0.0, until_seconds + 1, SCRAPE_SECONDS)
        found: defaultdict[Key, list[tuple[float, float]]] = defaultdict(list)
        for row in rows:
            value = np.nan if row.value is None else row.value
            found[Key(row.node, row.gpu, row.pod, row.metric)].append((row.seconds, value))
        self.values_by_key = {key: self._on_grid(found[key]) for key in sorted(found)}
        self._spans = {key: _span(values) for key, values in self.values_by_key.items()}
        self.holders = sorted({(key.node, key.gpu, key.pod) for key in found if key.gpu})
        """A node, a device of it, and who held it at some time, in order."""

    def __bool__(self) -> bool:
        return bool(self.values_by_key)

    def window(self, key: Key, now_seconds: float, window_seconds: float) -> Floats:
        """Return the samples of a series in a window that ends now, missing ones left out; it may have none."""
        if key not in self._spans:
            return NOTHING
        first, end = self._spans[key]
        since = max(_scrapes_until(now_seconds - window_seconds), first)
        until = min(_scrapes_until(now_seconds), end)
        if since >= until:
            return NOTHING
        values = self.values_by_key[key][since:until]
        return values[~np.isnan(values)]

    def _on_grid(self, changes: list[tuple[float, float]]) -> Floats:
        times = np.array([seconds for seconds, _ in changes])
        values = np.array([np.nan, *(value for _, value in changes)])
        return values[np.searchsorted(times, self._grid, side="right")]


def _scrapes_until(seconds: float) -> int:
    return max(int(seconds // SCRAPE_SECONDS) + 1, 0)


def _span(values: Floats) -> tuple[int, int]:
    """Return where the first sample is and where the last one ends: most questions are about other times."""
    (there,) = np.nonzero(~np.isnan(values))
    return (int(there[0]), int(there[-1]) + 1) if len(there) else (0, 0)
