"""KWOK as a plain process: lives the lives of fake nodes and their pods, by the Stages of ``kind-cluster/stages``.

It manages only nodes with the annotation `FAKE_NODE`, so that it can run beside real ones.
"""

from typing import Any

from podlore_lab.api import Api
from podlore_lab.plane import Plane
from podlore_lab.ports import LOOPBACK
from podlore_lab.processes import Command
from podlore_lab.shipped import stage_files

FAKE_NODE = ("kwok.x-k8s.io/node", "fake")
POD_RANGE = "10.128.0.0/9"
LEASE_SECONDS = 40  # a kubelet's
USER = "podlore-lab-kwok"

OPTIONS = """\
apiVersion: config.kwok.x-k8s.io/v1alpha1
kind: KwokConfiguration
options:
  podPlayStageParallelism: 32
  nodePlayStageParallelism: 16
  nodeLeaseParallelism: 16
"""

# What a kubelet may do, for all nodes at once.
RULES = [
    {"apiGroups": [""], "resources": ["nodes", "pods"], "verbs": ["get", "list", "watch", "patch"]},
    {"apiGroups": [""], "resources": ["nodes/status", "pods/status"], "verbs": ["get", "patch"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["delete"]},
    {"apiGroups": ["", "events.k8s.io"], "resources": ["events"], "verbs": ["create", "patch"]},
    {
        "apiGroups": ["coordination.k8s.io"],
        "resources": ["leases"],
        "verbs": ["get", "list", "watch", "create", "update", "patch"],
    },
]


def kwok(plane: Plane) -> Command:
    """Return the command of KWOK."""
    options = plane.folder.path / "kwok.yaml"
    options.write_text(OPTIONS)
    argv = [
        f"{plane.programs / 'kwok'}",
        f"--kubeconfig={plane.kwok_kubeconfig}",
        f"--manage-nodes-with-annotation-selector={'='.join(FAKE_NODE)}",
        f"--cidr={POD_RANGE}",
        f"--node-ip={LOOPBACK}",
        f"--node-lease-duration-seconds={LEASE_SECONDS}",
        f"--server-address={LOOPBACK}:{plane.ports.kwok}",
        *(f"--config={file}" for file in [options, *stage_files()]),
    ]
    return Command("kwok", argv)


def allow_kwok(api: Api) -> None:
    """Give KWOK's user the rights it needs."""
    meta = {"name": "podlore-lab:kwok"}
    role: dict[str, Any] = {"metadata": meta, "rules": RULES}
    binding: dict[str, Any] = {
        "metadata": meta,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": meta["name"]},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": USER}],
    }
    api.create("/apis/rbac.authorization.k8s.io/v1/clusterroles", role)
    api.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding)


def kwok_health(port: int) -> str:
    """Return the address that says whether KWOK runs."""
    return f"http://{LOOPBACK}:{port}/healthz"
