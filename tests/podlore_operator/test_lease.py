"""The elector against a Lease in memory with the API server's compare-and-swap, under a clock that the test turns."""

import asyncio
import random
from collections.abc import Coroutine, Generator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podlore.errors import Unavailable
from podlore_operator.lease import Conflict, Elector, Timing

TIMING = Timing()


@dataclass
class Time:
    """Seconds that pass when the test says so."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Wire:
    """Where a coroutine stops while its request is under way; the test decides how long that takes, and how it ends."""

    def __await__(self) -> Generator[None, bool, bool]:
        return (yield)


@dataclass
class Store:
    """One Lease with resource versions; every request goes over a `Wire` if the test wants to cut it."""

    lease: dict[str, Any] | None = None
    version: int = 0
    is_slow: bool = False
    writes: list[str] = field(default_factory=list)

    async def _send(self) -> None:
        if self.is_slow and not await Wire():
            raise Unavailable("it was lost on the way")

    def _put(self, lease: dict[str, Any]) -> dict[str, Any]:
        self.version += 1
        self.lease = {"metadata": {"resourceVersion": str(self.version)}, "spec": dict(lease["spec"])}
        self.writes.append(self.lease["spec"]["holderIdentity"])
        return self.lease

    async def get(self) -> dict[str, Any] | None:
        await self._send()
        answer = self.lease
        await self._send()
        return answer

    async def create(self, spec: dict[str, Any]) -> dict[str, Any]:
        await self._send()
        if self.lease is not None:
            raise Conflict
        answer = self._put({"spec": spec})
        await self._send()
        return answer

    async def replace(self, lease: dict[str, Any]) -> dict[str, Any]:
        await self._send()
        if self.lease is None or lease["metadata"] != self.lease["metadata"]:
            raise Conflict
        answer = self._put(lease)
        await self._send()
        return answer


def elector(store: Store, name: str, time: Time) -> Elector:
    return Elector(store, name, monotonic=time, wall=time, rng=random.Random(0))


async def test_the_first_candidate_leads_and_the_second_waits() -> None:
    store, time = Store(), Time()
    a, b = elector(store, "a", time), elector(store, "b", time)
    assert await a.attempt()
    assert not await b.attempt()
    assert store.lease is not None
    assert store.lease["spec"]["holderIdentity"] == "a"


async def test_a_leader_that_cannot_renew_stops_before_another_can_start() -> None:
    store, time = Store(), Time()
    a, b = elector(store, "a", time), elector(store, "b", time)
    await a.attempt()
    await b.attempt()
    time.seconds += TIMING.renew_seconds
    assert not a.may_write()
    assert not await b.attempt()
    time.seconds += TIMING.lease_seconds - TIMING.renew_seconds
    assert await b.attempt()


async def test_a_renewal_prolongs_the_right_to_write_but_keeps_the_term() -> None:
    store, time = Store(), Time()
    a = elector(store, "a", time)
    await a.attempt()
    assert store.lease is not None
    acquired = store.lease["spec"]["acquireTime"]
    time.seconds += 8
    await a.attempt()
    time.seconds += 8
    assert a.may_write()
    assert store.lease["spec"]["acquireTime"] == acquired
    assert store.lease["spec"]["leaseTransitions"] == 1


async def test_a_released_lease_is_taken_at_once() -> None:
    store, time = Store(), Time()
    a, b = elector(store, "a", time), elector(store, "b", time)
    await a.attempt()
    await a.release()
    assert not a.may_write()
    assert await b.attempt()
    assert store.lease is not None
    assert store.lease["spec"]["leaseTransitions"] == 2


async def test_only_a_holder_releases() -> None:
    store, time = Store(), Time()
    a, b = elector(store, "a", time), elector(store, "b", time)
    await a.attempt()
    await b.release()
    assert store.writes == ["a"]


async def test_a_lease_that_somebody_edits_away_is_given_up() -> None:
    store, time = Store(), Time()
    a = elector(store, "a", time)
    await a.attempt()
    assert store.lease is not None
    store._put({"spec": {**store.lease["spec"], "holderIdentity": "thief"}})
    assert not await a.attempt()
    assert not a.may_write()


async def test_a_lease_without_a_spec_is_free() -> None:
    store, time = Store(lease={"metadata": {"resourceVersion": "0"}}), Time()
    assert await elector(store, "a", time).attempt()


async def test_changes_of_leadership_are_told_once() -> None:
    store, time = Store(), Time()
    told: list[bool] = []
    a = Elector(store, "a", monotonic=time, wall=time, on_change=told.append)
    await a.attempt()
    await a.attempt()
    await a.release()
    assert told == [True, False]


async def test_a_candidate_runs_until_it_is_cancelled_with_jitter_between_tries() -> None:
    store, time = Store(), Time()
    await elector(store, "a", time).attempt()
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        time.seconds += seconds
        if len(pauses) == 5:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await elector(store, "b", time).run(sleep)
    assert all(TIMING.retry_seconds <= pause <= TIMING.retry_seconds * 2.2 for pause in pauses)
    assert len(set(pauses)) > 1


def test_times_that_leave_no_room_are_refused() -> None:
    with pytest.raises(ValueError, match="must fall"):
        Timing(lease_seconds=10, renew_seconds=10)


STEP = st.tuples(
    st.integers(0, 1),
    st.floats(0, 6),
    st.sampled_from(["go on"] * 6 + ["cut", "restart", "release"]),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(STEP, min_size=20, max_size=120))
def test_two_candidates_never_may_write_at_once(steps: list[tuple[int, float, str]]) -> None:
    """Requests take any time, get lost on the way there or back, candidates die and come back: one writer at most."""
    store, time = Store(is_slow=True), Time()
    electors = [elector(store, "0", time), elector(store, "1", time)]
    running: list[Coroutine[Any, Any, Any] | None] = [None, None]
    incarnation = 0
    for which, passed_seconds, what in steps:
        time.seconds += passed_seconds
        if what == "restart":
            incarnation += 1
            electors[which], running[which] = elector(store, f"{which}.{incarnation}", time), None
        current = running[which]
        if current is None:
            running[which] = electors[which].release() if what == "release" else electors[which].attempt()
            _step(running, which, answer=None)
        else:
            _step(running, which, answer=what != "cut")
        assert sum(candidate.may_write() for candidate in electors) <= 1
    for coroutine in running:
        if coroutine is not None:
            coroutine.close()


def _step(running: list[Coroutine[Any, Any, Any] | None], which: int, answer: bool | None) -> None:
    """Let one candidate go on to its next request; a request that is cut on the way raises as a lost one does."""
    coroutine = running[which]
    assert coroutine is not None
    try:
        coroutine.send(answer)
    except StopIteration:
        running[which] = None


async def test_a_trouble_that_lasts_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    class Forbidden(Store):
        async def get(self) -> dict[str, Any] | None:
            raise Unavailable("leases are forbidden")

    a = elector(Forbidden(), "a", Time())
    for _ in range(5):
        assert not await a.attempt()
    assert [record.getMessage() for record in caplog.records] == ["lease, as a: leases are forbidden"]


async def test_who_takes_over_knows_when_the_last_one_was_alive() -> None:
    store, time = Store(), Time()
    a, b = elector(store, "a", time), elector(store, "b", time)
    await a.attempt()
    assert a.predecessor_at is None
    await b.attempt()
    time.seconds += 100
    await b.attempt()
    assert b.predecessor_at == 1000


async def test_a_broken_time_in_a_lease_is_no_predecessor() -> None:
    spec = {"holderIdentity": "b", "leaseDurationSeconds": 1, "renewTime": "yesterday"}
    store, time = Store(lease={"metadata": {"resourceVersion": "0"}, "spec": spec}), Time()
    a = elector(store, "a", time)
    await a.attempt()
    time.seconds += 2
    assert await a.attempt()
    assert a.predecessor_at is None
