"""A fake API server, and a connection to it with short waits."""

import asyncio
from dataclasses import dataclass, field

import pytest

from podlore.clock import Clock
from podlore.cluster_state import ClusterState
from podlore_operator.observe.connection import Connection, Patience
from podlore_operator.observe.credentials import Credentials
from podlore_operator.observe.reflector import Reflector
from podlore_operator.observe.resource import BASIC
from podlore_operator.observe.testing import FakeApiServer, eventually

PODS = "/api/v1/pods"
POD_RESOURCE = next(resource for resource in BASIC if resource.kind == "Pod")
PATIENCE = Patience(connect_seconds=2.0, request_seconds=5.0, silence_seconds=0.5)


@dataclass
class Watched:
    """A reflector at work between a fake server and a state, with every pause it took."""

    server: FakeApiServer
    state: ClusterState
    reflector: Reflector
    pauses: list = field(default_factory=list)

    @property
    def names(self):
        return [pod.name for pod in self.state.snapshot().pods]

    async def shows(self, *names):
        await eventually(lambda: self.names == sorted(names), f"{names}, not {self.names}")

    async def watching(self, times=1):
        await eventually(lambda: self.server.count("watch") >= times, f"watch number {times}")


@pytest.fixture
async def server():
    async with FakeApiServer([PODS]) as running:
        yield running


@pytest.fixture
async def api(server):
    async with Connection(lambda: Credentials(server.url, "the test"), PATIENCE) as connection:
        yield connection


@pytest.fixture
async def watch(server, api):
    """Start reflectors on the fake server; they end with the test, and an error of theirs comes out."""
    tasks = []

    def start(resource=POD_RESOURCE, connection=api):
        pauses = []

        async def sleep(seconds):
            pauses.append(seconds)
            await asyncio.sleep(min(seconds, 0.01))

        state = ClusterState(Clock())
        reflector = Reflector(connection, resource, Clock(), state, sleep=sleep)
        tasks.append(asyncio.create_task(reflector.run()))
        return Watched(server, state, reflector, pauses)

    yield start
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(outcome, asyncio.CancelledError), outcome
