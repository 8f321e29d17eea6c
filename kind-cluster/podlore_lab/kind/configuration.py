"""kind's configuration of one cluster: ``kind-cluster/kind.yaml`` with image, port and the scheduler's file in it."""

from pathlib import Path
from typing import Any

import yaml

from podlore_lab.control_plane import REQUESTS_BURST, REQUESTS_PER_SECOND, SCHEDULER_CONFIGURATION
from podlore_lab.shipped import shipped_folder

# What an image registry has: kind's own for Kubernetes 1.37, as kind v0.33.0 pins it.
REGISTRY_IMAGE = "kindest/node:v1.37.0@sha256:a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5"
SCHEDULER_KUBECONFIG = "/etc/kubernetes/scheduler.conf"


def cluster_configuration(*, image: str, api_port: int, scheduler_folder: Path) -> str:
    """Return kind's configuration as YAML; a registry's image brings kind's own network, a built one has ours.

    >>> text = cluster_configuration(image="n:1", api_port=0, scheduler_folder=Path("/tmp/x"))
    >>> [node["image"] for node in yaml.safe_load(text)["nodes"]]
    ['n:1', 'n:1']
    """
    content: dict[str, Any] = yaml.safe_load((shipped_folder("node").parent / "kind.yaml").read_text())
    content["networking"]["disableDefaultCNI"] = image != REGISTRY_IMAGE
    if api_port:
        content["networking"]["apiServerPort"] = api_port
    for node in content["nodes"]:
        node["image"] = image
        for mount in node.get("extraMounts", ()):
            mount["hostPath"] = str(scheduler_folder)
    return yaml.safe_dump(content, sort_keys=False)


def scheduler_configuration() -> str:
    """Return the scheduler's configuration, which is that of the lab without kind."""
    return SCHEDULER_CONFIGURATION.format(
        kubeconfig=SCHEDULER_KUBECONFIG, qps=REQUESTS_PER_SECOND, burst=REQUESTS_BURST
    )
