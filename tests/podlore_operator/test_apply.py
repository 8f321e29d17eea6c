"""The writer against an HTTP server that answers as the test says: what it sends, retries, drops and never sends."""

import asyncio
import json
import logging
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from podlore.clock import Clock
from podlore.policy import Prices
from podlore.vocabulary import (
    Action,
    Evidence,
    EvidenceSource,
    Finding,
    ObjectRef,
    Pattern,
    Recommendation,
    Severity,
)
from podlore_operator.advice_book import AdviceBook
from podlore_operator.apply import OBJECTS_AT_ONCE, Sender, Writer
from podlore_operator.dry_run import DryRun
from podlore_operator.kubernetes_events import EventTeller
from podlore_operator.observe.connection import Connection
from podlore_operator.observe.credentials import Credentials
from podlore_operator.pod_annotations import Annotator
from podlore_operator.said import Said, Speech
from podlore_operator.serve.telemetry import Telemetry
from podlore_operator.token_bucket import TokenBucket
from podlore_operator.writes import AnnotatePod, ApplyObject, ApplyStatus, Delete, EmitEvent, Why, Write

TARGET = ObjectRef("batch", "Job", "vision", "train", "v1", "u1")
NODE = ObjectRef("", "Node", "", "gpu-7", "v1", "u7")


def said(target: ObjectRef = TARGET) -> Said:
    fact = Evidence(EvidenceSource.EVENT, "BackOff", "4 failures")
    finding = Finding(Pattern.CRASH_LOOP, "ExitCode", target, Severity.HIGH, "It fails.", (fact,), 0.9)
    speech = Speech(Clock(read=lambda: 1.8e9), "test", Prices(), lambda _: "", frozenset({"u1"}))
    (one,) = speech.say([Recommendation(finding, Action.FIX_APPLICATION, "")], 1.8e9, lambda _, error: None).values()
    return one


def new(one: Said) -> list[Write]:
    return [
        ApplyObject(one.key, one.spec.target, {"app.kubernetes.io/managed-by": "podlore"}, one.owner, Why.NEW),
        ApplyStatus(one.key, one.status, Why.NEW),
    ]


ONE = said()
PATH = f"/apis/podlore.io/v1alpha1/namespaces/vision/schedulingadvices/{ONE.key.name}"


@dataclass
class ApiServer:
    """Keeps what it was asked; answers from ``answers`` first, then as an API server that applies."""

    url: str = ""
    asked: list[tuple[str, str, dict[str, str], Any, str]] = field(default_factory=list)
    answers: list[tuple[int, str, dict[str, str]]] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def handle(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read() or b"null")
        self.asked.append((request.method, request.path, dict(request.query), body, request.content_type))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        if self.answers:
            status, message, headers = self.answers.pop(0)
            if status >= 300:
                return web.json_response({"kind": "Status", "message": message}, status=status, headers=headers)
        return web.json_response(self._applied(request, body))

    def _applied(self, request: web.Request, body: Any) -> dict[str, Any]:
        path = request.path.removesuffix("/status")
        held = self.objects.setdefault(path, {"metadata": {"uid": "a1", "generation": 1}})
        held.update({key: value for key, value in (body or {}).items() if key != "metadata"})
        held["metadata"] |= {**(body or {}).get("metadata", {}), "resourceVersion": str(len(self.asked))}
        return held

    @property
    def methods(self) -> list[tuple[str, str]]:
        return [(method, path) for method, path, *_ in self.asked]


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    held = ApiServer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", held.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    held.url = f"http://{host}:{port}"
    yield held
    await runner.cleanup()


@pytest.fixture
async def api(server: ApiServer) -> AsyncIterator[Connection]:
    async with Connection(lambda: Credentials(server.url, "the test")) as connection:
        yield connection


@dataclass
class Bench:
    """A writer with a clock that only its own pauses turn."""

    writer: Writer
    book: AdviceBook
    telemetry: Telemetry
    pauses: list[float]
    time: list[float]
    rules: dict[str, bool]

    def count(self, what: str, result: str) -> float:
        return self.telemetry.registry.get_sample_value("podlore_writes_total", {"what": what, "result": result}) or 0.0


@pytest.fixture
def bench(api: Connection) -> Bench:
    return make_bench(api)


def make_bench(api: Connection, per_second: float = 1000.0, burst: float = 1000.0) -> Bench:
    pauses: list[float] = []
    time, rules = [0.0], {"leads": True}

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        time[0] += seconds
        rules["leads"] &= not rules.get("leads until paused", False)

    def monotonic() -> float:
        return time[0]

    book, telemetry = AdviceBook(), Telemetry()
    bucket = TokenBucket(per_second, burst, monotonic=monotonic, sleep=sleep)
    sender = Sender(
        api,
        lambda: rules["leads"],
        telemetry,
        bucket=bucket,
        sleep=sleep,
        monotonic=monotonic,
        rng=random.Random(0),
    )
    annotator = Annotator(sender, monotonic=monotonic)
    teller = EventTeller(sender, "podlore-0", monotonic=monotonic, wall=lambda: 1.8e9)
    return Bench(Writer(sender, book, telemetry, annotator, teller), book, telemetry, pauses, time, rules)


async def test_new_advice_is_applied_by_one_manager_and_its_status_by_another(bench: Bench, server: ApiServer) -> None:
    assert await bench.writer.perform(new(ONE)) == 0
    (_, path, query, body, content_type), (_, status_path, status_query, status_body, _) = server.asked
    assert (path, status_path) == (PATH, f"{PATH}/status")
    assert content_type == "application/apply-patch+yaml"
    assert query == {"fieldManager": "podlore", "force": "true", "fieldValidation": "Strict"}
    assert status_query["fieldManager"] == "podlore-status"
    assert body.keys() == {"apiVersion", "kind", "metadata", "spec"}
    assert body["metadata"]["ownerReferences"] == [
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "name": "train",
            "uid": "u1",
            "controller": False,
            "blockOwnerDeletion": False,
        }
    ]
    assert status_body.keys() == {"apiVersion", "kind", "metadata", "status"}


async def test_the_book_knows_at_once_what_was_written(bench: Bench) -> None:
    await bench.writer.perform(new(ONE))
    advice = bench.book.held[ONE.key]
    assert advice.status == ONE.status


async def test_advice_about_a_node_goes_to_the_cluster_kind(bench: Bench, server: ApiServer) -> None:
    node = said(NODE)
    await bench.writer.perform(new(node))
    assert server.asked[0][1] == f"/apis/podlore.io/v1alpha1/clusterschedulingadvices/{node.key.name}"
    assert "namespace" not in server.asked[0][3]["metadata"]


async def test_a_deletion_is_of_the_version_that_was_read(bench: Bench, server: ApiServer) -> None:
    await bench.writer.perform(new(ONE))
    await bench.writer.perform([Delete(ONE.key, "a1", "17", Why.EXPIRED)])
    assert server.asked[-1][0] == "DELETE"
    assert server.asked[-1][3]["preconditions"] == {"uid": "a1", "resourceVersion": "17"}
    assert ONE.key not in bench.book.held


async def test_nothing_is_sent_unless_this_replica_leads(bench: Bench, server: ApiServer) -> None:
    bench.rules["leads"] = False
    assert await bench.writer.perform(new(ONE)) == 2
    assert server.asked == []
    assert bench.count("advice", "not-leading") == 1


async def test_leadership_is_asked_for_again_after_every_wait(bench: Bench, server: ApiServer) -> None:
    server.answers = [(503, "busy", {})]
    bench.rules["leads until paused"] = True
    assert await bench.writer.perform(new(ONE)) == 2
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_busy_server_is_asked_again_after_the_time_it_names(
    bench: Bench, server: ApiServer, status: int
) -> None:
    server.answers = [(status, "later", {"Retry-After": "7"}), (status, "later", {})]
    assert await bench.writer.perform(new(ONE)) == 0
    assert bench.pauses[0] == 7
    assert 0 < bench.pauses[1] < 1
    assert len(server.asked) == 4


async def test_a_server_that_stays_busy_is_left_alone(bench: Bench, server: ApiServer) -> None:
    server.answers = [(503, "busy", {})] * 9
    assert await bench.writer.perform(new(ONE)) == 2
    assert len(server.asked) == 4
    assert bench.count("advice", "failed") == 1


async def test_a_refusal_breaks_the_circuit_for_what_was_refused(
    bench: Bench, server: ApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.answers = [(403, "schedulingadvices is forbidden", {})]
    many = [write for number in range(5) for write in new(said(ObjectRef("batch", "Job", "vision", f"j{number}")))]
    with caplog.at_level(logging.ERROR):
        await bench.writer.perform(many[:2])
        assert await bench.writer.perform(many) == 10
    assert len(server.asked) == 1
    assert len(caplog.records) == 1
    assert bench.telemetry.registry.get_sample_value("podlore_writes_refused", {"what": "advice"}) == 1
    bench.time[0] += 31
    assert await bench.writer.perform(many) == 0
    assert bench.telemetry.registry.get_sample_value("podlore_writes_refused", {"what": "advice"}) == 0


async def test_a_namespace_that_is_going_away_breaks_no_circuit(bench: Bench, server: ApiServer) -> None:
    server.answers = [(403, "unable to create new content in namespace vision because it is being terminated", {})]
    assert await bench.writer.perform(new(ONE)) == 2
    assert await bench.writer.perform(new(ONE)) == 0


async def test_what_is_gone_is_dropped_and_forgotten(bench: Bench, server: ApiServer) -> None:
    await bench.writer.perform(new(ONE))
    server.answers = [(404, "not found", {})]
    assert await bench.writer.perform([ApplyStatus(ONE.key, ONE.status, Why.CHANGED)]) == 1
    assert ONE.key not in bench.book.held
    assert bench.count("advice-status", "gone") == 1


async def test_a_conflict_is_left_to_the_next_round(bench: Bench, server: ApiServer) -> None:
    server.answers = [(409, "uid mismatch", {})]
    assert await bench.writer.perform(new(ONE)) == 2
    assert len(server.asked) == 1
    assert bench.count("advice", "conflict") == 1


async def test_what_the_server_calls_invalid_is_not_sent_again_at_once(
    bench: Bench, server: ApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.answers = [(422, "status.count in body must be of type integer", {})]
    await bench.writer.perform(new(ONE))
    await bench.writer.perform(new(ONE))
    assert len(server.asked) == 1
    assert len(caplog.records) == 1
    assert await bench.writer.perform(new(said(NODE))) == 0


async def test_a_failed_creation_keeps_its_status_from_being_sent(bench: Bench, server: ApiServer) -> None:
    server.answers = [(409, "", {})]
    await bench.writer.perform(new(ONE))
    assert server.methods == [("PATCH", PATH)]


async def test_a_few_objects_are_written_at_once_and_no_more(bench: Bench, server: ApiServer) -> None:
    many = [write for number in range(50) for write in new(said(ObjectRef("batch", "Job", "vision", f"j{number}")))]
    assert await bench.writer.perform(many) == 0
    assert 1 < server.most_under_way <= OBJECTS_AT_ONCE


async def test_each_objects_writes_keep_their_order(bench: Bench, server: ApiServer) -> None:
    many = [write for number in range(20) for write in new(said(ObjectRef("batch", "Job", "vision", f"j{number}")))]
    shuffled = [*many[::2], *many[1::2]]
    await bench.writer.perform(shuffled)
    first_seen: dict[str, str] = {}
    for _, path in server.methods:
        first_seen.setdefault(path.removesuffix("/status"), path)
    assert all(not path.endswith("/status") for path in first_seen.values())


POD = AnnotatePod("vision", "train-0", "p1", '{"advice":"x"}')


async def test_a_pod_is_annotated_by_a_merge_patch_on_its_very_incarnation(bench: Bench, server: ApiServer) -> None:
    await bench.writer.perform([POD])
    ((method, path, _, body, content_type),) = server.asked
    assert (method, path, content_type) == (
        "PATCH",
        "/api/v1/namespaces/vision/pods/train-0",
        "application/merge-patch+json",
    )
    assert body == {"metadata": {"uid": "p1", "annotations": {"podlore.io/advice": '{"advice":"x"}'}}}


async def test_a_pod_is_annotated_once_in_ten_minutes(bench: Bench, server: ApiServer) -> None:
    for seconds, patches in ((0, 1), (599, 1), (2, 2)):
        bench.time[0] += seconds
        await bench.writer.perform([POD])
        assert len(server.asked) == patches


async def test_a_burst_of_annotations_is_spread_over_rounds(bench: Bench, server: ApiServer) -> None:
    pods = [AnnotatePod("vision", f"train-{number}", f"p{number}", "{}") for number in range(50)]
    await bench.writer.perform(pods)
    assert len(server.asked) == 10
    bench.time[0] += 2
    await bench.writer.perform(pods)
    assert len(server.asked) == 20


async def test_more_writes_than_the_bucket_holds_wait_for_their_turn(api: Connection, server: ApiServer) -> None:
    bench = make_bench(api, per_second=1, burst=2)
    await bench.writer.perform([*new(ONE), Delete(ONE.key, "a1", "1", Why.EXPIRED)])
    assert len(server.asked) == 3
    assert bench.pauses == [1]
    assert bench.telemetry.registry.get_sample_value("podlore_write_wait_seconds_total") == 1


@pytest.mark.parametrize("status", [404, 409])
async def test_a_pod_that_is_gone_is_no_matter(bench: Bench, server: ApiServer, status: int) -> None:
    server.answers = [(status, "", {})]
    assert await bench.writer.perform([POD]) == 0


TOLD = EmitEvent(ONE.key, ONE.spec.target, "CrashLoop", "It fails.", "FixApplication")


async def test_an_event_is_told_about_the_target(bench: Bench, server: ApiServer) -> None:
    await bench.writer.perform([TOLD])
    ((method, path, _, body, _),) = server.asked
    assert (method, path) == ("POST", "/apis/events.k8s.io/v1/namespaces/vision/events")
    assert body["regarding"]["uid"] == "u1"
    assert body["related"]["name"] == ONE.key.name
    assert body["type"] == "Warning"


async def test_an_event_that_is_told_again_counts_up(bench: Bench, server: ApiServer) -> None:
    await bench.writer.perform([TOLD])
    await bench.writer.perform([TOLD])
    assert len(server.asked) == 1
    bench.time[0] += 301
    await bench.writer.perform([TOLD])
    method, path, _, body, _ = server.asked[-1]
    assert method == "PATCH"
    assert path.endswith(f"/events/{server.asked[0][3]['metadata']['name']}")
    assert body["series"]["count"] == 2


async def test_an_event_that_an_earlier_process_told_counts_up(bench: Bench, server: ApiServer) -> None:
    server.answers = [(409, "already exists", {})]
    await bench.writer.perform([TOLD])
    assert [method for method, _ in server.methods] == ["POST", "PATCH"]


async def test_a_storm_of_events_is_cut(bench: Bench, server: ApiServer) -> None:
    storm = [EmitEvent(ONE.key, ONE.spec.target, "CrashLoop", f"It fails {n}.", "FixApplication") for n in range(90)]
    await bench.writer.perform(storm)
    assert len(server.asked) == 25


async def test_a_dry_run_keeps_in_mind_what_would_be_there_and_asks_for_nothing(
    server: ApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    book = AdviceBook()
    with caplog.at_level(logging.INFO):
        await DryRun(book).perform([*new(ONE), POD, TOLD])
    advice = book.held[ONE.key]
    assert advice.status == ONE.status
    assert advice.metadata.owner_references[0].uid == "u1"
    assert "would create" in caplog.text
    await DryRun(book).perform([Delete(ONE.key, "", "", Why.EXPIRED)])
    assert not book.held
    assert server.asked == []


async def test_a_bucket_lets_a_burst_through_and_then_a_steady_stream() -> None:
    time = [0.0]

    async def sleep(seconds: float) -> None:
        time[0] += seconds

    read: Callable[[], float] = lambda: time[0]  # noqa: E731
    bucket = TokenBucket(2, 4, monotonic=read, sleep=sleep)
    waits = [await bucket.take() for _ in range(8)]
    assert waits[:4] == [0, 0, 0, 0]
    assert time[0] == pytest.approx(2)


async def test_a_server_that_does_not_answer_costs_one_writes_patience_not_that_of_each(
    bench: Bench, server: ApiServer
) -> None:
    server.answers = [(503, "down", {})] * 1000
    many = [write for number in range(100) for write in new(said(ObjectRef("batch", "Job", "vision", f"j{number}")))]
    assert await bench.writer.perform(many) == 200
    assert len(server.asked) <= 4 * OBJECTS_AT_ONCE
    server.answers = []
    bench.time[0] += 60
    assert await bench.writer.perform(many) == 0
