"""Minimal occurrences against their definition, in a batch and event by event."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podlore.errors import BadInput
from podlore.patterns.episodes import Episode, EpisodeCounter, Log, Settings, count_stream, mine, occurrences
from podlore.testing.naive import episodes as naive

events = st.lists(st.tuples(st.integers(0, 12).map(float), st.integers(0, 3)), min_size=1, max_size=14)
types = st.permutations([0, 1, 2, 3]).flatmap(lambda order: st.integers(2, 4).map(lambda length: tuple(order[:length])))
windows = st.sampled_from([1.0, 3.0, 6.0, 100.0])


@settings(max_examples=150, deadline=None)
@given(events, types, windows, st.booleans())
def test_batch_and_stream_agree_with_the_definition(
    said: list[tuple[float, int]], wanted: tuple[int, ...], window_seconds: float, serial: bool
) -> None:
    log = Log.of(*zip(*said, strict=True))
    rows = [*log.times_by_kind(), *[np.array([])] * 4]
    starts, ends = occurrences(rows, Episode(wanted, serial), window_seconds)
    expected = naive.occurrences(said, wanted, window_seconds, serial=serial)
    assert list(zip(starts.tolist(), ends.tolist(), strict=True)) == expected
    assert count_stream([Episode(wanted, serial)], log, window_seconds) == (len(expected),)


def test_a_clock_that_runs_backwards_is_refused_in_a_stream_and_sorted_in_a_batch() -> None:
    counter = EpisodeCounter(Episode((0, 1)), 10)
    counter.update(5, 0)
    with pytest.raises(BadInput, match="put events in order"):
        counter.update(4, 1)
    assert Log.of([5, 4, 4], [0, 1, 1]).at_seconds.tolist() == [4, 5]


@pytest.mark.parametrize("seconds", [0, -1, 400 * 86_400, float("nan")])
def test_windows_that_make_no_sense_are_refused(seconds: float) -> None:
    with pytest.raises(BadInput, match="window"):
        Settings(window_seconds=seconds)


def test_a_time_that_is_no_number_is_named() -> None:
    with pytest.raises(BadInput, match="event 1"):
        Log.of([1.0, float("inf")], [0, 1])


def test_an_empty_log_and_one_of_a_single_type_hold_no_episode() -> None:
    rng = np.random.default_rng(0)
    assert mine(Log.of([], []), Settings(10), rng) == ()
    assert mine(Log.of(range(100), [0] * 100), Settings(10), rng) == ()
