"""The lives of fake pods, as kubectl shows them and as a kubelet would write them."""

import ipaddress
import itertools
from datetime import datetime

import pytest

from podlore_lab.kwok import POD_RANGE
from podlore_lab.waiting import wait_for

# What the API server's own schema and a kubelet's reports have for every container.
CONTAINER_FIELDS = {"name", "image", "imageID", "ready", "restartCount", "started", "state", "lastState"}
CONDITIONS = {"PodScheduled", "PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady"}


@pytest.fixture
def node(pool):
    return pool.add_nodes(1, 8)[0]


def main_of(pod):
    check_like_a_kubelet(pod)
    return pod["status"]["containerStatuses"][0]


def check_like_a_kubelet(pod):
    status = pod["status"]
    assert [each["name"] for each in status["containerStatuses"]] == ["main", "side"]
    for container in status["containerStatuses"]:
        assert set(container) >= CONTAINER_FIELDS
        assert len(container["state"]) == 1
        for termination in (container["state"].get("terminated"), container["lastState"].get("terminated")):
            if termination:
                assert at(termination["startedAt"]) <= at(termination["finishedAt"])
                assert (termination["reason"] == "Completed") == (termination["exitCode"] == 0)
        if "running" in container["state"]:
            assert container["containerID"].startswith("containerd://")
            assert container["ready"]
    assert {each["type"] for each in status["conditions"]} >= CONDITIONS
    assert all(each["lastTransitionTime"] for each in status["conditions"])
    is_ready = next(each["status"] for each in status["conditions"] if each["type"] == "Ready")
    assert (is_ready == "True") == all(each["ready"] for each in status["containerStatuses"])
    assert ipaddress.ip_address(status["podIP"]) in ipaddress.ip_network(POD_RANGE)
    assert status["podIPs"] == [{"ip": status["podIP"]}]
    assert status["startTime"]


def at(text):
    return datetime.fromisoformat(text)


def test_a_pod_without_an_outcome_runs_until_it_is_deleted(pool, node):
    pool.create(pool.pod("p"))
    pod = pool.wait_shown("p", "Running")
    assert main_of(pod)["restartCount"] == 0
    assert pod["status"]["hostIP"] == pod["status"]["hostIPs"][0]["ip"]
    pool.wait_events("p", "Scheduled", "Started")
    pool.lab.kubectl("delete", "pod", "p", "-n", pool.namespace, "--wait", "--timeout=20s")
    pool.wait_events("p", "Killing")


def test_a_service_accounts_token_is_projected_into_pods(pool, node):
    pool.create(pool.pod("p"))
    pod = pool.wait_shown("p", "Running")
    sources = [source for volume in pod["spec"]["volumes"] for source in volume["projected"]["sources"]]
    assert any("serviceAccountToken" in source for source in sources)
    pool.lab.kubectl("get", "configmap", "kube-root-ca.crt", "-n", pool.namespace)


def test_complete(pool, node):
    pool.create(pool.pod("p", "complete", restart_policy="Never", run_for="2s"))
    pod = pool.wait_shown("p", "Completed")
    assert pod["status"]["phase"] == "Succeeded"
    ended = main_of(pod)["state"]["terminated"]
    assert ended["exitCode"] == 0
    assert 1 <= (at(ended["finishedAt"]) - at(ended["startedAt"])).total_seconds() <= 15  # it may be late, never early


@pytest.mark.parametrize(
    ("asked", "exit_code"), [({}, 1), ({"exit_code": "3"}, 3), ({"exit_code": "many"}, 1), ({"exit_code": "-9"}, 1)]
)
def test_fail(pool, node, asked, exit_code):
    pool.create(pool.pod("p", "fail", restart_policy="Never", run_for="100ms", **asked))
    pod = pool.wait_shown("p", "Error")
    assert pod["status"]["phase"] == "Failed"
    assert main_of(pod)["state"]["terminated"]["exitCode"] == exit_code


def test_oom(pool, node):
    pool.create(pool.pod("p", "oom", run_for="500ms", back_off="8s", restarts="1"))
    waiting = main_of(pool.wait_shown("p", "CrashLoopBackOff"))
    assert waiting["restartCount"] == 0
    killed = waiting["lastState"]["terminated"]
    assert (killed["exitCode"], killed["reason"]) == (137, "OOMKilled")
    pool.wait_events("p", "OOMKilling", "BackOff")
    again = main_of(pool.wait_shown("p", "Running"))
    assert again["restartCount"] == 1
    assert again["lastState"]["terminated"] == killed
    assert again["containerID"] != killed["containerID"]


def test_crash_loop(pool, node):
    pool.create(pool.pod("p", "crash-loop", run_for="500ms", back_off="8s", exit_code="2"))
    pod = pool.wait_shown("p", "CrashLoopBackOff")
    main, side = pod["status"]["containerStatuses"]
    assert main_of(pod)["state"]["waiting"]["message"].startswith("back-off 8s restarting failed container=main pod=p_")
    assert main["lastState"]["terminated"]["exitCode"] == 2
    assert main["lastState"]["terminated"]["reason"] == "Error"
    assert side["state"]["running"]  # only the first container fails
    assert pod["status"]["phase"] == "Running"
    pool.wait_events("p", "BackOff")


def test_after_its_restarts_a_crash_loop_runs_on(pool, node):
    pool.create(
        pool.pod("p", "crash-loop", run_for="200ms", back_off="200ms", restarts="2"),
        pool.pod("never", "crash-loop", run_for="200ms", back_off="200ms", restarts="0"),
        pool.pod("clock", "complete", run_for="6s", restart_policy="Never"),
    )
    wait_for(lambda: main_of(pool.get("p"))["restartCount"] == 2 if started(pool, "p") else False, "two restarts")
    pool.wait_shown("clock", "Completed")  # long after a third would have come
    assert main_of(pool.get("p"))["restartCount"] == 2
    assert pool.shown("p") == "Running"
    assert main_of(pool.get("never"))["restartCount"] == 0
    assert pool.shown("never") == "Running"


def started(pool, name):
    return pool.get(name)["status"].get("containerStatuses")


@pytest.mark.parametrize(("outcome", "shown", "exit_code"), [("crash-loop", "Error", 1), ("oom", "OOMKilled", 137)])
def test_what_may_not_be_restarted_fails_at_its_first_end(pool, node, outcome, shown, exit_code):
    pool.create(pool.pod("p", outcome, restart_policy="Never", run_for="100ms"))
    pod = pool.wait_shown("p", shown)
    assert pod["status"]["phase"] == "Failed"
    assert main_of(pod)["state"]["terminated"]["exitCode"] == exit_code


def test_image_pull(pool, node):
    pool.create(pool.pod("p", "image-pull", back_off="2s"))
    pod = pool.wait_shown("p", "ImagePullBackOff")
    assert pod["status"]["phase"] == "Pending"
    main = main_of(pod)
    assert "registry.example/train:1" in main["state"]["waiting"]["message"]
    assert main["restartCount"] == 0
    pool.wait_events("p", "Failed", "BackOff", times=2)  # it is tried again


def test_a_job_sees_its_pods_complete(pool, node):
    create_job(pool, "complete")
    pool.lab.kubectl("wait", "job/j", "-n", pool.namespace, "--for=condition=Complete", "--timeout=30s")
    assert pool.lab.api.get(f"/apis/batch/v1/namespaces/{pool.namespace}/jobs/j")["status"]["succeeded"] == 2


@pytest.mark.parametrize("outcome", ["fail", "oom"])
def test_a_job_sees_its_pods_fail(pool, node, outcome):
    create_job(pool, outcome)
    pool.lab.kubectl("wait", "job/j", "-n", pool.namespace, "--for=condition=Failed", "--timeout=30s")
    status = pool.lab.api.get(f"/apis/batch/v1/namespaces/{pool.namespace}/jobs/j")["status"]
    assert {each["reason"] for each in status["conditions"] if each["type"] == "Failed"} == {"BackoffLimitExceeded"}


def test_a_deleted_job_leaves_no_pod_behind(pool, node):
    create_job(pool, "run")
    wait_for(lambda: len(running(pool)) == 2, "two pods to run")
    pool.lab.kubectl("delete", "job", "j", "-n", pool.namespace, "--cascade=foreground", "--timeout=30s")
    wait_for(lambda: not pool.lab.api.get(pool.path)["items"], "the pods to go")


def running(pool):
    return [pod for pod in pool.lab.api.get(pool.path)["items"] if pod["status"]["phase"] == "Running"]


def create_job(pool, outcome):
    pod = pool.pod("j", outcome, restart_policy="Never", run_for="300ms")
    pod["metadata"].pop("name")
    pool.lab.api.create(
        f"/apis/batch/v1/namespaces/{pool.namespace}/jobs",
        {"metadata": {"name": "j"}, "spec": {"parallelism": 2, "completions": 2, "backoffLimit": 0, "template": pod}},
    )


def test_a_change_of_the_pod_does_not_start_its_time_anew(pool, node):
    pool.create(pool.pod("p", "complete", restart_policy="Never", run_for="3s"))
    pool.wait_shown("p", "Running")
    counter = itertools.count()

    def annotated_and_done() -> bool:
        pod = pool.lab.api.patch(f"{pool.path}/p", {"metadata": {"annotations": {"n": str(next(counter))}}})
        return pod["status"]["phase"] == "Succeeded"

    wait_for(annotated_and_done, "the pod to complete though it changes all the time", timeout_seconds=15)
    assert next(counter) > 5


@pytest.mark.parametrize("run_for", ["banana", "-5s", ""])
def test_a_duration_that_is_none_means_at_once(pool, node, run_for):
    pool.create(pool.pod("p", "complete", restart_policy="Never", run_for=run_for))
    pool.wait_shown("p", "Completed")


def test_init_containers_are_done_and_sidecars_run(pool, node):
    pod = pool.pod("p")
    pod["spec"]["initContainers"] = [
        {"name": "prepare", "image": "registry.example/init:1"},
        {"name": "proxy", "image": "registry.example/proxy:1", "restartPolicy": "Always"},
    ]
    pool.create(pod)
    prepare, proxy = pool.wait_shown("p", "Running")["status"]["initContainerStatuses"]
    assert prepare["state"]["terminated"]["reason"] == "Completed"
    assert proxy["state"]["running"]


def test_pods_on_nodes_that_are_not_fake_are_left_alone(pool):
    """A real node's kubelet lives its pods; there is none here, so the pod stays as it is."""
    name = f"{pool.namespace}-real"
    pool.lab.api.create(
        "/api/v1/nodes",
        {"metadata": {"name": name, "labels": {"topology.podlore.io/rack": pool.namespace}}},
    )
    real, fake = pool.pod("real"), pool.pod("fake")
    real["spec"]["nodeName"] = name
    pool.add_nodes(1, 0)
    pool.create(real, fake)
    pool.wait_shown("fake", "Running")
    assert "containerStatuses" not in pool.get("real")["status"]
