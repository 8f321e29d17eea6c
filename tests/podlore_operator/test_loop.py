"""The loop with its real parts, beside an HTTP server that plays an API server without our kinds, or a broken one."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from podlore.clock import Clock
from podlore.cluster_state import ClusterState
from podlore.errors import Unavailable
from podlore.policy import Mode
from podlore.testing.build import NOW, gpu_window, job, node, pod
from podlore_operator import loop as module
from podlore_operator.advice_book import AdviceBook
from podlore_operator.apply import Sender
from podlore_operator.impact_reports import ImpactReports
from podlore_operator.lease import Conflict, Elector
from podlore_operator.loop import AdviceLoop
from podlore_operator.observe.connection import Connection
from podlore_operator.observe.credentials import Credentials
from podlore_operator.office import Duty, Office
from podlore_operator.policy_keeper import Grants, PolicyKeeper
from podlore_operator.policy_status import PolicyStatusWriter
from podlore_operator.serve.telemetry import Telemetry
from podlore_operator.state_store import StateStore
from podlore_operator.writes import Write


@dataclass
class Written:
    """A sink that keeps what it is given."""

    writes: list[Write] = field(default_factory=list)

    async def perform(self, writes: Any) -> int:
        self.writes += writes
        return 0


class MemoryLease:
    """A Lease in memory."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None

    async def get(self) -> dict[str, Any] | None:
        return self.lease

    async def create(self, spec: dict[str, Any]) -> dict[str, Any]:
        if self.lease:
            raise Conflict
        self.lease = {"metadata": {"resourceVersion": "1"}, "spec": spec}
        return self.lease

    async def replace(self, lease: dict[str, Any]) -> dict[str, Any]:
        self.lease = {"metadata": {"resourceVersion": "2"}, "spec": lease["spec"]}
        return self.lease


@dataclass
class Bench:
    """A loop with all its parts around one idle Job."""

    loop: AdviceLoop
    office: Office
    state: ClusterState
    book: AdviceBook
    keeper: PolicyKeeper
    telemetry: Telemetry
    written: Written
    lease: MemoryLease
    api_status: list[int]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110 - any condition at all
                await asyncio.sleep(0.01)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.loop.run())
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await self.office.resign()

    def rounds(self) -> float:
        return self.telemetry.registry.get_sample_value("podlore_rounds_total") or 0.0


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    api_status = [404]

    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"kind": "Status", "message": "as told"}, status=api_status[0])

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with Connection(lambda: Credentials(url, "the test")) as api:
        yield make(api, api_status)
    await runner.cleanup()


def make(api: Connection, api_status: list[int]) -> Bench:
    clock = Clock(read=lambda: NOW)
    state, book, telemetry, lease = ClusterState(clock), AdviceBook(), Telemetry(), MemoryLease()
    keeper, written = PolicyKeeper(Grants()), Written()
    elector = Elector(lease, "a")
    office = Office(api=api, keeper=keeper, state=state, book=book, telemetry=telemetry, elector=elector, clock=clock)
    sender = Sender(api, office.may_write, telemetry)
    loop = AdviceLoop(
        book=book,
        office=office,
        writer=written,
        store=StateStore(api, sender, clock, telemetry, namespace="podlore", name="podlore-state"),
        policy_status=PolicyStatusWriter(sender, keeper, clock, telemetry),
        reports=ImpactReports(sender, clock),
        telemetry=telemetry,
        clock=clock,
        model_version=lambda: "test",
    )
    elector._on_change = lambda _: loop.wake()
    owner = job()
    holder = pod(node="gpu-1", controller=owner.ref)
    for obj in (node(), owner, holder):
        state.apply(obj)
    window = gpu_window(holder, activity=0.0, power_max_watts=70.0, power_idle_watts=70.0)
    state.set_gpu_windows((window,), has_metrics=True)
    return Bench(loop, office, state, book, keeper, telemetry, written, lease, api_status)


def dry(bench: Bench) -> None:
    bench.keeper.offer({"metadata": {"name": "default"}, "spec": {"mode": "DryRun"}})


async def test_a_dry_run_keeps_advice_in_mind_and_takes_no_lease(bench: Bench) -> None:
    dry(bench)
    async with bench.running():
        await bench.until(lambda: bench.book.held)
    assert bench.office.duty is Duty.DRY_RUN
    assert bench.lease.lease is None
    assert bench.written.writes == []


async def test_the_leader_writes_and_gives_the_lease_back_at_the_end(bench: Bench) -> None:
    async with bench.running():
        await bench.until(lambda: bench.written.writes)
        assert bench.lease.lease
        assert bench.lease.lease["spec"]["holderIdentity"] == "a"
    assert bench.lease.lease["spec"]["holderIdentity"] == ""


async def test_without_the_lease_there_is_no_round(bench: Bench) -> None:
    await bench.lease.create({"holderIdentity": "b", "leaseDurationSeconds": 3600})
    async with bench.running():
        await bench.until(lambda: bench.office.duty is Duty.STANDBY)
        bench.loop.wake()
        await asyncio.sleep(0)
        assert bench.rounds() == 0
        assert bench.written.writes == []


async def test_switched_to_dry_run_the_lease_goes_back_and_nothing_more_is_written(bench: Bench) -> None:
    async with bench.running():
        await bench.until(lambda: bench.written.writes)
        dry(bench)
        assert not bench.office.may_write(), "at once, not only with the next round"
        bench.loop.wake()
        await bench.until(lambda: bench.office.duty is Duty.DRY_RUN)
        written = len(bench.written.writes)
        assert bench.lease.lease
        assert bench.lease.lease["spec"]["holderIdentity"] == ""
        await bench.until(lambda: bench.book.held)
        bench.keeper.offer({"metadata": {"name": "default"}, "spec": {"mode": "Advise"}})
        bench.loop.wake()
        await bench.until(lambda: len(bench.written.writes) > written)
        assert not bench.book.held, "what was only in mind is forgotten: the cluster holds nothing of it"


async def test_a_change_is_followed_by_a_round_soon(bench: Bench) -> None:
    dry(bench)
    async with bench.running():
        await bench.until(lambda: bench.rounds() == 1)
        bench.loop.wake()
        began = asyncio.get_running_loop().time()
        await bench.until(lambda: bench.rounds() == 2)
        assert asyncio.get_running_loop().time() - began < 5


async def test_there_are_rounds_where_nothing_changes(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    dry(bench)
    monkeypatch.setattr(module, "ROUND_SECONDS_MIN", 0.05)
    monkeypatch.setattr(module, "ROUND_SECONDS_MAX", 0.05)
    async with bench.running():
        await bench.until(lambda: bench.rounds() >= 3)


async def test_a_round_that_fails_is_counted_and_the_next_one_tries_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    dry(bench)
    bench.api_status[0] = 500
    async with bench.running():
        await bench.until(lambda: bench.telemetry.registry.get_sample_value("podlore_rounds_failed_total") == 1)
        bench.api_status[0] = 404
        bench.loop.wake()
        await bench.until(lambda: bench.rounds() == 1)

        def broken(*_: object, **__: object) -> None:
            raise KeyError("a bug of ours")

        monkeypatch.setattr(module, "decide", broken)
        bench.loop.wake()
        await bench.until(lambda: bench.telemetry.registry.get_sample_value("podlore_rounds_failed_total") == 2)
        monkeypatch.undo()
        bench.loop.wake()
        await bench.until(lambda: bench.rounds() == 2)


async def test_what_cannot_be_read_is_not_written_over(bench: Bench) -> None:
    async with bench.running():
        await bench.until(lambda: bench.written.writes)
        key = bench.written.writes[0].key  # type: ignore[union-attr]
        bench.book.unreadable.add(key)
        bench.written.writes.clear()
        rounds = bench.rounds()
        bench.loop.wake()
        await bench.until(lambda: bench.rounds() > rounds)
    assert bench.written.writes == []


async def test_metrics_tell_of_the_advice_there_is(bench: Bench) -> None:
    dry(bench)
    await bench.loop.round()
    value = bench.telemetry.registry.get_sample_value
    assert value("podlore_advice", {"pattern": "ResourceHoarding", "state": "Active"}) == 1
    assert (value("podlore_gpu_hours_at_stake", {"pattern": "ResourceHoarding"}) or 0) > 0


async def test_what_advice_lacks_is_counted_with_the_reason(bench: Bench) -> None:
    dry(bench)
    prices = {"metadata": {"name": "default"}, "spec": {"mode": "DryRun", "prices": {"usdPerGpuHour": {"T4": "1"}}}}
    bench.keeper.offer(prices)
    bench.state.set_policy(bench.keeper.in_force)
    await bench.loop.round()
    assert bench.telemetry.registry.get_sample_value("podlore_advice_lacking", {"reason": "NoPrice"}) == 1
    (advice,) = bench.book.held.values()
    assert advice.status
    assert advice.status.cost is None


async def test_office_is_not_entered_while_the_cluster_does_not_tell_what_it_holds(bench: Bench) -> None:
    dry(bench)
    bench.api_status[0] = 403
    with pytest.raises(Unavailable):
        await bench.loop.round()
    assert bench.office.duty is Duty.NONE
    assert bench.keeper.in_force.mode is Mode.DRY_RUN
