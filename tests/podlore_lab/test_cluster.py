"""The control plane itself: it schedules, authorizes, logs, scrapes, and lives beside another."""

import http.server
import json
import socket
import threading
import urllib.parse
import urllib.request
from datetime import timedelta

import pytest

from podlore.errors import BadInput, Unavailable
from podlore_lab import ports
from podlore_lab.cluster import Lab
from podlore_lab.ports import LOOPBACK
from podlore_lab.waiting import wait_for


def query(lab, expression):
    url = f"{lab.prometheus_url}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)["data"]["result"]


def test_the_scheduler_binds_what_fits_and_leaves_the_rest_pending(lab, pool):
    pool.add_nodes(2, 8)
    pool.create(*(pool.pod(f"p{index}", gpus=1) for index in range(20)))

    def phases():
        return sorted(pod["status"]["phase"] for pod in lab.api.get(pool.path)["items"])

    def refused():
        conditions = {p["metadata"]["name"]: p["status"].get("conditions", ()) for p in lab.api.get(pool.path)["items"]}
        return {name: each for name, listed in conditions.items() for each in listed if each["status"] == "False"}

    wait_for(lambda: phases() == ["Pending"] * 4 + ["Running"] * 16 and len(refused()) == 4, "16 to run, 4 to wait")
    for name, condition in refused().items():
        assert (condition["type"], condition["reason"]) == ("PodScheduled", "Unschedulable")
        assert "Insufficient nvidia.com/gpu" in condition["message"]
        pool.wait_events(name, "FailedScheduling")
    lab.api.delete(f"{pool.path}/{next(p['metadata']['name'] for p in running(lab, pool))}")
    wait_for(lambda: len(running(lab, pool)) == 16 and len(phases()) == 19, "one of those that waited to run")


def running(lab, pool):
    return [pod for pod in lab.api.get(pool.path)["items"] if pod["status"]["phase"] == "Running"]


ROLE = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: writer}
rules:
- {apiGroups: [""], resources: [configmaps], verbs: [get, create, patch, delete]}
"""


@pytest.fixture
def writer(lab, fresh_namespace):
    """A service account that may write ConfigMaps, and how kubectl is called as it."""
    lab.kubectl("create", "serviceaccount", "writer", "-n", fresh_namespace)
    lab.kubectl("apply", "-n", fresh_namespace, "-f", "-", stdin=ROLE)
    account = f"{fresh_namespace}:writer"
    lab.kubectl("create", "rolebinding", "w", "--role=writer", f"--serviceaccount={account}", "-n", fresh_namespace)
    config = lab.service_account_kubeconfig(fresh_namespace, "writer")
    assert config.stat().st_mode & 0o077 == 0
    return f"system:serviceaccount:{account}", (f"--kubeconfig={config}", "-n", fresh_namespace)


def test_the_audit_log_names_who_did_what_with_which_answer(lab, fresh_namespace, writer):
    user, as_writer = writer
    lab.kubectl("create", "configmap", "kept", *as_writer)
    lab.kubectl("create", "configmap", "asked", "--dry-run=server", *as_writer)
    lab.kubectl("patch", "configmap", "kept", "--dry-run=server", "-p", '{"data":{"a":"b"}}', *as_writer)
    lab.kubectl("delete", "configmap", "kept", "--dry-run=server", *as_writer)
    with pytest.raises(BadInput, match="cannot list resource"):
        lab.kubectl("get", "secrets", *as_writer)
    lab.kubectl("delete", "configmap", "kept", *as_writer)

    events = [event for event in lab.audit_events(user=user) if event.resource]
    assert {event.stage for event in events} == {"ResponseComplete"}
    seen = [(event.verb, event.resource, event.name, event.code, event.dry_run) for event in events]
    assert ("create", "configmaps", "kept", 201, False) in seen
    assert ("create", "configmaps", "asked", 201, True) in seen
    assert ("patch", "configmaps", "kept", 200, True) in seen
    assert ("delete", "configmaps", "kept", 200, True) in seen
    assert ("list", "secrets", "", 403, False) in seen
    assert {event.namespace for event in events} == {fresh_namespace}
    persisted = [(event.verb, event.name) for event in events if event.is_persisted_mutation]
    assert persisted == [("create", "kept"), ("delete", "kept")]


def test_a_question_about_rights_is_no_mutation(lab, writer):
    user, as_writer = writer
    assert lab.kubectl("auth", "can-i", "create", "configmaps", *as_writer) == "yes\n"
    reviews = [event for event in lab.audit_events(user=user) if event.resource == "selfsubjectaccessreviews"]
    assert reviews
    assert not any(event.is_persisted_mutation for event in reviews)


def test_the_reads_of_the_control_plane_are_left_out_of_the_audit_log(lab, pool):
    pool.add_nodes(1, 0)
    pool.create(pool.pod("p"))
    pool.wait_shown("p", "Running")
    users = {(event.user, event.verb) for event in lab.audit_events()}
    assert ("system:kube-scheduler", "create") in users
    assert ("podlore-lab-kwok", "patch") in users
    assert not {verb for user, verb in users if user == "podlore-lab-kwok"} & {"get", "list", "watch"}


def test_a_token_can_be_created_and_is_refused_when_too_short(lab, fresh_namespace):
    assert lab.kubectl("create", "token", "default", "-n", fresh_namespace).count(".") == 2
    with pytest.raises(BadInput, match="tokens live 600 s at least"):
        lab.service_account_kubeconfig(fresh_namespace, "default", duration=timedelta(minutes=1))


def test_the_servers_say_their_versions(lab):
    versions = json.loads(lab.kubectl("version", "-o", "json"))
    assert versions["serverVersion"]["gitVersion"] == versions["clientVersion"]["gitVersion"]
    assert versions["serverVersion"]["minor"] == versions["serverVersion"]["gitVersion"].split(".")[1]


def test_kubectl_and_helm_pass_on_what_went_wrong(lab):
    with pytest.raises(BadInput, match=r"kubectl get nothing: error: the server doesn't have a resource type"):
        lab.kubectl("get", "nothing")
    with pytest.raises(BadInput, match="helm status nothing: "):
        lab.helm("status", "nothing")


METRICS = b'# TYPE fake_power gauge\nfake_power{pod="train",job="own"} 42\n'


class Metrics(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(METRICS)

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


def test_prometheus_scrapes_what_was_added_every_second_and_trusts_no_label_of_it(lab):
    with http.server.ThreadingHTTPServer((LOOPBACK, 0), Metrics) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            lab.add_scrape_target("faked", f"{LOOPBACK}:{server.server_port}")
            samples = 'count_over_time(fake_power{job="faked"}[4s]) >= 3'
            found = wait_for(lambda: query(lab, samples), "three samples in four seconds", timeout_seconds=20)
            assert found[0]["metric"]["exported_job"] == "own"
            assert found[0]["metric"]["pod"] == "train"
        finally:
            server.shutdown()


def test_a_job_can_be_pointed_elsewhere_and_its_name_is_checked(lab):
    lab.add_scrape_target("moved", f"{LOOPBACK}:1")
    lab.add_scrape_target("moved", f"{LOOPBACK}:2")
    wait_for(lambda: [each["metric"]["instance"] for each in query(lab, 'up{job="moved"}')] == [f"{LOOPBACK}:2"], "it")
    with pytest.raises(BadInput, match="use letters, digits"):
        lab.add_scrape_target("../x", "a:1")


def test_a_port_that_is_in_use_is_named_and_nothing_is_left(several_labs):
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(Unavailable, match=f"port {port} for api server is in use"):
            Lab("taken", api_port=port).start()
    assert list(several_labs.iterdir()) == []


def test_a_lab_that_was_not_started_says_so(several_labs):
    with pytest.raises(Unavailable, match="lab 'none' has not been started"):
        _ = Lab("none").api_url
    with pytest.raises(Unavailable, match="no lab 'none' runs; start it with: podlore lab up --name none"):
        Lab.find("none")


def test_a_name_is_taken_by_one_lab_only(lab):
    with pytest.raises(Unavailable, match=f"lab '{lab.name}' exists already"):
        Lab(lab.name).start()
    assert Lab.find(lab.name).api.is_ready()


def test_a_port_that_is_lost_before_it_is_used_is_replaced(several_labs, monkeypatch):
    with socket.create_server((LOOPBACK, 0)) as server:
        lost = [server.getsockname()[1]]
        choose = ports.free_ports
        monkeypatch.setattr(ports, "free_ports", lambda count: [*choose(count - len(lost)), *(lost and [lost.pop()])])
        with Lab("again") as lab:
            assert lab.api.is_ready()
            assert not lost
            assert lab.description.ports.prometheus != server.getsockname()[1]
    assert not (several_labs / "again").exists()


def test_a_folder_that_cannot_be_made_is_one_clear_line(monkeypatch):
    monkeypatch.setenv("PODLORE_LABS", "/proc/nowhere/labs")
    with pytest.raises(Unavailable, match="/proc/nowhere/labs: No such file or directory; set PODLORE_LABS"):
        Lab("x")
