"""The state in its ConfigMap, against an HTTP server that holds one."""

import base64
import json
import logging
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from podlore.clock import Clock
from podlore.impact.day_samples import GpuSample
from podlore.snapshot import History
from podlore.vocabulary import ObjectRef, Resources, Start
from podlore_operator.apply import Sender
from podlore_operator.observe.connection import Connection
from podlore_operator.observe.credentials import Credentials
from podlore_operator.remembered import KEY, Remembered, pack
from podlore_operator.serve.telemetry import Telemetry
from podlore_operator.state_store import (
    BYTES_PER_SECOND,
    SAMPLES_ALONE_SECONDS,
    SAVE_SECONDS_MIN,
    SAVE_TRACE_SECONDS,
    StateStore,
)

PATH = "/api/v1/namespaces/podlore/configmaps/podlore-state"
START = Start("train-0", "vision", ObjectRef("batch", "Job", "vision", "train"), 1.0, 2.0, Resources(gpu_milli=1000))
REMEMBERED = Remembered(History((START,)), {"vision/a": 60.0}, observed_since=5.0)


class Held:
    """One ConfigMap behind HTTP."""

    def __init__(self) -> None:
        self.configmap: dict[str, Any] | None = None
        self.status = 200
        self.writes = 0

    async def get(self, _: web.Request) -> web.Response:
        if self.status != 200:
            return web.json_response({"message": "no"}, status=self.status)
        return web.json_response(self.configmap or {"message": "not found"}, status=200 if self.configmap else 404)

    async def patch(self, request: web.Request) -> web.Response:
        self.writes += 1
        self.configmap = json.loads(await request.read())
        return web.json_response(self.configmap)


@pytest.fixture
async def held() -> Held:
    return Held()


class Bench:
    """A store with a clock and a leadership that the test sets."""

    def __init__(self, api: Connection, clock: Clock) -> None:
        self.leads, self.seconds = True, 0.0
        self.telemetry = Telemetry()
        sender = Sender(api, lambda: self.leads, self.telemetry)
        self.store = StateStore(
            api,
            sender,
            clock,
            self.telemetry,
            namespace="podlore",
            name="podlore-state",
            monotonic=lambda: self.seconds,
        )


@pytest.fixture
async def api(held: Held) -> AsyncIterator[Connection]:
    app = web.Application()
    app.router.add_get(PATH, held.get)
    app.router.add_patch(PATH, held.patch)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    async with Connection(lambda: Credentials(f"http://127.0.0.1:{port}", "the test")) as connection:
        yield connection
    await runner.cleanup()


@pytest.fixture
def bench(api: Connection) -> Bench:
    return Bench(api, Clock())


async def test_what_was_saved_is_loaded_by_the_next_process(bench: Bench, api: Connection) -> None:
    assert await bench.store.load() is None
    assert await bench.store.save(REMEMBERED)
    assert await Bench(api, Clock()).store.load() == REMEMBERED


async def test_it_is_written_only_when_it_has_changed(bench: Bench, held: Held, api: Connection) -> None:
    await bench.store.save(REMEMBERED)
    assert not await bench.store.save(REMEMBERED)
    again = Bench(api, Clock())
    await again.store.load()
    assert not await again.store.save(REMEMBERED)
    assert held.writes == 1


async def test_samples_alone_are_written_after_hours(api: Connection, held: Held) -> None:
    wall = [1000.0]
    bench = Bench(api, Clock(read=lambda: wall[0]))
    sampled = [replace(REMEMBERED, samples=tuple(GpuSample(float(at), 8.0, 4.0) for at in range(n))) for n in (1, 2)]
    assert await bench.store.save(sampled[0])
    assert not await bench.store.save(sampled[1])
    wall[0] += SAMPLES_ALONE_SECONDS
    assert await bench.store.save(sampled[1])
    assert held.writes == 2


async def test_it_is_due_at_first_and_then_every_minute(bench: Bench) -> None:
    assert bench.store.is_due()
    await bench.store.save(REMEMBERED)
    assert not bench.store.is_due()
    bench.seconds = SAVE_TRACE_SECONDS
    assert bench.store.is_due()


async def test_it_is_due_before_advice_is_written_the_larger_the_more_rarely(bench: Bench) -> None:
    await bench.store.save(REMEMBERED)
    bench.seconds = SAVE_SECONDS_MIN
    assert bench.store.is_due(advice_follows=True)
    assert not bench.store.is_due()
    rng = random.Random(7)
    large = Remembered(silences={f"vision/{rng.randbytes(30).hex()}": 60.0 for _ in range(5000)})
    await bench.store.save(large)
    seconds = len(pack(large)) / BYTES_PER_SECOND
    bench.seconds += seconds - 0.1
    assert not bench.store.is_due(advice_follows=True)
    bench.seconds += 0.2
    assert bench.store.is_due(advice_follows=True)


async def test_only_the_leader_saves(bench: Bench, held: Held) -> None:
    bench.leads = False
    assert not await bench.store.save(REMEMBERED)
    assert held.writes == 0


@pytest.mark.parametrize(
    "content",
    [
        {"binaryData": {KEY: "Zm9yZWlnbg=="}},
        {"binaryData": {KEY: "!"}},
        {"binaryData": {KEY: 7}},
        {"binaryData": {KEY: base64.b64encode(pack(Remembered(scale=240.0))).decode()}},
    ],
    ids=["foreign", "no base64", "no text", "another clock"],
)
async def test_what_cannot_be_used_is_counted_logged_and_ignored(
    bench: Bench, held: Held, content: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    held.configmap = content
    with caplog.at_level(logging.WARNING):
        assert await bench.store.load() is None
    assert bench.telemetry.registry.get_sample_value("podlore_skipped_total", {"source": "state"}) == 1
    assert len(caplog.records) == 1


@pytest.mark.parametrize("content", [{}, {"binaryData": None}, {"binaryData": {"other": "eA=="}}, {"data": {KEY: "x"}}])
async def test_a_configmap_without_our_key_is_no_state(bench: Bench, held: Held, content: dict[str, Any]) -> None:
    held.configmap = {"kind": "ConfigMap", **content}
    assert await bench.store.load() is None
    assert await bench.store.save(REMEMBERED)


@pytest.mark.parametrize("status", [403, 500])
async def test_an_api_server_that_refuses_it_costs_the_memory_only(bench: Bench, held: Held, status: int) -> None:
    held.status = status
    assert await bench.store.load() is None
