import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from podlore.errors import BadInput, Unavailable
from podlore_operator.metrics.prometheus import FAILURES_BEFORE_REST, QUERIES_PER_MINUTE, Matrix, Prometheus, Range


def answer(result, **beside):
    return {"status": "success", "data": {"resultType": "vector", "result": result}, **beside}


SAMPLE = {"metric": {"UUID": "GPU-1"}, "value": [1795428000.0, "0.5"]}


@asynccontextmanager
async def serving(handler):
    """Serve on this loop, which is free because queries run in a thread."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield "http://{}:{}".format(*runner.addresses[0][:2])
    finally:
        await runner.cleanup()


@asynccontextmanager
async def prometheus_that(answers, **options):
    """A Prometheus whose server answers with the given things in turn, the last one for ever; requests are recorded."""
    requests = []

    async def handler(request):
        requests.append(request)
        given = answers[min(len(requests), len(answers)) - 1]
        if isinstance(given, web.StreamResponse):
            return given
        return web.Response(body=given if isinstance(given, bytes) else json.dumps(given).encode())

    async with serving(handler) as url:
        prometheus = Prometheus(url, **options)
        yield prometheus, requests
        prometheus.close()


async def test_the_real_one_answers(lab):
    prometheus = Prometheus(lab.prometheus_url)
    vector = await prometheus.query('label_replace(vector(42), "a", "b", "", "")')
    assert (vector.labels, vector.values, vector.warnings) == (({"a": "b"},), (42.0,), ())
    prometheus.close()


async def test_the_real_one_says_what_is_wrong_with_a_query(lab):
    prometheus = Prometheus(lab.prometheus_url)
    with pytest.raises(Unavailable, match=r"refused a query: .*parse error"):
        await prometheus.query("up{")
    with pytest.raises(Unavailable, match="a string result where a vector was expected"):
        await prometheus.query('"text"')
    prometheus.close()


async def test_warnings_come_with_the_vector():
    async with prometheus_that([answer([SAMPLE], warnings=["store gone"], infos=["odd"])]) as (prometheus, _):
        vector = await prometheus.query("up")
    assert vector.warnings == ("store gone", "odd")
    assert vector.values == (0.5,)


async def test_what_is_not_finite_is_left_out():
    samples = [{"metric": {}, "value": [0, text]} for text in ("NaN", "+Inf", "-Inf", "1")]
    async with prometheus_that([answer(samples)]) as (prometheus, _):
        assert (await prometheus.query("up")).values == (1.0,)


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"<html>",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        {"status": "success"},
        {"status": "success", "data": {"resultType": "matrix", "result": []}},
        {"status": "success", "data": {"resultType": "vector", "result": {}}},
        {"status": "error", "error": "no"},
        answer([{"metric": {"a": 1}, "value": [0, "1"]}]),
        answer([{"metric": {}, "value": [0]}]),
        answer([{"metric": {}, "value": [0, "one"]}]),
        answer([5]),
        answer([SAMPLE], warnings="not a list"),
        web.Response(status=400, body=b'{"status":"error","error":"bad"}'),
        web.Response(status=401),
        web.Response(status=302, headers={"Location": "http://elsewhere.example"}),
    ],
    ids=lambda given: str(given)[:40],
)
async def test_a_hostile_answer_is_unavailable_and_nothing_else(given):
    async with prometheus_that([given]) as (prometheus, _):
        with pytest.raises(Unavailable):
            await prometheus.query("up")


async def test_it_is_asked_again_where_it_stumbles():
    async with prometheus_that([web.Response(status=503), web.Response(status=429), answer([SAMPLE])]) as (
        prometheus,
        requests,
    ):
        assert (await prometheus.query("up")).values == (0.5,)
    assert len(requests) == 3


async def test_a_silent_server_does_not_hold_anybody_up():
    never = asyncio.Event()

    async def silent(request):
        await never.wait()

    async with serving(silent) as url:
        prometheus = Prometheus(url, timeout_seconds=0.1, deadline_seconds=1.0)
        with pytest.raises(Unavailable, match=r"too slow|no Prometheus answers"):
            await prometheus.query("up")
        never.set()
        prometheus.close()


async def test_an_answer_that_trickles_in_is_cut_off_at_the_deadline():
    stop = asyncio.Event()

    async def trickle(request):
        response = web.StreamResponse()
        await response.prepare(request)
        while not stop.is_set():
            await response.write(b" " * 2**16)
            await asyncio.sleep(0.01)
        return response

    async with serving(trickle) as url:
        prometheus = Prometheus(url, timeout_seconds=5.0, deadline_seconds=0.3)
        with pytest.raises(Unavailable, match="too slow: its answer took too long"):
            await prometheus.query("up")
        stop.set()
        prometheus.close()


async def nothing(request):
    return web.Response()


async def test_where_nobody_listens_the_url_is_named():
    async with serving(nothing) as url:
        pass
    prometheus = Prometheus(url)
    with pytest.raises(Unavailable, match=f"no Prometheus answers at {url}"):
        await prometheus.query("up")


@pytest.mark.parametrize("url", ["", "prometheus:9090", "ftp://prometheus", "http://"])
def test_what_is_no_url_is_bad_input(url):
    with pytest.raises(BadInput, match="is no URL of a Prometheus"):
        Prometheus(url)


async def test_after_failing_in_a_row_it_is_left_to_rest_and_tried_again():
    now = [0.0]
    async with prometheus_that([b"<html>"] * FAILURES_BEFORE_REST + [answer([SAMPLE])], monotonic=lambda: now[0]) as (
        prometheus,
        requests,
    ):
        for _ in range(FAILURES_BEFORE_REST):
            with pytest.raises(Unavailable, match="no answer of a Prometheus"):
                await prometheus.query("up")
        with pytest.raises(Unavailable, match="left to rest"):
            await prometheus.query("up")
        assert len(requests) == FAILURES_BEFORE_REST
        now[0] += 31.0
        assert (await prometheus.query("up")).values == (0.5,)


async def test_there_are_at_most_twenty_queries_a_minute():
    now, pauses = [0.0], []

    async def sleep(seconds):
        pauses.append(seconds)
        now[0] += seconds

    options = {"monotonic": lambda: now[0], "sleep": sleep}
    async with prometheus_that([answer([])], **options) as (prometheus, requests):
        for _ in range(QUERIES_PER_MINUTE):
            await prometheus.query("up")
            now[0] += 1.0
        assert pauses == []
        await prometheus.query("up")
    assert pauses == [60.0 - QUERIES_PER_MINUTE]
    assert len(requests) == QUERIES_PER_MINUTE + 1


async def test_a_rotated_token_is_shown_at_once(tmp_path):
    file = tmp_path / "token"
    file.write_text("first\n")
    async with prometheus_that([answer([])], token_file=file) as (prometheus, requests):
        await prometheus.query("up")
        file.write_text("second\n")
        await prometheus.query("up")
        assert [request.headers["Authorization"] for request in requests] == ["Bearer first", "Bearer second"]
        file.unlink()
        with pytest.raises(BadInput, match="cannot read the token for Prometheus"):
            await prometheus.query("up")


async def test_a_query_leaves_the_loop_free():
    async with prometheus_that([answer([SAMPLE])]) as (prometheus, _):  # served by this very loop
        assert (await prometheus.query("up")).values == (0.5,)


async def test_a_range_comes_in_rows_at_exact_times_without_what_is_not_finite():
    row = {"metric": {"UUID": "GPU-1"}, "values": [[1.5, "0.25"], [2.75, "NaN"], [4.0, "1"]]}
    answered = {"status": "success", "data": {"resultType": "matrix", "result": [row]}, "warnings": ["store gone"]}
    async with prometheus_that([answered]) as (prometheus, requests):
        matrix = await prometheus.query_range("up", Range(1.5, 4.0, 1.25))
    assert matrix == Matrix(({"UUID": "GPU-1"},), (((1.5, 0.25), (4.0, 1.0)),), ("store gone",))
    assert [requests[0].query[key] for key in ("start", "end", "step")] == ["1.500", "4.000", "1.250"]


async def test_a_vector_is_no_answer_to_a_range():
    async with prometheus_that([answer([SAMPLE])]) as (prometheus, _):
        with pytest.raises(Unavailable, match="a vector result where a matrix was expected"):
            await prometheus.query_range("up", Range(0.0, 1.0, 1.0))
