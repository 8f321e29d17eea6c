"""Seasons: what a series shows at each phase of a period, and the series without it."""

import numpy as np
from numpy.typing import ArrayLike

from podlore.errors import NotEnoughEvidence
from podlore.patterns.statistics.windows import Floats

PERIODS_MIN = 3


def season_of(values: ArrayLike, period: int) -> Floats:
    """Return the median of each phase of a period, shape (period,): one wild day does not make a season.

    Raises
    ------
    NotEnoughEvidence
        If there are fewer than 3 whole periods.

    Examples
    --------
    >>> season_of([1, 5, 1, 5, 1, 9, 1, 5], 2).tolist()
    [1.0, 5.0]
    """
    row = np.asarray(values, dtype=np.float64)
    whole = len(row) // period
    if whole < PERIODS_MIN:
        raise NotEnoughEvidence(whole, PERIODS_MIN, "periods")
    return np.asarray(np.nanmedian(row[: whole * period].reshape(whole, period), axis=0), dtype=np.float64)


def without_season(values: ArrayLike, period: int) -> Floats:
    """Return a series less what its phase usually shows.

    >>> without_season([1, 5, 1, 5, 1, 9, 1, 5], 2).tolist()
    [0.0, 0.0, 0.0, 0.0, 0.0, 4.0, 0.0, 0.0]
    """
    row = np.asarray(values, dtype=np.float64)
    season = season_of(row, period)
    return row - np.resize(season, len(row))
