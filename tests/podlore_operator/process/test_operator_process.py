"""What the operator does on a real API server, as its advice, its audit log and its exit status tell."""

import json
import random
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from podlore_lab.ports import LOOPBACK
from podlore_lab.waiting import wait_for

NAMESPACE = "podlore"
BOTH = {"pull", "crash"}
PODLORE = Path(sys.executable).with_name("podlore")
CHART = Path(__file__).parents[3] / "charts" / "podlore"


def targets(advice):
    return {item["spec"]["target"]["name"] for item in advice if item.get("status")}


def wait_for_both(cluster, operator):
    operator.wait(lambda: targets(cluster.advice().values()) >= BOTH, "advice about both workloads")
    return {item["spec"]["target"]["name"]: name for name, item in cluster.advice().items()}


def as_people_see(advice):
    """What must survive a restart: identities, beginnings, and what people said."""
    return {
        name: (
            item["metadata"]["uid"],
            item["spec"],
            item["status"]["pattern"],
            item["status"]["cause"],
            item["status"]["state"],
            item["status"]["firstSeen"],
            item["status"]["count"],
        )
        for name, item in advice.items()
    }


def leader(cluster):
    try:
        lease = cluster.lab.api.get(f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/podlore")
    except Exception:
        return ""
    return lease["spec"].get("holderIdentity") or ""


def test_a_dry_run_says_everything_and_persists_nothing(cluster):
    before = len(cluster.asked())
    operator = cluster.operator("--dry-run")
    operator.wait(lambda: targets(operator.advice()) >= BOTH, "advice in mind")
    listed = subprocess.run([PODLORE, "advice", "--operator", operator.url], capture_output=True, text=True, check=True)
    assert "crash" in listed.stdout
    assert "CrashLoop" in listed.stdout
    operator.wait_rounds()
    assert operator.stop() == 0
    asked = cluster.asked(before)
    assert [event for event in asked if event.is_persisted_mutation] == []
    assert {event.verb for event in asked} <= {"get", "list", "watch"}
    assert [event for event in asked if event.code in (401, 403)] == []
    assert cluster.advice() == {}


def test_advice_is_written_and_no_request_is_refused(cluster):
    before = len(cluster.asked())
    operator = cluster.operator()
    names = wait_for_both(cluster, operator)
    assert operator.metric("podlore_leader") == 1
    assert operator.get("/livez") == (200, "ok\n")
    status = cluster.advice()[names["pull"]]["status"]
    assert (status["pattern"], status["cause"], status["state"]) == ("CrashLoop", "Image", "Active")
    printed = cluster.lab.kubectl("get", "sadv", "-n", "vision")
    assert "PATTERN" in printed
    assert "Deployment/pull" in printed
    operator.wait_rounds()
    assert operator.stop() == 0
    refused = [(event.verb, event.path, event.code) for event in cluster.asked(before) if event.code in (401, 403, 422)]
    assert refused == []
    assert leader(cluster) == ""


def test_advice_goes_with_its_workload(cluster):
    advice = advice_of(cluster, cluster.operator(), "pull")
    (owner,) = advice["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"]) == ("Deployment", "pull")
    assert (owner["controller"], owner["blockOwnerDeletion"]) == (False, False)


def advice_of(cluster, operator, target):
    names = wait_for_both(cluster, operator)
    return cluster.advice()[names[target]]


def test_podlore_owns_what_it_writes_by_two_managers_and_nothing_else(cluster):
    wait_for_both(cluster, cluster.operator())
    listed = json.loads(cluster.lab.kubectl("get", "sadv", "-n", "vision", "-o", "json", "--show-managed-fields"))
    for item in listed["items"]:
        managers = {(found["manager"], found.get("subresource", "")) for found in item["metadata"]["managedFields"]}
        assert managers == {("podlore", ""), ("podlore-status", "status")}


def test_a_second_start_with_nothing_changed_writes_nothing(cluster, mended):
    mended()
    # What is at stake grows after two hours, and advice is refreshed after six: two minutes, and six.
    calm = ("--clock-scale=60",)
    cluster.lab.kubectl("delete", "pod", "-l", "app=pull", "-n", "vision", "--wait")
    operator = cluster.operator(*calm)
    operator.wait(lambda: "pull" in targets(cluster.advice().values()), "advice about the quiet workload")
    operator.wait_rounds()
    operator.stop()
    before, held = len(cluster.asked()), cluster.advice()
    again = cluster.operator(*calm)
    again.wait_rounds(5)
    assert again.stop() == 0
    assert [item["status"] for item in cluster.advice().values()] == [item["status"] for item in held.values()]
    assert [(event.verb, event.path) for event in cluster.mutations(before)] == []


def test_killed_at_any_moment_it_comes_back_to_the_same_advice(cluster):
    rng = random.Random(20261123)
    operator = cluster.operator("--no-lease")
    names = wait_for_both(cluster, operator)
    cluster.patch(names["pull"], "vision", acknowledged=True)
    operator.wait(lambda: state(cluster, names["pull"]) == "Acknowledged", "the acknowledgement")
    before = as_people_see(cluster.advice())
    for _ in range(5):
        operator.kill()
        operator = cluster.start("--no-lease")
        wait_until = time.monotonic() + rng.uniform(0.3, 4.0)
        wait_for(lambda until=wait_until: time.monotonic() > until, "the moment to kill", timeout_seconds=10)
    operator.kill()
    operator = cluster.operator("--no-lease")
    operator.wait_rounds()
    assert as_people_see(cluster.advice()) == before
    assert state(cluster, names["pull"]) == "Acknowledged"


@pytest.fixture
def broken(cluster):
    """Let the loud workload fail (again)."""
    return lambda: cluster.lab.kubectl("scale", "deploy/crash", "-n", "vision", "--replicas=1")


@pytest.fixture
def mended(cluster, broken):
    """Leave alone the workload that waits for its image and changes nothing, until the test is over."""

    def scale_down():
        cluster.lab.kubectl("scale", "deploy/crash", "-n", "vision", "--replicas=0")
        cluster.lab.kubectl("wait", "--for=delete", "pod", "-l", "app=crash", "-n", "vision", "--timeout=30s")

    yield scale_down
    broken()


def state(cluster, name):
    return cluster.advice()[name].get("status", {}).get("state")


def test_killed_while_it_writes_it_repairs_what_is_blank(cluster):
    operator = cluster.operator("--no-lease")
    names = wait_for_both(cluster, operator)
    operator.kill()
    held = cluster.advice()[names["pull"]]
    cluster.lab.kubectl("delete", "sadv", names["pull"], "-n", "vision", "--wait")
    blank = {key: held[key] for key in ("apiVersion", "kind", "spec")}
    metadata = {key: held["metadata"][key] for key in ("name", "namespace", "labels")}
    cluster.apply({**blank, "metadata": metadata})
    operator = cluster.operator("--no-lease")
    operator.wait(lambda: state(cluster, names["pull"]) == "Active", "the blank row to be repaired")


def test_deleted_advice_comes_back_under_the_same_name(cluster):
    operator = cluster.operator("--no-lease")
    names = wait_for_both(cluster, operator)
    uid = cluster.advice()[names["pull"]]["metadata"]["uid"]
    cluster.lab.kubectl("delete", "sadv", names["pull"], "-n", "vision")
    operator.wait(lambda: cluster.advice().get(names["pull"], {}).get("status"), "the advice to come back")
    assert cluster.advice()[names["pull"]]["metadata"]["uid"] != uid


def test_advice_about_what_is_mended_is_resolved(cluster, mended, broken):
    operator = cluster.operator("--no-lease")
    names = wait_for_both(cluster, operator)
    mended()
    operator.wait(lambda: state(cluster, names["crash"]) == "Resolved", "the advice to be resolved")
    broken()
    operator.wait(lambda: state(cluster, names["crash"]) == "Active", "it to come back")
    assert cluster.advice()[names["crash"]]["status"]["count"] == 2


def test_a_policy_is_taken_up_at_once_and_a_bad_one_keeps_the_last_good_one(cluster):
    operator = cluster.operator("--no-lease")
    wait_for_both(cluster, operator)
    cluster.policy(namespaces={"exclude": ["vision"]})
    operator.wait(lambda: cluster.advice() == {}, "the excluded namespace's advice to go")
    operator.wait(lambda: cluster.policy_condition().get("status") == "True", "the policy to be accepted")
    cluster.policy(mode="Assist")
    operator.wait(lambda: cluster.policy_condition().get("status") == "False", "the policy to be refused")
    assert cluster.policy_condition()["reason"] == "NotGranted"
    assert "maxMode" in cluster.policy_condition()["message"]
    assert operator.metric("podlore_policy_accepted") == 0
    operator.wait_rounds()
    assert cluster.advice() == {}, "the exclusion of the last good policy still holds"
    cluster.lab.kubectl("delete", "advisorpolicy", "default")
    wait_for_both(cluster, operator)


def test_a_policy_can_switch_to_dry_run_and_back(cluster):
    operator = cluster.operator()
    names = wait_for_both(cluster, operator)
    cluster.policy(mode="DryRun")
    operator.wait(lambda: operator.metric("podlore_leader") == 0, "the office to be left")
    wait_for(lambda: leader(cluster) == "", "the Lease to be given back")
    before = len(cluster.asked())
    cluster.lab.kubectl("delete", "sadv", names["pull"], "-n", "vision")
    operator.wait(lambda: targets(operator.advice()) >= BOTH, "advice in mind")
    operator.wait_rounds()
    assert [event for event in cluster.asked(before) if event.is_persisted_mutation] == []
    assert names["pull"] not in cluster.advice()
    cluster.policy(mode="Advise")
    wait_for_both(cluster, operator)


def test_of_two_replicas_one_leads_and_the_other_takes_over(cluster):
    first, second = cluster.operator("--identity=a"), cluster.operator("--identity=b")
    names = wait_for_both(cluster, first)
    assert leader(cluster) == "a"
    assert (first.metric("podlore_leader"), second.metric("podlore_leader")) == (1, 0)
    before = as_people_see(cluster.advice())
    first.kill()
    second.wait(lambda: second.metric("podlore_leader") == 1, "the other to take over", seconds=30)
    second.wait_rounds()
    assert leader(cluster) == "b"
    assert as_people_see(cluster.advice()) == before
    assert set(names.values()) == set(cluster.advice())


def test_a_leader_that_ends_in_order_hands_over_at_once(cluster):
    first, second = cluster.operator("--identity=a"), cluster.operator("--identity=b")
    first.wait(lambda: leader(cluster) == "a", "a to lead")
    assert first.stop() == 0
    second.wait(lambda: leader(cluster) == "b", "b to lead", seconds=8)


def test_state_is_saved_at_the_end_and_foreign_state_is_ignored(cluster):
    operator = cluster.operator()
    wait_for_both(cluster, operator)
    operator.stop()
    path = f"/api/v1/namespaces/{NAMESPACE}/configmaps/podlore-state"
    assert cluster.lab.api.get(path)["binaryData"]["state.json.gz"]
    cluster.lab.api.patch(path, {"binaryData": {"state.json.gz": "Zm9yZWlnbg=="}})
    again = cluster.operator()
    again.wait(lambda: again.metric("podlore_skipped_total") >= 1, "the foreign state to be counted")
    again.wait_rounds()
    assert again.stop() == 0


def test_it_runs_under_kopf_run_too(cluster):
    kopf = (sys.executable, "-m", "kopf", "run", "-A", "-m", "podlore_operator.handlers")
    operator = cluster.operator(command=kopf)
    wait_for_both(cluster, operator)
    assert operator.stop() == 0


def test_pod_annotations_and_events_are_written_where_policy_and_grant_allow_it(cluster):
    cluster.lab.helm(
        *("upgrade", "podlore", str(CHART), "-n", NAMESPACE, "--set=replicaCount=0"),
        *("--set=annotations.enabled=true", "--set=events.enabled=true", "--wait"),
    )
    before = len(cluster.asked())
    cluster.policy(annotations={"enabled": True}, events={"enabled": True})
    operator = cluster.operator("--allow-annotations", "--allow-events")
    names = wait_for_both(cluster, operator)

    def annotation():
        (pod,) = cluster.lab.api.get("/api/v1/namespaces/vision/pods?labelSelector=app%3Dpull")["items"]
        return pod["metadata"].get("annotations", {}).get("podlore.io/advice")

    operator.wait(annotation, "the pod to be annotated")
    assert json.loads(annotation())["advice"] == names["pull"]
    events = cluster.lab.api.get("/apis/events.k8s.io/v1/namespaces/vision/events")["items"]
    told = [event for event in events if event.get("reportingController") == "podlore.io/podlore"]
    assert {event["regarding"]["name"] for event in told} == BOTH
    assert [event for event in cluster.asked(before) if event.code in (401, 403, 422)] == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--kubeconfig", "/nowhere"], "no kubeconfig at /nowhere"),
        (["--context", "nobody"], "no context 'nobody'"),
        (["--prometheus", f"http://{LOOPBACK}:1"], "no Prometheus answers"),
        (["--prometheus", "nonsense"], "no URL of a Prometheus"),
        (["--listen", "nonsense"], "--listen"),
        (["--clock-scale", "0"], "--clock-scale"),
    ],
)
def test_what_is_missing_is_one_clear_line(cluster, options, says):
    ended = cluster.start(*options)
    assert ended.popen.wait(30) == 2
    assert says in ended.log
    assert ended.log.count("\n") == 1


def test_a_port_in_use_is_one_clear_line(cluster):
    with socket.create_server((LOOPBACK, 0)) as holder:
        ended = cluster.start("--listen", f"{LOOPBACK}:{holder.getsockname()[1]}")
        assert ended.popen.wait(30) == 2
    assert "it is in use; choose another address by --listen" in ended.log
    assert ended.log.count("\n") == 1


def test_a_wrong_token_is_one_clear_line(cluster, tmp_path):
    kubeconfig = yaml.safe_load(cluster.kubeconfig.read_text())
    kubeconfig["users"][0]["user"]["token"] = "wrong"
    wrong = tmp_path / "wrong.kubeconfig"
    wrong.write_text(yaml.safe_dump(kubeconfig))
    ended = cluster.start("--kubeconfig", str(wrong))
    assert ended.popen.wait(30) == 2
    assert "renew its token" in ended.log
    assert ended.log.count("\n") == 1


def told(document):
    """Return what advice says, in the form that both `podlore advise` and a status have."""
    recommendation = {key: value for key, value in document["recommendation"].items() if key != "type"}
    keys = ("target", "pattern", "cause", "action", "severity", "summary", "confidence", "gpuHoursAtStake", "evidence")
    return {**{key: document[key] for key in keys}, "recommendation": recommendation}


@pytest.mark.parametrize("source", ["cluster", "operator"])
def test_advice_from_a_snapshot_is_the_live_advice(cluster, mended, tmp_path, source):
    mended()
    operator = cluster.operator("--no-lease")
    operator.wait(lambda: "pull" in targets(cluster.advice().values()), "advice about the quiet workload")
    operator.wait_rounds()
    if source == "cluster":
        options = ["--kubeconfig", cluster.kubeconfig, "--namespace", NAMESPACE]
        options += ["--clock-scale", "240", "--clock-anchor", repr(cluster.anchor)]
    else:
        options = ["--operator", operator.url]
    folder = tmp_path / "snapshot"
    run_podlore("snapshot", folder, *options)
    live = [told(item["status"]) for item in cluster.advice().values() if item["status"]["state"] == "Active"]
    offline = json.loads(run_podlore("advise", "--snapshot", folder, "--output", "json"))
    assert [told(document) for document in offline] == live


def run_podlore(*arguments):
    done = subprocess.run([PODLORE, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
