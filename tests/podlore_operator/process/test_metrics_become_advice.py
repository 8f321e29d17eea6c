"""What the lab's GPU exporter shows and its Prometheus scrapes becomes advice, live and by a snapshot."""

import pytest

from podlore_lab.exporter.start import exporter_running

XID_AFTER_SECONDS = 1500


@pytest.fixture(scope="module")
def exporter(cluster):
    with exporter_running(cluster.lab, "--clock-scale", str(cluster.scale)):
        yield


def pod(name, **annotations):
    container = {"name": "main", "image": "registry.example/x", "resources": {"limits": {"nvidia.com/gpu": 4}}}
    said = {f"lab.podlore.io/{key.replace('_', '-')}": value for key, value in annotations.items()}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "vision", "annotations": said},
        "spec": {"containers": [container], "tolerations": [{"operator": "Exists"}]},
    }


def test_an_xid_of_a_broken_device_becomes_advice_about_its_node(cluster, exporter, tmp_path):
    cluster.apply(pod("trained-on-it", gpu_curve="0:0.9", xid=f"79@{XID_AFTER_SECONDS}"))
    operator = cluster.operator("--no-lease", "--prometheus", cluster.lab.prometheus_url)
    operator.wait(lambda: faults(cluster.advice().values()), "advice about the broken device")
    (advice,) = faults(cluster.advice().values())
    ran_on = cluster.lab.api.get("/api/v1/namespaces/vision/pods/trained-on-it")["spec"]["nodeName"]
    assert advice["spec"]["target"]["name"] == ran_on
    assert advice["status"]["cause"] == "Device"
    (evidence,) = [fact for fact in advice["status"]["evidence"] if fact["observed"] == "XID 79"]
    assert evidence["source"] == "Metric"
    cluster.snapshot(tmp_path / "taken", "--prometheus", cluster.lab.prometheus_url)
    (offline,) = [found for found in cluster.advise(tmp_path / "taken") if found["pattern"] == "HardwareFault"]
    assert offline["evidence"] == advice["status"]["evidence"]


def faults(advice):
    return [item for item in advice if item.get("status", {}).get("pattern") == "HardwareFault"]
