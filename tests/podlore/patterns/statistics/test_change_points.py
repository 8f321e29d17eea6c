"""Changes of level: found where they are, not in noise, bursts or days."""

import numpy as np
import pytest

from podlore.errors import BadInput, NotEnoughEvidence
from podlore.patterns.statistics import binned, change_points, season_of, without_season
from podlore.patterns.statistics.change_points import cusum, proposed

DAY = 48


def week(seed: int, *, ratio: float = 1.0, at: int = 160) -> np.ndarray:
    rng = np.random.default_rng(seed)
    level = 12 * (1 + 0.9 * np.sin(2 * np.pi * np.arange(7 * DAY) / DAY))
    level[at:] *= ratio
    return rng.poisson(level).astype(float)


def test_a_doubled_rate_is_found_in_spite_of_the_days() -> None:
    (found,) = change_points(week(1, ratio=2.0), block=12, period=DAY, rng=np.random.default_rng(0))
    assert abs(found.index - 160) <= DAY // 2
    assert found.mean_after > 1.5 * found.mean_before


def test_days_alone_are_no_change() -> None:
    found = [change_points(week(seed), block=12, period=DAY, rng=np.random.default_rng(seed)) for seed in range(20)]
    assert sum(map(len, found)) <= 4


def test_missing_values_are_left_out_and_few_values_say_nothing() -> None:
    holes = week(1, ratio=3.0)
    holes[50:60] = np.nan
    assert len(change_points(holes, block=12, period=DAY, rng=np.random.default_rng(0))) >= 1
    assert change_points([1.0] * 20, block=12, rng=np.random.default_rng(0)) == ()
    assert change_points([np.nan] * 400, block=12, rng=np.random.default_rng(0)) == ()


def test_a_period_that_holds_no_whole_blocks_is_refused() -> None:
    with pytest.raises(BadInput, match="whole blocks"):
        change_points([1.0] * 400, block=7, period=DAY, rng=np.random.default_rng(0))


def test_cusum_equals_its_definition() -> None:
    row = np.random.default_rng(3).normal(size=40)
    centred = row - row.mean()
    slow = [abs(sum(centred[:k])) / np.sqrt(k * (40 - k) / 40) for k in range(1, 40)]
    fast = cusum(row[None, :])[0]
    inner = slice(2, 37)
    assert np.allclose(fast[inner], slow[inner])


def test_ruptures_may_propose_where_to_look() -> None:
    pytest.importorskip("ruptures")
    row = np.r_[np.zeros(50), np.ones(50) * 5] + np.random.default_rng(0).normal(size=100) * 0.5
    assert proposed(row) == (50,)


def test_a_season_needs_three_periods_and_survives_a_wild_day() -> None:
    values = np.tile([1.0, 4.0], 5)
    values[4] = 100.0
    assert season_of(values, 2).tolist() == [1.0, 4.0]
    assert np.flatnonzero(without_season(values, 2)).tolist() == [4]
    with pytest.raises(NotEnoughEvidence):
        season_of(values[:4], 2)


@pytest.mark.parametrize("bin_seconds", [0.0, -1.0, 1e-9, float("nan")])
def test_bins_that_make_no_sense_are_refused(bin_seconds: float) -> None:
    with pytest.raises(BadInput, match="bins"):
        binned([1.0], begin=0, end=1e6, bin_seconds=bin_seconds)


def test_events_with_wild_times_fall_into_no_bin() -> None:
    assert binned([1e300, -5, float("nan"), 3], begin=0, end=10, bin_seconds=5).tolist() == [1, 0]
