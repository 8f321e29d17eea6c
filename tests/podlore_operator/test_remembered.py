"""What outlives a restart: it comes back as it was, stays within its bound, and survives any content."""

import contextlib
import gzip
import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlore.clock import Clock
from podlore.errors import BadInput
from podlore.snapshot import History
from podlore.vocabulary import Action, Failure, Followed, Given, ObjectRef, Outcome, Pattern, Resources, Start
from podlore_operator.remembered import BYTES_MAX, PACKED_BYTES_MAX, Remembered, pack, unpack

JOB = ObjectRef("batch", "Job", "vision", "train", "v1", "u1")


def failure(number: int) -> Failure:
    rng = random.Random(number)
    name = f"{rng.getrandbits(128):032x}"
    return Failure("vision", name, "main", JOB, "gpu-1", float(number), 137, "OOMKilled")


def start(number: int) -> Start:
    return Start(f"train-{number}", "vision", JOB, float(number), number + 0.5, Resources(gpu_milli=1000))


def test_it_comes_back_as_it_was() -> None:
    remembered = Remembered(History((start(1),), (failure(2),)), {"vision/a": 60.0}, scale=240.0, anchor=7.0)
    assert unpack(pack(remembered)) == remembered


def test_the_same_memory_packs_to_the_same_bytes() -> None:
    remembered = Remembered(History((start(1),)))
    assert pack(remembered) == pack(Remembered(History((start(1),))))


def test_too_much_history_loses_its_oldest_part() -> None:
    remembered = Remembered(History((), tuple(failure(number) for number in range(20_000))))
    packed = pack(remembered)
    kept = unpack(packed).history.failures
    assert len(packed) <= PACKED_BYTES_MAX < BYTES_MAX
    assert 1000 < len(kept) < 20_000
    assert kept == remembered.history.failures[-len(kept) :]


def test_what_came_of_advice_outlasts_what_is_soon_old_and_is_bounded_too() -> None:
    failures = tuple(failure(number) for number in range(20_000))
    given = tuple(Given(JOB, Pattern.CRASH_LOOP, str(n), Action.FIX_APPLICATION, float(n)) for n in range(100))
    outcomes = tuple(Outcome(one, Followed.YES, 1.0, one.at) for one in given)
    history = History((), failures, given, outcomes)
    kept = unpack(pack(Remembered(history))).history
    assert (kept.given, kept.outcomes) == (given, outcomes)
    least = unpack(pack(Remembered(history), bytes_max=2000)).history
    assert not least.failures
    assert 0 < len(least.outcomes) < 100
    assert least.outcomes == outcomes[-len(least.outcomes) :]


def test_silences_alone_may_not_pass_the_bound_either() -> None:
    silences = {f"vision/{random.Random(number).getrandbits(256):x}": 1.0 for number in range(1000)}
    assert unpack(pack(Remembered(silences=silences), bytes_max=1000)).silences == {}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not gzip",
        gzip.compress(b"not json"),
        gzip.compress(b"[]"),
        gzip.compress(b'{"history": {"starts": [{"pod": 7}]}}'),
        gzip.compress(b'{"version": 99}'),
        gzip.compress(b"[" * 100_000),
        gzip.compress(b'{"silences": {"a": "b"}}'),
        pack(Remembered())[:-5],
        gzip.compress(b"0" * (65 * 1024 * 1024)),
    ],
    ids=["empty", "no gzip", "no json", "a list", "wrong types", "newer", "deep", "wrong values", "cut off", "bomb"],
)
def test_foreign_content_is_refused_in_one_line(content: bytes) -> None:
    with pytest.raises(BadInput, match="stored state") as refusal:
        unpack(content)
    assert "\n" not in str(refusal.value)


@given(st.binary() | st.recursive(st.none() | st.text() | st.floats(), st.lists).map(msgspec.json.encode))
def test_no_content_breaks_it(content: bytes) -> None:
    for packed in (content, gzip.compress(content)):
        with contextlib.suppress(BadInput):
            assert isinstance(unpack(packed), Remembered)


def test_times_of_another_clock_do_not_fit() -> None:
    assert Remembered(anchor=5.0).fits(Clock())
    assert not Remembered().fits(Clock(scale=240))
    assert not Remembered(scale=240.0, anchor=1.0).fits(Clock(scale=240, anchor=2.0))
