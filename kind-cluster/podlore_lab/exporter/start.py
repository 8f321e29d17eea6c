"""Starting the exporter for a lab: as a command for those who supervise processes, or for the time of a block."""

import http.client
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from podlore_lab.api import is_healthy
from podlore_lab.cluster import Lab
from podlore_lab.exporter.serve import NODE_PATH
from podlore_lab.ports import LOOPBACK, free_ports
from podlore_lab.processes import Command, Processes
from podlore_lab.waiting import wait_for

JOB = "dcgm-exporter"
"""The scrape job's name, and the process's."""

READY_SECONDS = 180.0

TARGET_LABELS = {
    "job": JOB,
    "namespace": "gpu-operator",
    "pod": "nvidia-dcgm-exporter-lab",
    "container": "nvidia-dcgm-exporter",
    "service": "nvidia-dcgm-exporter",
    "endpoint": "gpu-metrics",
}
NODE_LABELS = {"job": "node", "__metrics_path__": NODE_PATH}


def exporter_command(kubeconfig: Path, port: int, *more: str) -> Command:
    """Return the command of the exporter; ``more`` are further options of ``python -m podlore_lab.exporter``."""
    argv = [sys.executable, "-m", "podlore_lab.exporter", "--kubeconfig", str(kubeconfig), "--port", str(port), *more]
    return Command(JOB, argv)


@contextmanager
def exporter_running(lab: Lab, *more: str) -> Iterator[str]:
    """Run an exporter for a lab and have its Prometheus scrape it, until the block ends; yields its address.

    Raises
    ------
    Unavailable
        If it does not start.
    """
    port = free_ports(1)[0]
    address = f"{LOOPBACK}:{port}"
    with tempfile.TemporaryDirectory(prefix="podlore-exporter-") as folder, Processes(Path(folder)) as processes:
        processes.start(exporter_command(lab.kubeconfig, port, *more))

        def ready() -> bool:
            processes.check(JOB)
            return is_healthy(f"http://{address}/healthz")

        wait_for(ready, "the exporter to be ready", timeout_seconds=READY_SECONDS)
        scrape(lab, address)
        yield address


def scrape(lab: Lab, address: str) -> None:
    """Have a lab's Prometheus scrape an exporter from now on; return when it has.

    The target carries the labels that Kubernetes service discovery would give it, so that the exporter's own ``pod``,
    ``namespace`` and ``container`` become ``exported_pod`` and so on, as in a cluster.
    """
    draft = lab.folder.path / f"{JOB}.draft"
    draft.write_text(json.dumps([{"targets": [address], "labels": labels} for labels in (TARGET_LABELS, NODE_LABELS)]))
    draft.replace(lab.folder.scrape_targets / f"{JOB}.json")
    wait_for(lambda: is_scraped(lab.prometheus_url, address), f"Prometheus to scrape the exporter at {address}")


def is_scraped(prometheus_url: str, address: str = "") -> bool:
    """Tell whether Prometheus has scraped the exporter at this address, or any, when it last tried."""
    connection = http.client.HTTPConnection(urlsplit(prometheus_url).netloc, timeout=5)
    try:
        connection.request("GET", "/api/v1/targets?state=active")
        targets = json.load(connection.getresponse())["data"]["activeTargets"]
    finally:
        connection.close()
    return any(
        each["labels"].get("job") == JOB
        and each["health"] == "up"
        and address in ("", each["discoveredLabels"]["__address__"])
        for each in targets
    )
