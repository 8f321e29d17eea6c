"""``podlore advice`` against an operator's endpoint, and what it prints of hostile objects."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from podlore.cli.main import app
from podlore.errors import BadInput, Unavailable
from podlore.snapshot import History
from podlore.testing import NOW, snapshot
from podlore.vocabulary import Action, Followed, Given, ObjectRef, Outcome, Pattern

ADVICE: dict[str, Any] = {
    "apiVersion": "podlore.io/v1alpha1",
    "kind": "SchedulingAdvice",
    "metadata": {"namespace": "vision", "name": "job-train-crashloop-d5a0b6bc", "generation": 1},
    "spec": {"target": {"group": "batch", "kind": "Job", "name": "train"}},
    "status": {
        "state": "Active",
        "pattern": "CrashLoop",
        "cause": "ExitCode",
        "action": "FixApplication",
        "severity": "high",
        "summary": "vision/Job/train keeps failing.",
        "confidence": 95,
        "gpuHoursAtStake": "24",
        "evidence": [
            {"source": "Event", "reference": "BackOff", "observed": "4 failures", "threshold": "3 failures in 1 h"}
        ],
        "recommendation": {"type": "Manual", "steps": "Read its log."},
        "target": "Job/train",
        "firstSeen": "2026-11-23T10:00:00Z",
        "lastSeen": "2026-11-23T10:00:00Z",
        "expiresAt": "2026-11-24T10:00:00Z",
        "modelVersion": "podlore 0.1.0",
    },
}


def changed(name: str, **status: Any) -> dict[str, Any]:
    metadata = {**ADVICE["metadata"], "name": name}
    return {**ADVICE, "metadata": metadata, "status": {**ADVICE["status"], **status}}


class Endpoint:
    """An operator's HTTP server that serves what the test says."""

    def __init__(self) -> None:
        self.items: list[Any] = [ADVICE]
        self.body: bytes | None = None
        self.status = 200
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = endpoint.body
                body = json.dumps({"items": endpoint.items}).encode() if body is None else body
                self.send_response(endpoint.status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Stay quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    serving = Endpoint()
    thread = threading.Thread(target=serving.server.serve_forever, daemon=True)
    thread.start()
    yield serving
    serving.server.shutdown()
    serving.server.server_close()


def advice(endpoint: Endpoint, *options: str) -> str:
    """Run the command and return what it prints."""
    done = CliRunner().invoke(app, ["advice", "--operator", endpoint.url, *options])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_table_looks_like_kubectls(endpoint: Endpoint) -> None:
    head, row = advice(endpoint).splitlines()
    assert head.split() == ["NAMESPACE", "NAME", "PATTERN", "ACTION", "SEVERITY", "GPUH", "STATE", "AGE", "TARGET"]
    assert row.split()[:7] == [
        "vision",
        "job-train-crashloop-d5a0b6bc",
        "CrashLoop",
        "FixApplication",
        "high",
        "24",
        "Active",
    ]


def test_wide_adds_the_summary(endpoint: Endpoint) -> None:
    assert "vision/Job/train keeps failing." in advice(endpoint, "-o", "wide")
    assert "keeps failing" not in advice(endpoint)


def test_the_most_pressing_comes_first(endpoint: Endpoint) -> None:
    endpoint.items = [
        changed("a", state="Resolved", severity="critical"),
        changed("b", severity="low", gpuHoursAtStake="900"),
        changed("c", severity="high", gpuHoursAtStake="1"),
        changed("d", severity="high", gpuHoursAtStake="10"),
    ]
    names = [line.split()[1] for line in advice(endpoint).splitlines()[1:]]
    assert names == ["d", "c", "b", "a"]


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_documents_are_the_objects(endpoint: Endpoint, form: str) -> None:
    import yaml

    (found,) = yaml.safe_load(advice(endpoint, "-o", form))
    assert found["status"]["summary"] == ADVICE["status"]["summary"]
    assert found["metadata"]["name"] == ADVICE["metadata"]["name"]


def test_a_namespace_can_be_chosen(endpoint: Endpoint) -> None:
    assert advice(endpoint, "-n", "nlp") == "No advice.\n"
    assert "train" in advice(endpoint, "-n", "vision")


def test_one_is_explained_with_its_evidence_and_how_to_react(endpoint: Endpoint) -> None:
    text = advice(endpoint, "--explain", ADVICE["metadata"]["name"])
    assert "4 failures [bar: 3 failures in 1 h; BackOff]" in text
    assert "Read its log." in text
    assert """kubectl patch -n vision sadv job-train-crashloop-d5a0b6bc --type merge -p '{"spec":{"ack""" in text


def test_an_unknown_name_is_told_with_the_way_out(endpoint: Endpoint) -> None:
    with pytest.raises(BadInput, match="podlore advice lists the names"):
        advice(endpoint, "--explain", "nothing")


def test_what_cannot_be_read_is_left_out_and_told(endpoint: Endpoint) -> None:
    endpoint.items = [{"metadata": {"name": "odd"}}, "text", None, changed("bad", state=7), ADVICE]
    done = CliRunner().invoke(app, ["advice", "--operator", endpoint.url])
    assert done.exit_code == 0, done.output
    assert len(done.stdout.splitlines()) == 2
    assert done.stderr.count("left out") == 4


def test_an_advice_without_a_status_is_shown_as_what_it_is(endpoint: Endpoint) -> None:
    blank = {key: value for key, value in ADVICE.items() if key != "status"}
    endpoint.items = [blank]
    assert "Job/train" in advice(endpoint)
    assert "repair" in advice(endpoint, "--explain", ADVICE["metadata"]["name"])


def test_nothing_drives_the_terminal(endpoint: Endpoint) -> None:
    endpoint.items = [changed("a", summary="\x1b]0;evil\x07 \u202e", target="Job/\x1b[31m")]
    for options in ((), ("-o", "wide"), ("--explain", "a"), ("-o", "yaml"), ("-o", "json")):
        assert "\x1b" not in advice(endpoint, *options)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"<html>", b'{"items": 7}'])
def test_something_else_at_that_address_is_told(endpoint: Endpoint, body: bytes) -> None:
    endpoint.body = body
    with pytest.raises(BadInput, match="is no podlore operator"):
        advice(endpoint)


def test_an_operator_that_refuses_is_told(endpoint: Endpoint) -> None:
    endpoint.status, endpoint.body = 403, b"only on loopback"
    with pytest.raises(Unavailable, match="403 only on loopback"):
        advice(endpoint)


def test_no_operator_is_told_with_the_way_out() -> None:
    for url, error in (("http://127.0.0.1:1", Unavailable), ("nonsense", BadInput)):
        done = CliRunner().invoke(app, ["advice", "--operator", url])
        assert isinstance(done.exception, error)
        assert "\n" not in str(done.exception)


def test_what_came_of_advice_is_read_from_an_operator(endpoint: Endpoint) -> None:
    given = Given(
        ObjectRef("batch", "Job", "vision", "train"),
        Pattern.RESOURCE_HOARDING,
        "AllIdle",
        Action.RELEASE_IDLE,
        NOW,
        unit="GPUHours",
        expected=24,
        low=12,
        high=36,
    )
    outcomes = tuple(
        Outcome(replace(given, target=replace(given.target, namespace=name)), Followed.YES, 18, NOW, control=3)
        for name in ("vision", "nlp")
    )
    endpoint.body = msgspec.json.encode(snapshot(history=History(outcomes=outcomes)))
    listed = CliRunner().invoke(app, ["advice", "--outcomes", "--operator", endpoint.url, "-n", "nlp"])
    assert listed.exit_code == 0, listed.output
    row = next(line for line in listed.output.splitlines() if line.startswith("nlp"))
    assert row.split()[3:8] == ["Followed", "24", "12-36", "18", "3"]
    assert "vision" not in listed.output
    wanted = ["advice", "--outcomes", "--operator", endpoint.url, "-o", "json"]
    assert [one["namespace"] for one in json.loads(CliRunner().invoke(app, wanted).output)["outcomes"]] == [
        "vision",
        "nlp",
    ]
