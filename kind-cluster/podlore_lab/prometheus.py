"""The real Prometheus of a lab: scrapes every second what is added to it while it runs."""

import http.client
import json
import re
from urllib.parse import urlsplit

from podlore.errors import BadInput
from podlore_lab.folder import LabFolder
from podlore_lab.plane import Plane
from podlore_lab.ports import LOOPBACK
from podlore_lab.processes import Command
from podlore_lab.waiting import wait_for

# honor_labels stays off, as in the charts people use: an exporter's `pod` becomes `exported_pod`.
CONFIGURATION = """\
global:
  scrape_interval: 1s
  scrape_timeout: 1s
  evaluation_interval: 1s
scrape_configs:
- job_name: lab
  honor_labels: false
  file_sd_configs:
  - files: [{targets}/*.json]
    refresh_interval: 1s
"""
JOB_NAME = re.compile(r"[A-Za-z0-9_-]+")


def prometheus(plane: Plane) -> Command:
    """Return the command of Prometheus, with its configuration written beside it."""
    folder = plane.folder
    configuration = folder.path / "prometheus.yaml"
    configuration.write_text(CONFIGURATION.format(targets=folder.scrape_targets))
    argv = [
        f"{plane.programs / 'prometheus'}",
        f"--config.file={configuration}",
        f"--storage.tsdb.path={folder.path / 'prometheus'}",
        f"--web.listen-address={LOOPBACK}:{plane.ports.prometheus}",
        "--log.level=warn",
    ]
    return Command("prometheus", argv)


def add_scrape_target(folder: LabFolder, prometheus_url: str, job: str, address: str) -> None:
    """Have Prometheus scrape ``address`` (host:port) from now on; return when it knows.

    A job added before is pointed to the new address.
    """
    if not JOB_NAME.fullmatch(job):
        raise BadInput(f"job {job!r}: use letters, digits, - and _ only")
    draft = folder.path / f"{job}.draft"
    draft.write_text(json.dumps([{"targets": [address], "labels": {"job": job}}]))
    draft.replace(folder.scrape_targets / f"{job}.json")
    wait_for(lambda: address in _active(prometheus_url, job), f"Prometheus to take up {job} at {address}")


def _active(prometheus_url: str, job: str) -> set[str]:
    connection = http.client.HTTPConnection(urlsplit(prometheus_url).netloc, timeout=5)
    try:
        connection.request("GET", "/api/v1/targets?state=active")
        targets = json.load(connection.getresponse())["data"]["activeTargets"]
    finally:
        connection.close()
    return {target["discoveredLabels"]["__address__"] for target in targets if target["labels"].get("job") == job}
