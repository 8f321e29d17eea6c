"""What is registered with kopf, and that none of it can write into anything."""

import asyncio
from pathlib import Path

import kopf
import pytest
from kopf._cogs.structs.references import Resource
from kopf._core.intents.registries import get_default_registry

from podlore_operator import handlers
from podlore_operator.kopf_login import session
from podlore_operator.observe.credentials import Credentials

OURS = {"advisorpolicies", "schedulingadvices", "clusterschedulingadvices"}
FOREIGN = [("", "v1", "pods"), ("", "v1", "nodes"), ("", "v1", "events"), ("events.k8s.io", "v1", "events")]


def resource(group: str, version: str, plural: str) -> Resource:
    return Resource(group=group, version=version, plural=plural, preferred=True, namespaced=True)


@pytest.mark.parametrize(("group", "version", "plural"), FOREIGN)
def test_nothing_is_registered_for_what_reflectors_watch(group: str, version: str, plural: str) -> None:
    registry, found = get_default_registry(), resource(group, version, plural)
    for kind in (registry._watching, registry._changing, registry._spawning, registry._indexing, registry._webhooks):
        assert not kind.has_handlers(resource=found)


def test_our_own_kinds_have_event_handlers_and_no_others() -> None:
    registry = get_default_registry()
    for plural in OURS:
        found = resource("podlore.io", "v1alpha1", plural)
        assert registry._watching.has_handlers(resource=found)
        for kind in (registry._changing, registry._spawning, registry._indexing):
            assert not kind.has_handlers(resource=found)


def test_kopf_is_told_to_ask_for_little() -> None:
    settings = kopf.OperatorSettings()
    handlers.configure(settings)
    assert settings.scanning.disabled
    assert settings.peering.standalone
    assert not settings.posting.enabled
    assert settings.networking.request_timeout == 15
    assert settings.queueing.worker_limit is None
    assert list(settings.networking.error_backoffs) != list(
        settings.networking.error_backoffs
    )  # jitter, and iterable again
    assert settings.process.ultimate_exiting_timeout < 30


async def test_the_token_is_read_anew_for_each_request(tmp_path: Path) -> None:
    seen: list[str] = []
    token = tmp_path / "token"
    token.write_text("one")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        seen.extend(line.partition(" ")[2] for line in head.splitlines() if line.lower().startswith("authorization"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    opened = session(Credentials(f"http://127.0.0.1:{port}", "the test", token_file=token))
    for word in ("one", "two"):
        token.write_text(f"{word}\n")
        async with opened.aiohttp_session.get(f"{opened.server}/version") as response:
            assert response.status == 200
    await opened.aiohttp_session.close()
    server.close()
    assert seen == ["Bearer one", "Bearer two"]
