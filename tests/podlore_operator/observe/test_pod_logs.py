"""Logs of pods, against an HTTP server that speaks as the API server does."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from aiohttp import web

from podlore.advisor import advise
from podlore.clock import Clock
from podlore.cluster_state import ClusterState
from podlore.errors import Unavailable
from podlore.policy import Policy
from podlore.vocabulary import Container, Pattern, Pod, Termination
from podlore_operator.logs_loop import LogsLoop
from podlore_operator.observe.connection import Connection
from podlore_operator.observe.credentials import Credentials
from podlore_operator.observe.pod_logs import LINES_MAX, PODS_MAX, read_logs, worth_reading
from podlore_operator.serve.telemetry import Telemetry

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC).timestamp()
CLOCK = Clock(read=lambda: NOW)
RUNNING = Container("main", running_since=NOW - 600)
FAILING = Container("main", running_since=NOW - 60, ended_before=Termination(1, "Error", NOW - 120, NOW - 90))


def pod(name, *containers, namespace="vision", phase="Running"):
    return Pod(namespace, name, f"uid-{name}", NOW - 900, phase, "gpu-1", containers=containers or (RUNNING,))


def line(seconds, text):
    at = datetime.fromtimestamp(NOW - seconds, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.123456789Z {text}"


class Kubelets:
    """The logs of all pods, by name; a number is a refusal."""

    def __init__(self):
        self.logs = {}
        self.asked = []

    async def answer(self, request):
        self.asked.append((request.match_info["pod"], dict(request.query)))
        found = self.logs.get(request.match_info["pod"], 404)
        if isinstance(found, int):
            return web.json_response({"message": "no"}, status=found)
        return web.Response(text="\n".join(found) + "\n")


@pytest.fixture
async def kubelets():
    return Kubelets()


@pytest.fixture
async def api(kubelets):
    app = web.Application()
    app.router.add_get("/api/v1/namespaces/vision/pods/{pod}/log", kubelets.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    async with Connection(lambda: Credentials(f"http://127.0.0.1:{port}", "the test")) as connection:
        yield connection
    await runner.cleanup()


async def test_lines_come_masked_with_their_time(kubelets, api):
    kubelets.logs["train"] = [line(30, "Failed password for invalid user bob from 203.0.113.9"), "no time", line(5, "")]
    (found,) = (await read_logs(api, CLOCK, [pod("train")])).values()
    assert [(one.namespace, one.pod, one.text) for one in found] == [
        ("vision", "train", "Failed password for invalid user <user> from <ip>")
    ]
    assert found[0].at == pytest.approx(NOW - 30, abs=1)


async def test_the_kubelet_is_asked_for_no_more_than_is_kept_and_more_is_cut_off(kubelets, api):
    kubelets.logs["train"] = [line(30, "x" * 30) for _ in range(3 * LINES_MAX)]
    (found,) = (await read_logs(api, CLOCK, [pod("train")])).values()
    ((_, query),) = kubelets.asked
    assert (query["tailLines"], query["limitBytes"], query["container"]) == ("200", "65536", "main")
    assert len(found) == LINES_MAX


@pytest.mark.parametrize("status", [400, 404, 500, 502])
async def test_a_log_that_is_not_there_is_empty_and_others_are_read(kubelets, api, status):
    kubelets.logs |= {"a": status, "b": [line(30, "hello")]}
    found = await read_logs(api, CLOCK, [pod("a"), pod("b")])
    assert {key[1]: len(lines) for key, lines in found.items()} == {"a": 0, "b": 1}


async def test_without_the_right_to_read_logs_it_says_the_way_out(kubelets, api):
    kubelets.logs["train"] = 403
    with pytest.raises(Unavailable, match=r"set logs\.enabled in the chart"):
        await read_logs(api, CLOCK, [pod("train")])


def test_failing_pods_are_read_first_and_then_those_not_read_for_longest():
    pods = [pod("old"), pod("bad", FAILING), pod("never"), pod("waits", Container("main", waiting_reason="Creating"))]
    chosen = worth_reading(pods, Policy(), {("vision", "old"): NOW - 60}, NOW)
    assert [one.name for one in chosen] == ["bad", "never", "old"]


def test_namespaces_out_of_scope_are_not_read_and_pods_are_bounded():
    many = [pod(f"p{number:03}") for number in range(2 * PODS_MAX)]
    chosen = worth_reading([pod("system", namespace="kube-system"), *many], Policy(), {}, NOW)
    assert len(chosen) == PODS_MAX
    assert Counter(one.namespace for one in chosen) == {"vision": PODS_MAX}


@pytest.fixture
def state():
    found = ClusterState(CLOCK)
    found.apply(pod("sshd"))
    found.set_policy(Policy(logs_enabled=True))
    return found


@pytest.fixture
def loop(api, state):
    return LogsLoop(api=api, state=state, clock=CLOCK, telemetry=Telemetry(), changed=lambda: None)


async def test_guessing_in_a_log_becomes_advice(kubelets, loop, state):
    kubelets.logs["sshd"] = [
        line(600 - 10 * n, f"Failed password for root from 203.0.113.9 port {n}") for n in range(30)
    ]
    await loop.read()
    (advice,) = advise(state.snapshot()).recommendations
    assert (advice.because.pattern, advice.because.cause) == (Pattern.SECURITY_INCIDENT, "Guessing")
    assert not [one for one in state.snapshot().logs if "203.0.113.9" in one.text]


async def test_switched_off_nothing_is_asked_and_what_was_read_is_forgotten(kubelets, loop, state):
    kubelets.logs["sshd"] = [line(30, "hello")]
    await loop.read()
    assert len(state.snapshot().logs) == 1
    state.set_policy(Policy())
    await loop.read()
    assert state.snapshot().logs == ()
    assert len(kubelets.asked) == 1


async def test_the_log_of_a_pod_that_is_gone_is_forgotten(kubelets, loop, state):
    kubelets.logs["sshd"] = [line(30, "hello")]
    await loop.read()
    state.replace("Pod", [pod("other")])
    await loop.read()
    assert state.snapshot().logs == ()


async def test_a_refusal_is_counted_once_and_rested_from(kubelets, loop):
    kubelets.logs["sshd"] = 403
    await loop.read()
    await loop.read()
    assert len(kubelets.asked) == 1
    assert loop._telemetry.registry.get_sample_value("podlore_skipped_total", {"source": "logs"}) == 1
