"""The HTTP server, asked over real sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest

from podlore.errors import Unavailable
from podlore_operator.serve.server import Server, Views

VIEWS = Views(
    not_alive=list,
    not_ready=lambda: ["not every kind was listed yet"],
    metrics=lambda: b"podlore_rounds_total 1.0\n",
    advice=lambda: b'{"items":[]}',
    snapshot=lambda: b"{}",
)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    running = Server("127.0.0.1", 0, VIEWS)
    await running.start()
    yield running
    await running.stop()


async def get(server: Server, path: str, **headers: str) -> tuple[int, str, str]:
    url = f"http://127.0.0.1:{server.port}{path}"
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        return answer.status, await answer.text(), answer.headers["Content-Type"]


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/livez", 200, "ok\n"),
        ("/readyz", 503, "not every kind was listed yet\n"),
        ("/metrics", 200, "podlore_rounds_total 1.0\n"),
        ("/advice", 200, '{"items":[]}'),
        ("/snapshot", 200, "{}"),
        ("/nothing", 404, "404: Not Found"),
    ],
)
async def test_each_path_answers(server: Server, path: str, status: int, text: str) -> None:
    assert (await get(server, path))[:2] == (status, text)


async def test_metrics_are_in_prometheus_own_format(server: Server) -> None:
    assert (await get(server, "/metrics"))[2] == "text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.parametrize("path", ["/advice", "/snapshot"])
async def test_a_web_page_cannot_read_advice_through_a_browser(server: Server, path: str) -> None:
    status, text, _ = await get(server, path, Host=f"evil.example:{server.port}")
    assert status == 403
    assert "items" not in text
    assert (await get(server, path, Host=f"localhost:{server.port}"))[0] == 200


async def test_who_comes_over_the_network_reads_metrics_but_no_advice() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; it only chooses an address of ours
        except OSError:
            pytest.skip("this machine has no address but loopback")
        address = probe.getsockname()[0]
    server = Server("0.0.0.0", 0, VIEWS)
    await server.start()
    try:
        async with aiohttp.ClientSession() as session:
            base = f"http://{address}:{server.port}"
            answers = {}
            for path in ("/metrics", "/advice", "/snapshot"):
                async with session.get(base + path) as answer:
                    answers[path] = answer.status
    finally:
        await server.stop()
    assert answers == {"/metrics": 200, "/advice": 403, "/snapshot": 403}


async def test_an_address_that_is_taken_is_told_with_the_way_out(server: Server) -> None:
    with pytest.raises(
        Unavailable, match=rf"127.0.0.1:{server.port}: it is in use; choose another address by --listen"
    ):
        await Server("127.0.0.1", server.port, VIEWS).start()


async def test_an_address_that_is_not_ours_is_told_too() -> None:
    with pytest.raises(Unavailable, match=r"cannot listen on 192\.0\.2\.1:8080"):
        await Server("192.0.2.1", 8080, VIEWS).start()


async def test_a_view_that_fails_answers_500_and_the_server_goes_on() -> None:
    def fails() -> bytes:
        raise KeyError("x")

    server = Server("127.0.0.1", 0, replace(VIEWS, metrics=fails))
    await server.start()
    try:
        assert (await get(server, "/metrics"))[0] == 500
        assert (await get(server, "/livez"))[0] == 200
    finally:
        await server.stop()
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task() and not task.done()]
