"""podlore on a real kind cluster: installed by its chart, run as a pod, and what happens when parts fail.

Minutes, root and a container engine: so only where PODLORE_TEST_KIND=1 says so (`make test-kind`).
"""

import json
import os
from pathlib import Path

import pytest

from podlore.clock import Clock
from podlore.errors import PodloreError
from podlore.traces import read_trace
from podlore_lab.cluster import Lab
from podlore_lab.demo import demo, said
from podlore_lab.kind import dockerd, host_state
from podlore_lab.kind.kind_lab import KindLab, check_needs
from podlore_lab.kind.operator_image import (
    BYTES_MOST,
    build_operator_image,
    image_bytes,
    layers,
    operator_image_name,
)
from podlore_lab.kind.operator_pod import AS_A_POD, upgrade, wait_rolled_out
from podlore_lab.kind.real_nodes import add_routes
from podlore_lab.operator_process import NAMESPACE, RELEASE
from podlore_lab.sample_trace import SAMPLE_FOLDER
from podlore_lab.waiting import wait_for

SWITCH = "PODLORE_TEST_KIND"
GOLDEN = Path(__file__).parents[2] / "charts" / "rights" / "can-i.txt"
POD_SECONDS = 240.0
NODE_SECONDS = 600.0

pytestmark = [
    pytest.mark.kind,
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.xdist_group("kind"),
    pytest.mark.skipif(os.environ.get(SWITCH) != "1", reason=f"a kind cluster takes minutes; set {SWITCH}=1"),
]


@pytest.fixture(scope="module")
def on_kind(tmp_path_factory):
    """A kind cluster of this module's own, with podlore's image on its nodes; the host is compared at the end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PODLORE_LABS", str(tmp_path_factory.mktemp("labs")))
        try:
            check_needs(own_dockerd=True, build=False)
        except PodloreError as error:
            pytest.skip(str(error))
        before = host_state.record()
        with KindLab("test", own_dockerd=True) as lab:
            build_operator_image(lab.engine, operator_image_name(), say=print)
            lab.load_image(operator_image_name())
            yield lab
        assert lab.left_behind == []
        assert host_state.differences(before, host_state.record()) == []
        assert dockerd.running() is None


@pytest.fixture(scope="module")
def shown(on_kind):
    """The demo's trace on kind, with the operator still running."""
    with demo(on_kind, speed=240, say=print, on_progress=lambda *_: None, operating=AS_A_POD) as seen:
        yield seen


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
    items = lab.api.get("/apis/podlore.io/v1alpha1/schedulingadvices")["items"]
    return {item["metadata"]["uid"]: item["metadata"]["name"] for item in items}


def test_every_planted_pattern_is_found_on_kind(shown):
    assert shown.score.missed == ()
    assert shown.score.found


def test_both_ways_of_the_lab_find_the_same(shown, on_kind):
    with Lab() as processes, demo(processes, speed=240, say=print, on_progress=lambda *_: None) as without:
        assert shown.score.found == without.score.found
        planted = set(shown.score.found)
        actions = [{each for each in _actions(lab) if each[:2] in planted} for lab in (on_kind, processes)]
        assert actions[0] == actions[1]
        print("only on one of the two:", sorted(set(said(on_kind)) ^ set(said(processes))))


def _actions(lab):
    for kind in ("schedulingadvices", "clusterschedulingadvices"):
        for item in lab.api.get(f"/apis/podlore.io/v1alpha1/{kind}")["items"]:
            target = item["spec"]["target"]
            parts = (item["metadata"].get("namespace"), target["kind"], target["name"])
            yield "/".join(filter(None, parts)), item["status"]["pattern"], item["status"]["action"]


def test_the_pod_runs_under_restricted_security_as_nobody(shown, on_kind):
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


def test_what_the_pod_may_do_by_its_own_token_is_the_golden_file(shown, on_kind):
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


def test_helm_test_passes(shown, on_kind):
    assert "Phase:          Succeeded" in on_kind.helm("test", RELEASE, "--namespace", NAMESPACE)


def test_a_killed_pod_comes_back_with_the_same_advice(shown, on_kind):
    (pod,), before = wait_ready(on_kind), names(on_kind)
    assert before
    on_kind.kubectl("delete", "pod", "-n", NAMESPACE, pod["metadata"]["name"], "--grace-period=0", "--force")
    (successor,) = wait_ready(on_kind)
    assert successor["metadata"]["uid"] != pod["metadata"]["uid"]
    assert before.items() <= names(on_kind).items()
    assert len(set(names(on_kind).values())) == len(names(on_kind))


def test_an_api_server_that_restarts_costs_no_advice(shown, on_kind):
    wait_ready(on_kind)
    before = names(on_kind)
    node = "test-control-plane"
    on_kind.engine.run("exec", node, "sh", "-c", "pkill -x kube-apiserver")
    wait_for(lambda: not on_kind.api.is_ready(), "the API server to be gone", timeout_seconds=60)
    wait_for(on_kind.api.is_ready, "the API server to be back", timeout_seconds=POD_SECONDS)
    wait_ready(on_kind)
    assert before.items() <= names(on_kind).items()


def test_a_node_that_is_paused_and_runs_again_costs_no_advice(shown, on_kind):
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


def test_of_two_replicas_one_leads_and_the_other_takes_over(shown, on_kind):
    clock = [f"extraArgs[0]=--clock-scale={shown.clock.scale!r}", f"extraArgs[1]=--clock-anchor={shown.clock.anchor!r}"]
    upgrade(on_kind, "replicaCount=2", *clock)
    wait_rolled_out(on_kind)
    found, before = wait_ready(on_kind, count=2), names(on_kind)
    leader = wait_for(lambda: next((pod for pod in found if _leads(on_kind, pod)), None), "a leader")
    on_kind.kubectl("delete", "pod", "-n", NAMESPACE, leader["metadata"]["name"], "--grace-period=0", "--force")
    wait_for(lambda: not _leads(on_kind, leader), "another leader", timeout_seconds=POD_SECONDS)
    wait_ready(on_kind, count=2)
    assert before.items() <= names(on_kind).items()
    assert len(set(names(on_kind).values())) == len(names(on_kind))


def test_the_image_is_small_and_the_same_when_built_again(on_kind):
    name = operator_image_name()
    assert image_bytes(on_kind.engine, name) <= BYTES_MOST
    first = layers(on_kind.engine, name)
    on_kind.engine.run("tag", name, "podlore:first")
    try:
        build_operator_image(on_kind.engine, "podlore:again", say=print)
        assert layers(on_kind.engine, "podlore:again") == first
    finally:
        on_kind.engine.run("image", "rm", "--force", "podlore:first", "podlore:again")


def test_the_planted_trace_is_the_one_that_was_played(shown):
    assert len(shown.score.found) == len(read_trace(SAMPLE_FOLDER).planted)
    assert shown.clock != Clock()
