"""How an operator is run: its policy, its Lease, its state, what it needs, and what it says where that is missing."""

import socket
import sys

import pytest
import yaml

from podlore_lab.exporter.start import exporter_running
from podlore_lab.ports import LOOPBACK
from podlore_lab.waiting import wait_for

NAMESPACE = "podlore"
FAULT_AFTER_SECONDS = 1500


def test_a_policy_is_taken_up_at_once_and_a_bad_one_keeps_the_last_good_one(cluster):
    operator = cluster.operator("--no-lease")
    cluster.wait_for_both(operator)
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
    assert operator.stop() == 0
    operator = cluster.operator("--no-lease")
    operator.wait_rounds()
    assert cluster.advice() == {}, "it holds after a restart, too"
    cluster.lab.kubectl("delete", "advisorpolicy", "default")
    cluster.wait_for_both(operator)


def test_a_policy_can_switch_to_dry_run_and_back(cluster):
    operator = cluster.operator()
    names = cluster.wait_for_both(operator)
    cluster.policy(mode="DryRun")
    operator.wait(lambda: operator.metric("podlore_leader") == 0, "the office to be left")
    wait_for(lambda: cluster.leader() == "", "the Lease to be given back")
    before = len(cluster.asked())
    cluster.lab.kubectl("delete", "sadv", names["pull"], "-n", "vision")
    operator.wait(lambda: cluster.knows_both(operator.advice()), "advice in mind")
    operator.wait_rounds()
    assert [event for event in cluster.asked(before) if event.is_persisted_mutation] == []
    assert names["pull"] not in cluster.advice()
    cluster.policy(mode="Advise")
    cluster.wait_for_both(operator)


def test_of_two_replicas_one_leads_and_the_other_takes_over(cluster):
    first, second = cluster.operator("--identity=a"), cluster.operator("--identity=b")
    names = cluster.wait_for_both(first)
    assert cluster.leader() == "a"
    assert (first.metric("podlore_leader"), second.metric("podlore_leader")) == (1, 0)
    before = cluster.as_people_see()
    first.kill()
    second.wait(lambda: second.metric("podlore_leader") == 1, "the other to take over")
    second.wait_rounds()
    assert cluster.leader() == "b"
    assert cluster.as_people_see() == before
    assert set(names.values()) == set(cluster.advice())
    third = cluster.operator("--identity=c")
    assert second.stop() == 0
    assert cluster.leader() in {"", "c"}, "one that ends in order does not let the others wait"
    third.wait(lambda: cluster.leader() == "c", "the last one to lead")


def test_state_is_saved_at_the_end_and_foreign_state_is_ignored(cluster):
    operator = cluster.operator()
    cluster.wait_for_both(operator)
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
    cluster.wait_for_both(operator)
    assert operator.stop() == 0


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
    assert ended.popen.wait(150) == 2
    assert says in ended.log
    assert ended.log.count("\n") == 1


def test_a_port_in_use_is_one_clear_line(cluster):
    with socket.create_server((LOOPBACK, 0)) as holder:
        ended = cluster.start("--listen", f"{LOOPBACK}:{holder.getsockname()[1]}")
        assert ended.popen.wait(150) == 2
    assert "it is in use; choose another address by --listen" in ended.log
    assert ended.log.count("\n") == 1


def test_a_wrong_token_is_one_clear_line(cluster, tmp_path):
    kubeconfig = yaml.safe_load(cluster.kubeconfig.read_text())
    kubeconfig["users"][0]["user"]["token"] = "wrong"
    wrong = tmp_path / "wrong.kubeconfig"
    wrong.write_text(yaml.safe_dump(kubeconfig))
    ended = cluster.start("--kubeconfig", str(wrong))
    assert ended.popen.wait(150) == 2
    assert "renew its token" in ended.log
    assert ended.log.count("\n") == 1


def test_faults_of_devices_become_advice_about_their_nodes_live_and_from_a_snapshot(cluster, tmp_path):
    errors = f"DCGM_FI_DEV_ECC_DBE_VOL_TOTAL:6@{FAULT_AFTER_SECONDS}"
    with exporter_running(cluster.lab, "--clock-scale", str(cluster.scale)):
        cluster.apply(pod("xid-79", xid=f"79@{FAULT_AFTER_SECONDS}"), pod("double-bits", errors=errors))
        operator = cluster.operator("--no-lease", "--prometheus", cluster.lab.prometheus_url)
        operator.wait(lambda: {"Device", "Memory"} <= set(faults(cluster)), "advice about both")
        cluster.snapshot(tmp_path / "taken", "--prometheus", cluster.lab.prometheus_url)
    offline = [found for found in cluster.advise(tmp_path / "taken") if found["pattern"] == "HardwareFault"]
    for cause, name in (("Device", "xid-79"), ("Memory", "double-bits")):
        advice = faults(cluster)[cause]
        ran_on = cluster.lab.api.get(f"/api/v1/namespaces/vision/pods/{name}")["spec"]["nodeName"]
        assert advice["spec"]["target"]["name"] == ran_on
        assert measured(advice["status"])
        (same,) = [found for found in offline if found["cause"] == cause]
        assert measured(same) == measured(advice["status"])
    assert any(fact["observed"] == "XID 79" for fact in faults(cluster)["Device"]["status"]["evidence"])


def pod(name, **annotations):
    container = {"name": "main", "image": "registry.example/x", "resources": {"limits": {"nvidia.com/gpu": 8}}}
    said = {f"lab.podlore.io/{key}": value for key, value in annotations.items()}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "vision", "annotations": said},
        "spec": {"containers": [container], "tolerations": [{"operator": "Exists"}]},
    }


def measured(document):
    """Return the evidence that metrics gave."""
    return [fact for fact in document["evidence"] if fact["source"] == "Metric"]


def faults(cluster):
    """Return the advice about faulty hardware, by cause."""
    told = [item for item in cluster.advice().values() if item.get("status", {}).get("pattern") == "HardwareFault"]
    return {item["status"]["cause"]: item for item in told}
