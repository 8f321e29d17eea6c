"""Nodes and pods as the API server would serve them, and a fleet whose time the test sets."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from podlore_lab.exporter.fleet import Fleet, Reading

Json = dict[str, Any]
BEGIN = 1_800_000_000.0


class World:
    """A fleet of its own, with a clock that stands still until it is moved."""

    def __init__(self, speed: float = 1.0, seed: int = 7) -> None:
        self.now = BEGIN
        self.fleet = Fleet(speed=speed, rng=np.random.default_rng(seed), now=lambda: self.now)

    def add_node(self, name: str, gpus: int = 2, product: str = "NVIDIA-A10", slices: int = 1) -> None:
        labels = {
            "nvidia.com/gpu.product": product,
            "nvidia.com/gpu.count": str(gpus),
            "nvidia.com/gpu.memory": "23028",
            "nvidia.com/gpu.replicas": str(slices),
        }
        self.fleet.apply_node("ADDED", {"metadata": {"name": name, "labels": labels}})

    def pod(
        self, name: str, on: str = "n1", gpus: int = 1, *, is_running: bool = True, phase: str = "Running", **said: str
    ) -> Json:
        state: Json = {"running": {}} if is_running else {"waiting": {"reason": "CrashLoopBackOff"}}
        started = datetime.fromtimestamp(int(self.now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        container = {"name": "main", "resources": {"limits": {"nvidia.com/gpu": str(gpus)}}}
        annotations = {f"lab.podlore.io/{key.replace('_', '-')}": value for key, value in said.items()}
        return {
            "metadata": {"uid": f"uid-{name}", "namespace": "vision", "name": name, "annotations": annotations},
            "spec": {"containers": [container], **({"nodeName": on} if on else {})},
            "status": {
                "phase": phase,
                "startTime": started,
                "containerStatuses": [{"name": "main", "state": state}],
            },
        }

    def add_pod(self, name: str, on: str = "n1", gpus: int = 1, **more: Any) -> Json:
        pod = self.pod(name, on, gpus, **more)
        self.fleet.apply_pod("ADDED", pod)
        return pod

    def activity(self) -> dict[tuple[str, int], float]:
        """Activity by node and number, without noise to two digits."""
        reading = self.read()
        return {(d.node, d.index): float(a) for d, a in zip(reading.devices, reading.activity, strict=True)}

    def holders(self) -> dict[tuple[str, int], list[str]]:
        reading = self.read()
        return {
            (device.node, device.index): [pod.name for pod in pods]
            for device, pods in zip(reading.devices, reading.holders, strict=True)
        }

    def read(self) -> Reading:
        return self.fleet.read()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def make_world() -> type[World]:
    return World
