"""podlore on a real kind cluster: installed by its chart, run as a pod, and what happens when parts fail."""

import http.client
import json
import shutil
import time
from pathlib import Path

import pytest

from podlore.clock import Clock
from podlore_lab.api import Refused
from podlore_lab.kind.operator_image import (
    BYTES_MOST,
    build_operator_image,
    image_bytes,
    layers,
)
from podlore_lab.kind.operator_pod import clock_values, install_pod, pod_running, upgrade, wait_rolled_out
from podlore_lab.kind.real_nodes import add_routes
from podlore_lab.nodes import create_nodes, generate_nodes
from podlore_lab.operator_process import NAMESPACE, RELEASE
from podlore_lab.waiting import wait_for

ROOT = Path(__file__).parents[3]
GOLDEN = Path(__file__).parents[2] / "charts" / "rights" / "can-i.txt"
POD_SECONDS = 240.0
TEAM = "team"
NODE_SECONDS = 600.0


@pytest.fixture(scope="module")
def clock(on_kind):
    """An operator that has given advice on a Deployment which crashes again and again; its clock."""
    create_nodes(on_kind.api, generate_nodes(2))
    on_kind.create_namespace(TEAM)
    on_kind.api.create(f"/apis/apps/v1/namespaces/{TEAM}/deployments", crashing())
    install_pod(on_kind)
    clock = Clock(240.0, time.time())
    with pod_running(on_kind, clock):
        wait_for(lambda: names(on_kind), "advice on what crashes", timeout_seconds=POD_SECONDS)
        yield clock
    on_kind.helm("uninstall", RELEASE, "-n", NAMESPACE, "--wait")
    on_kind.api.delete(f"/apis/podlore.io/v1alpha1/namespaces/{TEAM}/schedulingadvices")
    on_kind.api.delete(f"/api/v1/namespaces/{TEAM}")
    on_kind.api.delete("/api/v1/nodes?labelSelector=topology.kubernetes.io/region")


def crashing():
    """Return a Deployment whose pods end with an error a moment after they start, for ever."""
    labels = {"app": "api", "lab.podlore.io/outcome": "crash-loop"}
    annotations = {"lab.podlore.io/run-for": "300ms", "lab.podlore.io/back-off": "500ms"}
    container = {"name": "main", "image": "none.invalid/api:1", "resources": {"limits": {"nvidia.com/gpu": "1"}}}
    tolerations = [{"key": "kwok.x-k8s.io/node", "operator": "Exists"}]
    return {
        "metadata": {"name": "api"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "api"}},
            "template": {
                "metadata": {"labels": labels, "annotations": annotations},
                "spec": {"containers": [container], "tolerations": tolerations},
            },
        },
    }


def pods(lab):
    listed = lab.api.get(f"/api/v1/namespaces/{NAMESPACE}/pods?labelSelector=app.kubernetes.io/name=podlore")["items"]
    return [pod for pod in listed if "deletionTimestamp" not in pod["metadata"]]


def is_ready(pod):
    return any(each["type"] == "Ready" and each["status"] == "True" for each in pod["status"].get("conditions", ()))


def wait_ready(lab, count=1):
    def ready():
        found = pods(lab)
        return found if len(found) == count and all(map(is_ready, found)) else None

    return wait_for(ready, f"{count} operators to be Ready", timeout_seconds=POD_SECONDS)


def _leads(lab, pod):
    lease = lab.api.get(f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/podlore")
    return pod["metadata"]["name"] in lease["spec"]["holderIdentity"]


def names(lab):
    """Return the advice objects by uid: one that was deleted and written again has another."""
    items = lab.api.get(f"/apis/podlore.io/v1alpha1/namespaces/{TEAM}/schedulingadvices")["items"]
    return {item["metadata"]["uid"]: item["metadata"]["name"] for item in items}


def test_the_pod_runs_under_restricted_security_as_nobody(clock, on_kind):
    (pod,) = wait_ready(on_kind)
    labels = on_kind.api.get(f"/api/v1/namespaces/{NAMESPACE}")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert inside(on_kind, "import os; print(os.getuid(), os.getgid())").split() == ["65532", "65532"]
    status = inside(on_kind, "print(open('/proc/self/status').read())")
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    assert (
        inside(on_kind, "import os; print(os.access('/', os.W_OK), os.path.exists('/bin/sh'))").split() == ["False"] * 2
    )
    assert pod["spec"]["nodeName"] == "test-worker"


def inside(lab, program):
    return lab.kubectl("exec", "-n", NAMESPACE, f"deployment/{RELEASE}", "--", "python3", "-c", program)


ASK = """
import json, ssl, urllib.request
folder = "/var/run/secrets/kubernetes.io/serviceaccount"
body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": "%s"}}
request = urllib.request.Request(
    "https://kubernetes.default.svc/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", json.dumps(body).encode(),
    {"Authorization": "Bearer " + open(folder + "/token").read(), "Content-Type": "application/json"})
print(urllib.request.urlopen(request, context=ssl.create_default_context(cafile=folder + "/ca.crt")).read().decode())
"""


def test_what_the_pod_may_do_by_its_own_token_is_the_golden_file(clock, on_kind):
    rules = json.loads(inside(on_kind, ASK % NAMESPACE))["status"]["resourceRules"]
    may = {
        (_combined(group, resource), name, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for name in rule.get("resourceNames") or [""]
        for verb in rule["verbs"]
    }
    golden = set()
    for line in GOLDEN.read_text().splitlines():
        resource, *columns = line.split("[")
        urls, only, verbs = (column.partition("]")[0].split() for column in columns)
        assert bool(resource) != bool(urls)
        golden |= {(resource.strip(), name, verb) for name in only or [""] for verb in verbs if resource}
    assert may == golden


def _combined(group, resource):
    """Write a resource as kubectl does, such as advisorpolicies.podlore.io/status."""
    name, slash, part = resource.partition("/")
    return f"{name}.{group}{slash}{part}" if group else resource


def test_helm_test_passes(clock, on_kind):
    assert "Phase:          Succeeded" in on_kind.helm("test", RELEASE, "--namespace", NAMESPACE)


def test_a_killed_pod_comes_back_with_the_same_advice(clock, on_kind):
    (pod,), before = wait_ready(on_kind), names(on_kind)
    assert before
    on_kind.kubectl("delete", "pod", "-n", NAMESPACE, pod["metadata"]["name"], "--grace-period=0", "--force")
    (successor,) = wait_ready(on_kind)
    assert successor["metadata"]["uid"] != pod["metadata"]["uid"]
    assert before.items() <= names(on_kind).items()
    assert len(set(names(on_kind).values())) == len(names(on_kind))


def test_an_api_server_that_restarts_costs_no_advice(clock, on_kind):
    wait_ready(on_kind)
    before = names(on_kind)
    node = "test-control-plane"
    on_kind.engine.run("exec", node, "sh", "-c", "pkill -x kube-apiserver")
    wait_for(lambda: not on_kind.api.is_ready(), "the API server to be gone", timeout_seconds=60)
    wait_for(on_kind.api.is_ready, "the API server to be back", timeout_seconds=POD_SECONDS)
    wait_for(lambda: _lists_advice(on_kind), "the API server to serve podlore's kinds", timeout_seconds=POD_SECONDS)
    wait_ready(on_kind)
    assert before.items() <= names(on_kind).items()


def _lists_advice(lab):
    """Tell whether advice can be read: an API server that is ready may still be opening the storage of CRDs."""
    try:
        return bool(names(lab))
    except Refused as refused:
        if refused.code != http.client.TOO_MANY_REQUESTS:
            raise
        return False


def test_of_two_replicas_one_leads_and_the_other_takes_over(clock, on_kind):
    upgrade(on_kind, "replicaCount=2", *clock_values(clock))
    wait_rolled_out(on_kind)
    found, before = wait_ready(on_kind, count=2), names(on_kind)
    leader = wait_for(lambda: next((pod for pod in found if _leads(on_kind, pod)), None), "a leader")
    on_kind.kubectl("delete", "pod", "-n", NAMESPACE, leader["metadata"]["name"], "--grace-period=0", "--force")
    wait_for(lambda: not _leads(on_kind, leader), "another leader", timeout_seconds=POD_SECONDS)
    wait_ready(on_kind, count=2)
    assert before.items() <= names(on_kind).items()
    assert len(set(names(on_kind).values())) == len(names(on_kind))
    upgrade(on_kind, *clock_values(clock))
    wait_ready(on_kind)


def test_the_image_is_small_and_the_same_when_built_again(on_kind, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    parts = ("advisor", "operator", "kind-cluster", "charts", "models")
    files = ("pyproject.toml", "README.md", "LICENSE", "Containerfile", "requirements-operator.lock")
    seen = []
    for name in ("podlore:first", "podlore:again"):
        source = tmp_path / name.partition(":")[2]
        for part in parts:
            shutil.copytree(ROOT / part, source / part, ignore=shutil.ignore_patterns("__pycache__"))
        for file in files:
            shutil.copy(ROOT / file, source)
        build_operator_image(on_kind.engine, name, source=source, cached=False, say=print)
        assert image_bytes(on_kind.engine, name) <= BYTES_MOST
        seen.append(layers(on_kind.engine, name))
    on_kind.engine.run("image", "rm", "--force", "podlore:first", "podlore:again")
    assert seen[0] == seen[1]


def test_a_node_that_is_paused_and_runs_again_costs_no_advice(clock, on_kind):
    (pod,), before = wait_ready(on_kind), names(on_kind)
    node = pod["spec"]["nodeName"]
    on_kind.engine.run("pause", node)
    try:
        wait_for(lambda: not _node_ready(on_kind, node), f"{node} to be NotReady", timeout_seconds=NODE_SECONDS)
    finally:
        on_kind.engine.run("unpause", node)
    wait_for(lambda: _node_ready(on_kind, node), f"{node} to be Ready again", timeout_seconds=NODE_SECONDS)
    add_routes(on_kind.engine, on_kind.api)
    wait_ready(on_kind)
    assert before.items() <= names(on_kind).items()
    assert len(set(names(on_kind).values())) == len(names(on_kind))


def _node_ready(lab, name):
    return is_ready(lab.api.get(f"/api/v1/nodes/{name}"))
