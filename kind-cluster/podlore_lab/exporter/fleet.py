"""All devices of the lab and how busy each is: pods and nodes come in as they change, one reading a scrape leaves.

Knows nothing of HTTP or of DCGM's words; `podlore_lab.exporter.exposition` writes a `Reading` down.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import numpy as np
from numpy.typing import NDArray

from podlore.traces.presses import Pressed
from podlore_lab.exporter.assignment import Assignment, Claim
from podlore_lab.exporter.pod import GpuPod, gpu_pod
from podlore_lab.exporter.product import Product, product_of

Json = dict[str, Any]
Floats = NDArray[np.float64]

REPLICAS_MAX = 100
MEMORY_DEFAULT_MIB = 16_384
NOISE_SHARE = 0.02
"""Standard deviation of the noise on a busy device's activity, relative to it; an idle one has none."""

IDLE_FLOOR = 0.002
"""Activity that an idle device in a pod's hands still shows at most; DCGM's is never quite zero."""


@dataclass(frozen=True, slots=True)
class Device:
    """One GPU of one node; ``index`` is its number there."""

    node: str
    index: int
    uuid: str
    pci_bus_id: str
    product: Product
    memory_mib: int


@dataclass(frozen=True, slots=True)
class Reading:
    """One moment of the fleet; arrays have one entry a device.

    ``holders`` are the pods that hold each device (none: free; several: shared). ``activity`` is a share (0-1),
    ``memory_share`` that of the memory in use, ``bus_share`` what is pressed through the device's bus beside its own
    work, ``xid`` the last error of the device. ``errors`` are counters of those errors that any pod was asked to cause.
    """

    devices: tuple[Device, ...]
    holders: list[tuple[GpuPod, ...]]
    activity: Floats
    memory_share: Floats
    bus_share: Floats
    xid: NDArray[np.int64]
    errors: Mapping[str, Floats] = field(default_factory=dict)


class Fleet:
    """The devices of the lab, those who hold them, and their counters.

    Parameters
    ----------
    speed
        How much faster than the wall a pod's trace time runs, for pods that do not say it themselves.
    rng
        Source of the noise; the same seed and the same moments give the same readings.
    now
        The wall's time.
    """

    def __init__(self, *, speed: float, rng: np.random.Generator, now: Callable[[], float] = time.time) -> None:
        self._speed = speed
        self._rng = rng
        self._now = now
        self._assignment = Assignment()
        self._pods: dict[str, GpuPod] = {}
        self._started: dict[str, float] = {}
        self._devices_by_node: dict[str, tuple[Device, ...]] = {}
        self._devices: tuple[Device, ...] | None = None
        self._xid: dict[str, int] = {}
        self._errors: dict[str, dict[str, int]] = {}

    # --- what the API server tells -----------------------------------------------------------------------------------

    def replace_nodes(self, nodes: list[Json]) -> None:
        """Take all nodes there are."""
        for gone in set(self._devices_by_node) - {node["metadata"]["name"] for node in nodes}:
            self._remove_node(gone)
        for node in nodes:
            self.apply_node("MODIFIED", node)

    def apply_node(self, kind: str, node: Json) -> None:
        """Take one change of a node."""
        name = node["metadata"]["name"]
        if kind == "DELETED":
            self._remove_node(name)
            return
        labels = node["metadata"].get("labels") or {}
        slices = min(_integer(labels.get("nvidia.com/gpu.replicas"), 1), REPLICAS_MAX)
        devices = _devices(name, labels, _device_count(node, labels))
        self._assignment.set_node(name, devices=len(devices), slices=max(slices, 1))
        if devices != self._devices_by_node.get(name):
            self._devices_by_node[name] = devices
            self._devices = None

    def _remove_node(self, name: str) -> None:
        self._assignment.remove_node(name)
        self._devices_by_node.pop(name, None)
        self._devices = None

    def replace_pods(self, pods: list[Json]) -> None:
        """Take all pods there are."""
        for gone in set(self._pods) - {pod["metadata"]["uid"] for pod in pods}:
            self._release(gone)
        for pod in pods:
            self.apply_pod("MODIFIED", pod)

    def apply_pod(self, kind: str, pod: Json) -> None:
        """Take one change of a pod."""
        uid = pod["metadata"]["uid"]
        seen = None if kind == "DELETED" else gpu_pod(pod)
        if seen is None:
            self._release(uid)
            return
        if uid in self._pods:  # what it asks for and what it says of itself does not change
            seen = replace(self._pods[uid], is_running=seen.is_running, started_at=seen.started_at)
        self._pods[uid] = seen
        self._assignment.take(Claim(uid, seen.node, seen.units))
        if seen.is_running and uid not in self._started:
            self._started[uid] = self._start_of(seen)

    def _start_of(self, pod: GpuPod) -> float:
        """Return when a pod started: now, if that agrees with the whole second that the API server keeps."""
        now = self._now()
        if pod.started_at is None:
            return now
        return min(max(now, pod.started_at), pod.started_at + 1)

    def _release(self, uid: str) -> None:
        self._assignment.release(uid)
        self._pods.pop(uid, None)
        self._started.pop(uid, None)

    # --- what the devices do -----------------------------------------------------------------------------------------

    @property
    def devices(self) -> tuple[Device, ...]:
        """All devices, by node and number."""
        if self._devices is None:
            self._devices = tuple(
                device for name in sorted(self._devices_by_node) for device in self._devices_by_node[name]
            )
        return self._devices

    def read(self) -> Reading:
        """Return what all devices do at this moment."""
        now = self._now()
        pressing = self.pressing()
        activity_by_pod = {uid: self._activity(pod, now) * _kept(pod, pressing) for uid, pod in self._pods.items()}
        holders: list[tuple[GpuPod, ...]] = []
        activity, memory, bus = (np.zeros(len(self.devices)) for _ in range(3))
        for number, device in enumerate(self.devices):
            pods = tuple(self._pods[uid] for uid in self._assignment.holders(device.node, device.index))
            holders.append(pods)
            for pod in pods:
                share = 0.0 if self._is_idle(pod, device.index) else activity_by_pod[pod.uid]
                activity[number] += share
                memory[number] += _memory_share(pod, share)
                bus[number] += _bus_share(pod) if share > 0 else 0.0
        return Reading(
            self.devices,
            holders,
            self._noisy(activity, np.fromiter(map(bool, holders), bool, len(holders))),
            np.minimum(memory, 0.98),
            np.minimum(bus, 1.0),
            np.fromiter((self._xid.get(device.uuid, 0) for device in self.devices), np.int64, len(holders)),
            {
                metric: np.fromiter((known.get(device.uuid, 0) for device in self.devices), float, len(holders))
                for metric, known in sorted(self._errors.items())
            },
        )

    @property
    def nodes(self) -> tuple[str, ...]:
        """The names of all nodes with devices, sorted."""
        return tuple(sorted(name for name, devices in self._devices_by_node.items() if devices))

    def pressing(self) -> tuple[GpuPod, ...]:
        """Return the pods at work that take something from the others on their node."""
        now = self._now()
        return tuple(pod for pod in self._pods.values() if pod.presses and self._activity(pod, now) > 0)

    @property
    def speed(self) -> float:
        """How many trace seconds pass in a second: what the fastest pod says, else the default."""
        return max((pod.speed for pod in self._pods.values() if pod.speed), default=self._speed)

    def _activity(self, pod: GpuPod, now: float) -> float:
        if not pod.is_running or (started := self._started.get(pod.uid)) is None:
            return 0.0
        trace_seconds = (now - started) * (pod.speed or self._speed)
        if pod.xid and trace_seconds >= pod.xid[1]:
            self._strike(pod, pod.xid[0])
        for errors in pod.errors:
            self._err(pod, errors.metric, errors.count(trace_seconds))
        return pod.curve.at(trace_seconds)

    def _strike(self, pod: GpuPod, code: int) -> None:
        """Note an XID on the pod's first device; the gauge keeps it until the driver is loaded anew: here, for good."""
        if (device := self._first_device(pod)) is not None:
            self._xid[device.uuid] = code

    def _err(self, pod: GpuPod, metric: str, count: int) -> None:
        """Note errors on the pod's first device; the counter outlives the pod."""
        known = self._errors.setdefault(metric, {})
        if (device := self._first_device(pod)) is not None:
            known[device.uuid] = max(count, known.get(device.uuid, 0))

    def _first_device(self, pod: GpuPod) -> Device | None:
        held = self._assignment.devices(pod.uid)[:1]
        return next((one for one in self._devices_by_node.get(pod.node, ()) if one.index in held), None)

    def _is_idle(self, pod: GpuPod, device: int) -> bool:
        held = self._assignment.devices(pod.uid)
        return pod.idle_devices > 0 and device in held[len(held) - pod.idle_devices :]

    def _noisy(self, activity: Floats, is_held: NDArray[np.bool_]) -> Floats:
        busy = activity * (1 + NOISE_SHARE * self._rng.standard_normal(len(activity)))
        floor = np.where(is_held, IDLE_FLOOR * self._rng.random(len(activity)), 0.0)
        return np.clip(np.maximum(busy, floor), 0, 1)


def _kept(pod: GpuPod, pressing: Sequence[GpuPod]) -> float:
    """Return the share of its speed that a pod keeps beside those that press on its node."""
    others = (other for other in pressing if other.node == pod.node and other.uid != pod.uid)
    return math.prod(1 - press.share for other in others for press in other.presses)


def _bus_share(pod: GpuPod) -> float:
    return sum(press.share for press in pod.presses if press.resource is Pressed.PCIE)


def _memory_share(pod: GpuPod, activity: float) -> float:
    """Return the device memory a pod holds: what it says, else a base for its libraries and more with its activity."""
    if not pod.is_running:
        return 0.0
    return 0.1 + 0.6 * activity if pod.memory_share is None else pod.memory_share


def _device_count(node: Json, labels: dict[str, str]) -> int:
    """Return a node's devices by the label of GPU feature discovery: a time-sliced node's capacity is in slices."""
    capacity = (node.get("status") or {}).get("capacity") or {}
    return min(_integer(labels.get("nvidia.com/gpu.count"), _integer(capacity.get("nvidia.com/gpu"), 0)), 64)


def _devices(node: str, labels: dict[str, str], count: int) -> tuple[Device, ...]:
    product = product_of(labels.get("nvidia.com/gpu.product", ""))
    memory_mib = _integer(labels.get("nvidia.com/gpu.memory"), 0) or MEMORY_DEFAULT_MIB
    return tuple(
        Device(
            node=node,
            index=index,
            uuid=f"GPU-{uuid5(NAMESPACE_URL, f'podlore-lab/{node}/{index}')}",
            pci_bus_id=f"{index // 16:08X}:{0x10 + 0x0D * (index % 16):02X}:00.0",
            product=product,
            memory_mib=memory_mib,
        )
        for index in range(count)
    )


def _integer(text: object, default: int) -> int:
    return int(text) if isinstance(text, str) and text.isdecimal() and len(text) < 9 else default
