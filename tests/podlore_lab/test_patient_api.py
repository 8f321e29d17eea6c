"""The client of exporter and replay against a server that is busy, breaks off and forgets: it asks again."""

import asyncio
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import yaml

from podlore.errors import Unavailable
from podlore_lab.patient_api import TRIES, PatientApi
from podlore_operator.observe.connection import Refused
from podlore_operator.observe.testing import FakeApiServer, Fault, Stream, eventually, pod_object

PODS = "/api/v1/pods"


def kubeconfig(folder: Path, server: str) -> Path:
    content = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
    }
    file = folder / "config"
    file.write_text(yaml.safe_dump(content))
    return file


@asynccontextmanager
async def asking(folder: Path):
    async with FakeApiServer([PODS]) as server, PatientApi(kubeconfig(folder, server.url)) as api:
        yield server, api


class Kept:
    """What a follower was told, replayed."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.lists = 0

    def replace(self, items) -> None:
        self.lists += 1
        self.names = {item["metadata"]["name"] for item in items}

    def apply(self, kind, item) -> None:
        name = item["metadata"]["name"]
        if kind == "DELETED":
            self.names.discard(name)
        else:
            self.names.add(name)


@asynccontextmanager
async def following(api):
    kept = Kept()
    task = asyncio.create_task(api.follow(PODS, kept.replace, kept.apply))
    try:
        yield kept, task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, Unavailable):
            await task


async def test_a_busy_server_is_asked_again_when_it_says_so(tmp_path) -> None:
    async with asking(tmp_path) as (server, api):
        server.fail("list", Fault(status=429, retry_after_seconds=1), Fault(status=503), Fault(reset=True))
        items, _ = await api.list_all(PODS)
        assert items == []
        assert api.waited_for_server >= 2  # a connection that breaks before any word is taken up by aiohttp itself
        assert server.count("list") == 4


async def test_a_server_that_stays_busy_is_given_up_with_its_words(tmp_path) -> None:
    async with asking(tmp_path) as (server, api):
        server.fail("list", *[Fault(status=500)] * TRIES)
        with pytest.raises(Refused, match="500"):
            await api.list_all(PODS)
        assert server.count("list") == TRIES


async def test_a_no_is_a_no_at_once(tmp_path) -> None:
    async with asking(tmp_path) as (server, api):
        server.fail("list", Fault(status=403))
        with pytest.raises(Refused, match="403"):
            await api.list_all(PODS)
        assert api.waited_for_server == 0


async def test_a_long_list_comes_whole(tmp_path) -> None:
    async with asking(tmp_path) as (server, api):
        for number in range(1100):
            await server.put(PODS, pod_object(f"p{number}"))
        items, version = await api.list_all(PODS)
        assert len(items) == 1100
        assert version
        assert server.count("continue") == 2


@pytest.mark.parametrize(
    "fault",
    [
        Fault(),
        Fault(status=500),
        Fault(status=429),
        Fault(in_stream=500),
        Fault(in_stream=410),
        Fault(reset=True),
        Fault(stream=Stream.ENDED),
        Fault(stream=Stream.CUT),
        Fault(stream=Stream.TWICE),
        Fault(stream=Stream.GARBAGE),
    ],
)
async def test_a_follower_ends_up_with_what_is_there_whatever_goes_wrong(tmp_path, fault) -> None:
    async with asking(tmp_path) as (server, api):
        await server.put(PODS, pod_object("stays"))
        await server.put(PODS, pod_object("goes"))
        server.fail("watch", fault)
        async with following(api) as (kept, _):
            await server.watched(PODS)
            await server.put(PODS, pod_object("comes"))
            await server.remove(PODS, "goes", "vision")
            await eventually(lambda: kept.names == {"stays", "comes"}, "what is there")


async def test_what_went_while_nobody_watched_is_noticed(tmp_path) -> None:
    async with asking(tmp_path) as (server, api):
        await server.put(PODS, pod_object("goes"))
        async with following(api) as (kept, _):
            await server.watched(PODS)
            server.remove_unseen(PODS, "goes", "vision")
            server.end_watches()
            await eventually(lambda: kept.names == set() and kept.lists == 2, "a new list")


async def test_a_follower_that_is_refused_ends_with_the_reason(tmp_path) -> None:
    async with asking(tmp_path) as (server, api):
        server.fail("list", Fault(status=403))
        async with following(api) as (_, task):
            with pytest.raises(Refused, match="403"):
                await asyncio.wait_for(asyncio.shield(task), 10)
