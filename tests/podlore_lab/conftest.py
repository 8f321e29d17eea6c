"""What the lab's tests share: labs of their own folder, pods of the lab's contract, nodes that nobody else uses."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from podlore.traces import NodeShape
from podlore_lab.cluster import Lab
from podlore_lab.nodes import create_nodes
from podlore_lab.waiting import wait_for

Json = dict[str, Any]


@pytest.fixture
def several_labs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for this test's own labs, so that ending all of them ends nobody else's."""
    monkeypatch.setenv("PODLORE_LABS", str(tmp_path / "labs"))
    return tmp_path / "labs"


class Pool:
    """Nodes of one test, and its namespace; its pods run nowhere else."""

    def __init__(self, lab: Lab, namespace: str) -> None:
        self.lab = lab
        self.namespace = namespace
        self.path = f"/api/v1/namespaces/{namespace}/pods"

    def add_nodes(self, count: int, gpus: int) -> list[str]:
        """Create nodes of this pool, which is their rack."""
        names = [f"{self.namespace}-{index}" for index in range(count)]
        create_nodes(
            self.lab.api,
            [NodeShape(name, "A10", gpus, 24576, 64_000, 262_144, rack=self.namespace) for name in names],
        )
        return names

    def pod(self, name: str, outcome: str = "", *, restart_policy: str = "Always", gpus: int = 0, **asked: str) -> Json:
        """Return a pod with two containers; ``asked`` are annotations of the contract, with _ for -."""
        labels = {"lab.podlore.io/outcome": outcome} if outcome else {}
        main: Json = {"name": "main", "image": "registry.example/train:1"}
        if gpus:
            main["resources"] = {"limits": {"nvidia.com/gpu": str(gpus)}}
        return {
            "metadata": {
                "name": name,
                "labels": labels,
                "annotations": {f"lab.podlore.io/{key.replace('_', '-')}": value for key, value in asked.items()},
            },
            "spec": {
                "restartPolicy": restart_policy,
                "nodeSelector": {"topology.podlore.io/rack": self.namespace},
                "tolerations": [{"key": "kwok.x-k8s.io/node", "operator": "Exists"}],
                "containers": [main, {"name": "side", "image": "registry.example/side:1"}],
            },
        }

    def create(self, *pods: Json) -> None:
        """Create pods."""
        for pod in pods:
            self.lab.api.create(self.path, pod)

    def get(self, name: str) -> Json:
        """Return a pod."""
        return self.lab.api.get(f"{self.path}/{name}")

    def shown(self, name: str) -> str:
        """Return what kubectl shows in a pod's STATUS column."""
        line = self.lab.kubectl("get", "pod", name, "-n", self.namespace, "--no-headers")
        return line.split()[2]

    def wait_shown(self, name: str, status: str) -> Json:
        """Wait until kubectl shows this status, and return the pod."""
        wait_for(lambda: self.shown(name) == status, f"{name} to be {status}", timeout_seconds=30)
        return self.get(name)

    def wait_events(self, name: str, *reasons: str, times: int = 1) -> None:
        """Wait until a pod has had events of all these reasons so often; they are sent apart from the status."""

        def missing() -> set[str]:
            listed = self.lab.api.get(f"/api/v1/namespaces/{self.namespace}/events")["items"]
            own = [event for event in listed if event["involvedObject"]["name"] == name]
            return set(reasons) - {event["reason"] for event in own if (event.get("count") or 1) >= times}

        wait_for(lambda: not missing(), f"{name} to have events {', '.join(reasons)}", timeout_seconds=30)


@pytest.fixture
def pool(lab: Lab, fresh_namespace: str) -> Iterator[Pool]:
    """An empty pool; its nodes go with it."""
    pool = Pool(lab, fresh_namespace)
    yield pool
    lab.api.delete(f"{pool.path}?gracePeriodSeconds=0")  # nobody stops them once their nodes are gone
    lab.api.delete(f"/api/v1/nodes?labelSelector=topology.podlore.io/rack={fresh_namespace}")
