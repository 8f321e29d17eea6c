import base64
import ssl
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import yaml

from podlore.errors import BadInput, Unavailable
from podlore_operator.observe.connection import Connection, Patience, Refused
from podlore_operator.observe.credentials import Credentials, from_kubeconfig
from podlore_operator.observe.refused import RETRY_AFTER_SECONDS_MAX, read_retry_after
from podlore_operator.observe.testing import FakeApiServer, Fault, Stream, eventually, pod_object

PODS = "/api/v1/pods"
QUICK = Patience(connect_seconds=1.0, request_seconds=1.0, silence_seconds=0.3)


def connect(server, **changes):
    return Connection(lambda: Credentials(server.url, "the test", **changes), QUICK)


# --- against the real API server -----------------------------------------------------------------------------------


async def test_a_kubeconfig_opens_the_real_server(lab):
    async with Connection.open(lab.kubeconfig) as api:
        assert (await api.request("GET", "/version")).json()["gitVersion"].startswith("v1.")
        namespaces = (await api.request("GET", "/api/v1/namespaces")).json()["items"]
        assert "kube-system" in {namespace["metadata"]["name"] for namespace in namespaces}


async def test_objects_are_written_and_watched(lab, fresh_namespace):
    path = f"/api/v1/namespaces/{fresh_namespace}/configmaps"
    async with Connection.open(lab.kubeconfig) as api:
        made = await api.request("POST", path, body={"metadata": {"name": "a"}})
        assert made.status == 201
        query = {"watch": "1", "fieldSelector": "metadata.name=a"}
        async with aclosing(api.watch(path, query)) as lines:
            assert b'"name":"a"' in await anext(lines)
        with pytest.raises(Refused) as refused:
            await api.request("POST", path, body={"metadata": {"name": "a"}})
        assert (refused.value.status, refused.value.reason) == (409, "AlreadyExists")
        with pytest.raises(Refused) as refused:
            await api.request("GET", f"{path}/b")
        assert (refused.value.status, refused.value.reason) == (404, "NotFound")


async def test_a_wrong_token_says_what_to_renew(lab):
    found = from_kubeconfig(lab.kubeconfig)
    authority = yaml.safe_load(lab.kubeconfig.read_text())["clusters"][0]["cluster"]["certificate-authority-data"]
    tls = ssl.create_default_context(cadata=base64.b64decode(authority).decode())
    async with Connection(lambda: replace(found, tls=tls, token="wrong")) as api:
        with pytest.raises(Refused, match=r"does not accept context .* renew its token") as refused:
            await api.request("GET", "/version")
    assert refused.value.status == 401


async def test_another_authority_is_no_trust(lab):
    found = from_kubeconfig(lab.kubeconfig)
    async with Connection(lambda: replace(found, tls=ssl.create_default_context())) as api:
        with pytest.raises(Unavailable, match=r"is not the server that context .* trusts .*certificate authority"):
            await api.request("GET", "/version")


async def test_an_account_without_rights_is_told_whose_they_are(lab, fresh_namespace):
    kubeconfig = lab.service_account_kubeconfig(fresh_namespace, "default")
    async with Connection.open(kubeconfig) as api:
        with pytest.raises(Refused, match=r"403 .*pods is forbidden.*; grant it to the account of") as refused:
            await api.request("GET", PODS)
    assert refused.value.status == 403


# --- against one that misbehaves -----------------------------------------------------------------------------------


async def test_where_nobody_listens_there_is_no_cluster():
    async with FakeApiServer([PODS]) as server:
        gone = connect(server)
    async with gone as api:
        with pytest.raises(Unavailable, match=r"no API server at .*: is the cluster running"):
            await api.request("GET", PODS)


async def test_a_server_that_speaks_no_tls_is_not_taken_for_one():
    async with FakeApiServer([PODS]) as server:
        credentials = Credentials(server.url.replace("http:", "https:"), "the test", tls=ssl.create_default_context())
        async with Connection(lambda: credentials, QUICK) as api:
            with pytest.raises(Unavailable, match="is not the server that the test trusts"):
                await api.request("GET", PODS)


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:1", "http://", "ftp://host", "http://host:port", "http://[::1", "//host"]
)
def test_what_is_no_url_is_bad_input(url):
    with pytest.raises(BadInput, match="the server of the test, is no http or https URL"):
        Credentials(url, "the test")


async def test_an_answer_that_is_no_json_is_no_answer(server, api):
    server.fail("list", Fault(body=b"<html>"), Fault(body=b"[1]"))
    for _ in range(2):
        with pytest.raises(Unavailable):
            (await api.request("GET", PODS)).json()


async def test_a_silent_watch_is_given_up(server, api):
    server.fail("watch", Fault(stream=Stream.SILENT))
    with pytest.raises(Unavailable, match="no word from"):
        async with aclosing(api.watch(PODS, {"watch": "1", "resourceVersion": "0"})) as lines:
            await anext(lines)


async def test_a_line_that_was_cut_off_is_not_taken_for_one(server, api):
    server.fail("watch", Fault(stream=Stream.CUT))
    await server.put(PODS, pod_object("a"))
    seen = []
    with pytest.raises(Unavailable, match="broke"):
        async with aclosing(api.watch(PODS, {"watch": "1", "resourceVersion": "0"})) as lines:
            seen = [line async for line in lines]
    assert seen == []


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("", 0.0), ("-1", 0.0), ("9" * 500, RETRY_AFTER_SECONDS_MAX), ("soon", 0.0), ("٣", 0.0), ("1.5", 0.0)],
)
def test_the_time_to_wait_is_read_with_care(header, seconds):
    assert read_retry_after(header) == seconds


def test_the_time_to_wait_may_be_a_date():
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    assert 15 < read_retry_after(soon) <= 20


async def test_a_rotated_token_is_picked_up_without_a_refusal(tmp_path):
    file = tmp_path / "token"
    file.write_text("first")
    async with FakeApiServer([PODS], tokens=frozenset({"first"})) as server, connect(server, token_file=file) as api:
        await api.request("GET", PODS)
        server.tokens = frozenset({"second"})
        file.write_text("second\n")
        await api.request("GET", PODS)
    assert len(server.asked) == 2


async def test_refused_credentials_are_read_anew_once():
    tokens = iter(["first", "second", "third"])

    def read():
        return Credentials(server.url, "the test", token=next(tokens))

    async with FakeApiServer([PODS], tokens=frozenset({"second"})) as server, Connection(read, QUICK) as api:
        assert (await api.request("GET", PODS)).status == 200
        server.tokens = frozenset({"fourth"})
        with pytest.raises(Refused, match="does not accept the test"):
            await api.request("GET", PODS)
    assert len(server.asked) == 4


async def test_where_the_credentials_cannot_be_read_anew_the_old_ones_are_shown():
    answers = iter([lambda: None])

    def read():
        if next(answers, None) is None:
            raise BadInput("half-written")
        return Credentials(server.url, "the test", token="first")

    async with FakeApiServer([PODS], tokens=frozenset({"other"})) as server, Connection(read, QUICK) as api:
        with pytest.raises(Refused):
            await api.request("GET", PODS)
    assert len(server.asked) == 2


async def test_a_missing_token_file_is_named(tmp_path, server):
    async with connect(server, token_file=tmp_path / "token") as api:
        with pytest.raises(BadInput, match=f"cannot read the token at {tmp_path}/token"):
            await api.request("GET", PODS)


async def test_leaving_a_watch_closes_its_line(server, api):
    await server.put(PODS, pod_object("a"))
    async with aclosing(api.watch(PODS, {"watch": "1", "resourceVersion": "0"})) as lines:
        await anext(lines)
        assert server.open_watches == 1
    await eventually(lambda: server.open_watches == 0, "the line to close")
