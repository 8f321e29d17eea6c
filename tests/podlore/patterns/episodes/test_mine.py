"""The miner: planted episodes are found as they are, chance is not."""

import numpy as np
import pytest

from podlore.patterns.episodes import Episode, Log, Settings, StreamMiner, mine
from podlore.patterns.episodes.mine import adjusted
from podlore.patterns.episodes.null import SHUFFLES, Shuffle

SETTINGS = Settings(window_seconds=30, shuffles=99)
SPAN = 20_000.0


def noise(rng: np.random.Generator, n_events: int = 300, kinds: int = 4) -> tuple[list[float], list[int]]:
    return rng.uniform(0, SPAN, n_events).tolist(), rng.integers(0, kinds, n_events).tolist()


def planted(rng: np.random.Generator, types: tuple[int, ...], times: int, *, ordered: bool = True) -> Log:
    at, kinds = noise(rng)
    for start in rng.uniform(0, SPAN - 100, times).tolist():
        at += (start + np.cumsum([0.0, *rng.uniform(1, 5, len(types) - 1)])).tolist()
        kinds += types if ordered else rng.permutation(types).tolist()
    return Log.of(at, kinds)


@pytest.mark.parametrize("types", [(7, 8), (7, 8, 9)])
def test_a_planted_sequence_is_found_whole_and_once(types: tuple[int, ...]) -> None:
    found = mine(planted(np.random.default_rng(1), types, 40), SETTINGS, np.random.default_rng(2))
    assert [one.episode for one in found] == [Episode(types)]
    (one,) = found
    assert one.support >= 40
    assert one.confidence > 0.95
    assert one.lift > 2
    assert one.span_seconds_p95 <= 5 * len(types)


def test_what_comes_together_in_any_order_is_said_so() -> None:
    found = mine(planted(np.random.default_rng(1), (7, 8), 60, ordered=False), SETTINGS, np.random.default_rng(2))
    assert Episode((7, 8), serial=False) in [one.episode for one in found]
    assert Episode((7, 8)) not in [one.episode for one in found]


def test_noise_alone_holds_nothing() -> None:
    found = [mine(Log.of(*noise(np.random.default_rng(seed))), SETTINGS, np.random.default_rng(0)) for seed in range(4)]
    assert sum(map(len, found)) == 0


def test_the_same_seed_gives_the_same_answer() -> None:
    log = planted(np.random.default_rng(1), (7, 8), 20)
    assert mine(log, SETTINGS, np.random.default_rng(5)) == mine(log, SETTINGS, np.random.default_rng(5))


def test_a_stream_is_mined_in_what_is_kept_of_it() -> None:
    miner = StreamMiner(SETTINGS, horizon_events=200)
    log = planted(np.random.default_rng(1), (7, 8), 60)
    for at, kind in zip(log.at_seconds.tolist(), log.kinds.tolist(), strict=True):
        miner.update(at, kind)
    assert [one.episode for one in miner.episodes()] == [Episode((7, 8))]
    assert len(miner._events) == 200


@pytest.mark.parametrize("shuffle", SHUFFLES, ids=lambda shuffle: shuffle.__name__)
def test_shuffles_keep_rates_and_what_is_fixed(shuffle: Shuffle) -> None:
    log = planted(np.random.default_rng(1), (7, 8), 20)
    shuffled = shuffle(log, 300.0, frozenset({7}), np.random.default_rng(3))
    assert np.bincount(shuffled.kinds).tolist() == np.bincount(log.kinds).tolist()
    assert shuffled.times_by_kind()[7].tolist() == log.times_by_kind()[7].tolist()
    assert np.abs(shuffled.at_seconds - log.at_seconds).max() <= 600
    assert shuffled.times_by_kind()[8].tolist() != log.times_by_kind()[8].tolist()


def test_adjusted_p_values_count_shuffles_whose_best_is_as_good() -> None:
    drawn = np.array([[1.0, 5.0], [2.0, 4.0], [3.0, 6.0]])
    p_values = adjusted(np.array([30.0, 4.0]), drawn)
    assert p_values[0] == 0.25
    assert p_values[1] == 1.0
