"""When did the level of a series change? Values of equal steps come in, moments with their p-values leave.

The largest CUSUM of the series is held against that of the same series with its blocks permuted: blocks long enough
that what hangs together stays together, and, where there is a period, only among blocks of the same phase, so that
neither bursts nor days make a change. What lies on either side of a change is searched again, at half the level.

References
----------
Page, "Continuous Inspection Schemes", Biometrika 1954; Fryzlewicz, "Wild Binary Segmentation", Annals of Statistics
2014, for the search; Killick, Fearnhead, Eckley, JASA 2012, for the segmentation by ``ruptures`` that may propose
moments.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from podlore.errors import BadInput, Unavailable
from podlore.patterns.statistics.season import PERIODS_MIN, season_of
from podlore.patterns.statistics.windows import Floats

BLOCKS_MIN = 6
SHUFFLES = 499


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """A change of level: ``index`` is the first step of the new one; means are of the values as they are."""

    index: int
    mean_before: float
    mean_after: float
    p_value: float


def change_points(
    values: ArrayLike,
    *,
    block: int,
    rng: np.random.Generator,
    period: int | None = None,
    alpha: float = 0.05,
    counts: bool = True,
    at_most: int = 8,
) -> tuple[ChangePoint, ...]:
    """Return the changes of a series in order of time.

    Parameters
    ----------
    values
        Shape (n_steps,); what is missing (NaN) is left out.
    block
        How many steps hang together, at least.
    period
        Steps of a season, such as those of a day; used where there are three of them.
    counts
        Whether values are counts, whose variance grows with their mean.
    at_most
        No more changes than these are sought.

    Examples
    --------
    >>> rng = np.random.default_rng(5)
    >>> rates = np.r_[rng.poisson(4, 100), rng.poisson(12, 100)]
    >>> [one.index for one in change_points(rates, block=5, rng=rng)]
    [100]
    """
    row = np.asarray(values, dtype=np.float64)
    if block < 1 or (period is not None and (period < 2 or period % block)):
        raise BadInput(f"blocks of {block} steps and a period of {period}: a period must hold whole blocks")
    found = _search(row, 0, _Test(block, period, counts, rng), alpha)
    return tuple(
        sorted((point for point, _ in zip(found, range(at_most), strict=False)), key=lambda point: point.index)
    )


def proposed(values: ArrayLike, *, penalty: float = 8.0) -> tuple[int, ...]:
    """Return where the segmentation of ``ruptures`` would cut, without any claim of significance.

    Raises
    ------
    Unavailable
        If ``ruptures`` is not installed.
    """
    try:
        import ruptures  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise Unavailable("ruptures is not installed; pip install 'podlore[report]'") from error
    row = np.asarray(values, dtype=np.float64)
    scale = max(float(np.median(np.abs(np.diff(row)))) / 0.954, 1e-9)
    cuts = (
        ruptures.Pelt(model="l2", min_size=5, jump=1).fit(row / scale).predict(pen=penalty * np.log(max(len(row), 2)))
    )
    return tuple(int(cut) for cut in cuts[:-1])


@dataclass(frozen=True, slots=True)
class _Test:
    block: int
    period: int | None
    counts: bool
    rng: np.random.Generator

    def best(self, row: Floats) -> tuple[int, float]:
        """Return the likeliest moment of change and the p-value of there being none."""
        scaled = 2 * np.sqrt(np.maximum(row, 0) + 0.375) if self.counts else row
        period = self.period if self.period and len(row) >= PERIODS_MIN * self.period else None
        residual = scaled - np.resize(season_of(scaled, period), len(row)) if period else scaled
        n_blocks = len(row) // self.block
        if n_blocks < BLOCKS_MIN:
            return 0, 1.0
        whole = residual[: n_blocks * self.block]
        strengths = cusum(whole[None, :])[0]
        index = int(np.argmax(strengths)) + 1
        phases = self.period // self.block if period and self.period else 1
        drawn = self._shuffled(whole.reshape(n_blocks, self.block), phases)
        at_least = int((cusum(drawn).max(axis=1) >= strengths.max() - 1e-9).sum())
        return index, (1 + at_least) / (1 + len(drawn))

    def _shuffled(self, blocks: Floats, phases: int) -> Floats:
        order = np.tile(np.arange(len(blocks)), (SHUFFLES, 1))
        for phase in range(phases):
            alike = np.arange(phase, len(blocks), phases)
            order[:, alike] = self.rng.permuted(order[:, alike], axis=1)
        return blocks[order].reshape(SHUFFLES, -1)


def cusum(rows: Floats) -> Floats:
    """Return how strongly each row would be cut before each step but the first, shape (n_rows, n_steps - 1)."""
    n = rows.shape[1]
    sums = np.cumsum(rows - rows.mean(axis=1, keepdims=True), axis=1)[:, :-1]
    k = np.arange(1, n)
    inner: NDArray[np.float64] = np.abs(sums) / np.sqrt(k * (n - k) / n)
    margin = max(n // 20, 1)
    inner[:, :margin], inner[:, n - 1 - margin :] = 0.0, 0.0  # a change at the very end is one wild value
    return inner


def _search(row: Floats, offset: int, test: _Test, alpha: float) -> Iterator[ChangePoint]:
    known = np.flatnonzero(np.isfinite(row))
    if len(known) < BLOCKS_MIN * test.block:
        return
    if len(known) < len(row):
        row = np.where(np.isfinite(row), row, np.nanmedian(row))
    index, p_value = test.best(row)
    if p_value > alpha:
        return
    yield ChangePoint(offset + index, float(row[:index].mean()), float(row[index:].mean()), p_value)
    yield from _search(row[:index], offset, test, alpha / 2)
    yield from _search(row[index:], offset + index, test, alpha / 2)
