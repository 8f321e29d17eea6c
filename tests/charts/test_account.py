"""What podlore's account may really do on a real API server, asked with its own token."""

import http.client
import json
import os
import ssl
from itertools import count
from pathlib import Path

import pytest
import yaml

from podlore_lab.waiting import wait_for
from podlore_operator.api.v1alpha1 import API_VERSION

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.xdist_group("charts")]

ROOT = Path(__file__).parents[2]
CHART = str(ROOT / "charts" / "podlore")
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
TARGET = {"group": "batch", "kind": "Job", "name": "train"}
OWN = "/apis/podlore.io/v1alpha1"
STATE = "/api/v1/namespaces/podlore/configmaps/podlore-state"


class Account:
    """podlore's ServiceAccount: it asks the API server and tells the status of the answer."""

    def __init__(self, lab) -> None:
        self.lab = lab
        config = yaml.safe_load(lab.service_account_kubeconfig("podlore", "podlore").read_text())
        self._token = config["users"][0]["user"]["token"]
        self._tls = ssl.create_default_context(cafile=str(lab.folder.certificates / "ca.crt"))

    def ask(self, method, path, body=None, content_type="application/json"):
        connection = http.client.HTTPSConnection(self.lab.api_url.removeprefix("https://"), context=self._tls)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": content_type}
        connection.request(method, path, body and json.dumps(body), headers)
        answer = connection.getresponse()
        self.said = answer.read().decode()
        connection.close()
        return answer.status

    def apply(self, path, body):
        return self.ask("PATCH", f"{path}?fieldManager=podlore&force=true", body, APPLY)


def installed(lab, *options):
    lab.helm("install", "podlore", CHART, "-n", "podlore", "--create-namespace", "--set=replicaCount=0", *options)
    account = Account(lab)
    wait_for(lambda: account.ask("GET", f"{OWN}/schedulingadvices") == 200, "roles and kinds to take effect")
    return account


def state(name="podlore-state"):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "b"}}


def advice(name="a", **parts):
    return {"apiVersion": API_VERSION, "kind": "SchedulingAdvice", "metadata": {"name": name}, **parts}


def pod(name="train-0"):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "train"}, "annotations": {"example.org/a": "1"}},
        "spec": {"containers": [{"name": "main", "image": "train:1"}]},
    }


def test_all_its_rights_are_those_of_the_golden_file(empty_lab):
    installed(empty_lab)
    found = empty_lab.kubectl("auth", "can-i", "--list", "-n=podlore", "--as=system:serviceaccount:podlore:podlore")
    lines = sorted(" ".join(line.split()) for line in found.splitlines()[1:])
    golden, text = Path(__file__).parent / "rights" / "can-i.txt", "\n".join(lines) + "\n"
    if os.environ.get("PODLORE_UPDATE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text(), f"if this is meant: PODLORE_UPDATE_GOLDEN=1 pytest {__file__}"


def test_it_keeps_its_state_and_its_lease_by_name_alone(empty_lab):
    account = installed(empty_lab)
    assert account.apply(STATE, state()) == 201
    assert account.apply(STATE, {**state(), "data": {"a": "c"}}) == 200
    assert account.ask("GET", STATE) == 200
    assert account.apply(STATE.replace("podlore-state", "other"), state("other")) == 403
    assert account.ask("POST", STATE.rpartition("/")[0], state("other")) == 403
    assert account.ask("DELETE", STATE) == 403

    leases = "/apis/coordination.k8s.io/v1/namespaces/podlore/leases"
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "podlore"}}
    assert account.ask("POST", leases, lease) == 201
    found = account.ask("GET", f"{leases}/podlore")
    assert found == 200
    assert account.ask("PUT", f"{leases}/podlore", json.loads(account.said)) == 200
    assert account.ask("POST", leases.replace("/podlore/", "/default/"), lease) == 403


def test_it_writes_advice_and_withdraws_it(empty_lab):
    account, path = installed(empty_lab), f"{OWN}/namespaces/default/schedulingadvices/a"
    assert account.apply(path, advice(spec={"target": TARGET})) == 201
    assert account.apply(f"{path}/status", advice(status={"count": 1})) == 422  # allowed, and the status is wrong
    assert account.ask("PATCH", path, {"spec": {"acknowledged": True}}, MERGE) == 200
    assert account.ask("DELETE", path) == 200


def test_it_is_refused_what_it_does_not_need(empty_lab):
    account = installed(empty_lab)
    pods = "/api/v1/namespaces/default/pods"
    for method, path in (
        ("GET", "/api/v1/secrets"),
        ("GET", "/api/v1/namespaces/podlore/secrets"),
        ("GET", "/api/v1/configmaps"),
        ("GET", "/api/v1/namespaces"),
        ("POST", pods),
        ("DELETE", f"{pods}/train-0"),
        ("POST", f"{pods}/train-0/eviction"),
        ("POST", f"{pods}/train-0/binding"),
        ("GET", f"{pods}/train-0/log"),
        ("PATCH", f"{pods}/train-0"),
        ("POST", "/apis/events.k8s.io/v1/namespaces/default/events"),
        ("POST", f"{OWN}/advisorpolicies"),
        ("PATCH", f"{OWN}/advisorpolicies/default"),
    ):
        kind = MERGE if method == "PATCH" else "application/json"
        assert account.ask(method, path, {}, kind) == 403, (method, path)


def test_in_dry_run_every_write_is_refused(empty_lab):
    account = installed(empty_lab, "--set=maxMode=DryRun")
    assert account.apply(STATE, state()) == 403
    assert account.apply(f"{OWN}/namespaces/default/schedulingadvices/a", advice(spec={"target": TARGET})) == 403
    assert account.ask("GET", f"{OWN}/schedulingadvices") == 200


def test_the_guard_admits_podlores_annotation_and_no_other_change_of_a_pod(empty_lab):
    account = installed(empty_lab, "--set=annotations.enabled=true")
    empty_lab.kubectl("apply", "-n", "default", "-f", "-", stdin=yaml.safe_dump(pod()))
    path = "/api/v1/namespaces/default/pods/train-0"

    def annotated(**annotations):
        return account.ask("PATCH", path, {"metadata": {"annotations": annotations}}, MERGE)

    def is_guarded(change, kind=MERGE):
        return account.ask("PATCH", path, change, kind) == 422 and "podlore changes" in account.said

    tries = count()  # each try is a change, also after one that came before the guard
    wait_for(lambda: is_guarded({"metadata": {"labels": {"try": str(next(tries))}}}), "the guard to stand")
    assert annotated(**{"podlore.io/advice": "{}"}) == 200
    assert annotated(**{"podlore.io/advice": '{"pattern":"CrashLoop"}'}) == 200
    assert annotated(**{"podlore.io/advice": None}) == 200
    for annotations in ({"example.org/a": "2"}, {"example.org/a": None}, {"example.org/b": "1"}):
        assert is_guarded({"metadata": {"annotations": annotations}}), annotations
    assert is_guarded({"metadata": {"finalizers": ["example.org/x"]}})
    assert is_guarded({"spec": {"activeDeadlineSeconds": 60}})
    assert is_guarded({"spec": {"containers": [{"name": "main", "image": "train:2"}]}}, STRATEGIC)
    empty_lab.kubectl("label", "pod", "-n", "default", "train-0", "app=other", "--overwrite")  # others are not bound
    empty_lab.kubectl("delete", "pod", "-n", "default", "train-0", "--now")
