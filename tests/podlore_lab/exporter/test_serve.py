"""The exporter as a process beside the real control plane, scraped by the real Prometheus."""

import json
import subprocess
import sys
import urllib.parse
import urllib.request

import pytest

from podlore_lab.exporter.start import exporter_running
from podlore_lab.ports import LOOPBACK, free_ports
from podlore_lab.waiting import wait_for

EXPORTER = [sys.executable, "-m", "podlore_lab.exporter"]


def query(lab, expression):
    url = f"{lab.prometheus_url}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)["data"]["result"]


@pytest.fixture(scope="module")
def exporter(lab):
    with exporter_running(lab, "--sm-active", "--hostname-label", "hostname", "--clock-scale", "60") as address:
        yield address


def test_prometheus_knows_which_pod_a_device_belongs_to(lab, pool, exporter) -> None:
    (node,) = pool.add_nodes(1, 2)
    pool.create(pool.pod("busy", gpus=1, gpu_curve="0:0.6"))
    wanted = f'DCGM_FI_PROF_SM_ACTIVE{{exported_namespace="{pool.namespace}",exported_pod="busy"}}'
    ((found),) = wait_for(lambda: query(lab, f"{wanted} > 0.4"), "the pod's series in Prometheus")
    labels = found["metric"]
    assert (labels["hostname"], labels["gpu"], labels["exported_container"]) == (node, "0", "main")
    assert labels["pod"] == "nvidia-dcgm-exporter-lab"
    assert float(found["value"][1]) == pytest.approx(0.6, rel=0.12)
    free = query(lab, f'DCGM_FI_DEV_GPU_UTIL{{hostname="{node}",gpu="1"}}')
    assert "exported_pod" not in free[0]["metric"]


def test_a_curve_is_followed_in_trace_time_and_a_deleted_pod_lets_go(lab, pool, exporter) -> None:
    (node,) = pool.add_nodes(1, 1)
    pool.create(pool.pod("idles", gpus=1, gpu_curve="0:0.9,120:0.9,121:0"))
    busy = f'DCGM_FI_PROF_GR_ENGINE_ACTIVE{{exported_namespace="{pool.namespace}"}}'
    wait_for(lambda: query(lab, f"{busy} > 0.5"), "the pod to be busy")
    wait_for(lambda: query(lab, f"{busy} < 0.01"), "the pod to be idle after 2 s at speed 60")
    lab.api.delete(f"{pool.path}/idles")
    wait_for(lambda: query(lab, f'DCGM_FI_DEV_GPU_UTIL{{hostname="{node}",exported_pod=""}}'), "the device to be free")


def test_a_crash_loop_is_busy_only_while_it_runs(lab, pool, exporter) -> None:
    pool.add_nodes(1, 1)
    pool.create(pool.pod("loops", "crash-loop", gpus=1, run_for="2s", back_off="2s", gpu_curve="0:0.8"))
    series = f'DCGM_FI_PROF_SM_ACTIVE{{exported_namespace="{pool.namespace}"}}'
    for comparison in ("> 0.5", "< 0.01", "> 0.5"):
        wait_for(lambda comparison=comparison: query(lab, f"{series} {comparison}"), f"activity {comparison}")


def test_the_answer_says_that_it_is_prometheus_text(exporter) -> None:
    with urllib.request.urlopen(f"http://{exporter}/metrics", timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")


def failing(*arguments) -> str:
    """Run an exporter that cannot, and return the one line that it says."""
    done = subprocess.run([*EXPORTER, *arguments], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    return line


def test_a_port_in_use_is_one_clear_line(lab, exporter) -> None:
    port = exporter.rpartition(":")[2]
    said = failing("--kubeconfig", lab.kubeconfig, "--port", port)
    assert said == f"podlore exporter: port {port} cannot be used: Address already in use; choose another with --port"


def test_no_kubeconfig_is_one_clear_line(tmp_path) -> None:
    assert str(tmp_path / "none") in failing("--kubeconfig", tmp_path / "none", "--port", "0")


def test_without_a_server_it_says_that_it_is_not_ready(lab, tmp_path) -> None:
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(lab.kubeconfig.read_text().replace(lab.api_url, f"https://{LOOPBACK}:1"))
    port = free_ports(1)[0]
    process = subprocess.Popen([*EXPORTER, "--kubeconfig", kubeconfig, "--port", str(port)])

    def status() -> int | None:
        try:
            urllib.request.urlopen(f"http://{LOOPBACK}:{port}/healthz", timeout=5)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None
        return 200

    try:
        assert wait_for(status, "an answer") == 503
    finally:
        process.terminate()
        assert process.wait(20) == 0
