"""What an operator makes of a real API server: advice, its audit log, and what survives when it is killed."""

import json
import random
import subprocess
import sys
import time
from functools import partial
from itertools import count
from pathlib import Path

from podlore_lab.waiting import wait_for

NAMESPACE = "podlore"
BOTH = {"pull", "crash"}
PODLORE = Path(sys.executable).with_name("podlore")
CHART = Path(__file__).parents[3] / "charts" / "podlore"


def test_a_dry_run_says_everything_and_persists_nothing(cluster):
    before = len(cluster.asked())
    operator = cluster.operator("--dry-run")
    operator.wait(lambda: cluster.knows_both(operator.advice()), "advice in mind")
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


def test_advice_is_written_belongs_to_its_workload_and_no_request_is_refused(cluster):
    before = len(cluster.asked())
    operator = cluster.operator()
    names = cluster.wait_for_both(operator)
    assert operator.metric("podlore_leader") == 1
    assert operator.get("/livez") == (200, "ok\n")
    assert_speaks_of_the_image(cluster.advice()[names["pull"]])
    assert_is_told_to_kubectl(cluster)
    assert_has_two_managers_and_no_other(cluster)
    operator.wait_rounds()
    assert operator.stop() == 0
    refused = [(event.verb, event.path, event.code) for event in cluster.asked(before) if event.code in (401, 403, 422)]
    assert refused == []
    assert cluster.leader() == ""


def assert_speaks_of_the_image(advice):
    status = advice["status"]
    assert (status["pattern"], status["cause"], status["state"]) == ("CrashLoop", "Image", "Active")
    (owner,) = advice["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"]) == ("Deployment", "pull")
    assert (owner["controller"], owner["blockOwnerDeletion"]) == (False, False)


def assert_is_told_to_kubectl(cluster):
    printed = cluster.lab.kubectl("get", "sadv", "-n", "vision")
    assert "PATTERN" in printed
    assert "Deployment/pull" in printed


def assert_has_two_managers_and_no_other(cluster):
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
    operator.wait(lambda: "pull" in cluster.targets(), "advice about the quiet workload")
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
    names = cluster.wait_for_both(operator)
    cluster.patch(names["pull"], "vision", acknowledged=True)
    operator.wait(lambda: cluster.state(names["pull"]) == "Acknowledged", "the acknowledgement")
    before = cluster.as_people_see()
    for _ in range(3):
        operator.kill()
        operator = cluster.start("--no-lease")
        wait_until = time.monotonic() + rng.uniform(0.3, 4.0)
        wait_for(lambda until=wait_until: time.monotonic() > until, "the moment to kill", timeout_seconds=10)
    operator.kill()
    operator = cluster.operator("--no-lease")
    operator.wait_rounds()
    assert cluster.as_people_see() == before
    assert cluster.state(names["pull"]) == "Acknowledged"


def test_what_was_deleted_or_left_blank_by_a_crash_comes_back_under_the_same_name(cluster):
    operator = cluster.operator("--no-lease")
    names = cluster.wait_for_both(operator)
    held = cluster.advice()[names["pull"]]
    cluster.lab.kubectl("delete", "sadv", names["pull"], "-n", "vision")
    operator.wait(lambda: cluster.advice().get(names["pull"], {}).get("status"), "the advice to come back")
    assert cluster.advice()[names["pull"]]["metadata"]["uid"] != held["metadata"]["uid"]
    operator.kill()
    cluster.lab.kubectl("delete", "sadv", names["pull"], "-n", "vision", "--wait")
    blank = {key: held[key] for key in ("apiVersion", "kind", "spec")}
    metadata = {key: held["metadata"][key] for key in ("name", "namespace", "labels")}
    cluster.apply({**blank, "metadata": metadata})
    operator = cluster.operator("--no-lease")
    operator.wait(lambda: cluster.state(names["pull"]) == "Active", "the blank row to be repaired")


def test_advice_about_what_is_mended_is_resolved(cluster, mended, broken):
    operator = cluster.operator("--no-lease")
    names = cluster.wait_for_both(operator)
    mended()
    operator.wait(lambda: cluster.state(names["crash"]) == "Resolved", "the advice to be resolved")
    broken()
    operator.wait(lambda: cluster.state(names["crash"]) == "Active", "it to come back")
    assert cluster.advice()[names["crash"]]["status"]["count"] == 2


def test_what_came_of_advice_outlives_its_object_and_the_operator(cluster):
    cluster.apply_failing("doomed")
    operator = cluster.operator("--no-lease")
    operator.wait(lambda: "doomed" in cluster.targets(), "advice about the third workload")
    (name,) = (name for name, item in cluster.advice().items() if item["spec"]["target"]["name"] == "doomed")
    cluster.lab.kubectl("delete", "deploy/doomed", "-n", "vision", "--wait")
    operator.wait(lambda: name not in cluster.advice(), "the advice to go with its workload")
    operator.wait(lambda: cluster.outcomes("Deployment/doomed"), "its outcome to be written down")
    operator.kill()
    (outcome,) = cluster.outcomes("Deployment/doomed")
    assert (outcome["pattern"], outcome["followed"]) == ("CrashLoop", "NotFollowed"), "taken away is not mended"
    operator = cluster.operator("--no-lease")
    operator.wait(lambda: operator.metric("podlore_advice_outcomes") >= 1, "the next operator to know of it")


def told(document):
    """Return what advice says, in the form that both `podlore advise` and a status have; hours grow while one looks."""
    keys = ("target", "pattern", "cause", "action", "severity", "summary", "confidence")
    steady = [fact for fact in document["evidence"] if "GPU-hours" not in fact["observed"]]
    return {**{key: document[key] for key in keys}, "evidence": steady}


def test_advice_from_a_snapshot_is_the_live_advice(cluster, mended, tmp_path):
    mended()
    operator = cluster.operator("--no-lease")
    operator.wait(lambda: "pull" in cluster.targets(), "advice about the quiet workload")
    operator.wait_rounds()
    folders = (tmp_path / str(turn) for turn in count())
    for take in (cluster.snapshot, partial(cluster.snapshot_of_operator, operator)):
        said = partial(says_the_same, cluster, take)
        operator.wait(lambda said=said: said(next(folders)), "offline to say what live says")


def says_the_same(cluster, take, folder):
    """Say whether a snapshot gives the live advice; the cluster may change while one looks."""
    before = live(cluster)
    take(folder)
    offline = [told(document) for document in cluster.advise(folder)]
    return offline and offline in (before, live(cluster))


def live(cluster):
    return [told(item["status"]) for item in cluster.advice().values() if item["status"]["state"] == "Active"]


def test_pod_annotations_and_events_are_written_where_policy_and_grant_allow_it(cluster):
    cluster.lab.helm(
        *("upgrade", "podlore", str(CHART), "-n", NAMESPACE, "--set=replicaCount=0"),
        *("--set=annotations.enabled=true", "--set=events.enabled=true", "--wait"),
    )
    before = len(cluster.asked())
    cluster.policy(annotations={"enabled": True}, events={"enabled": True})
    operator = cluster.operator("--allow-annotations", "--allow-events")
    names = cluster.wait_for_both(operator)

    def annotation():
        (pod,) = cluster.lab.api.get("/api/v1/namespaces/vision/pods?labelSelector=app%3Dpull")["items"]
        return pod["metadata"].get("annotations", {}).get("podlore.io/advice")

    operator.wait(annotation, "the pod to be annotated")
    assert json.loads(annotation())["advice"] == names["pull"]
    events = cluster.lab.api.get("/apis/events.k8s.io/v1/namespaces/vision/events")["items"]
    told = [event for event in events if event.get("reportingController") == "podlore.io/podlore"]
    assert {event["regarding"]["name"] for event in told} == BOTH
    assert [event for event in cluster.asked(before) if event.code in (401, 403, 422)] == []
