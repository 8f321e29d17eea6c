"""A pod as the exporter needs it: Kubernetes JSON comes in, its claim on devices and its annotations' meaning leave.

===================================  ==================================================================================
``lab.podlore.io/errors``            errors on its first device, ``NAME:6@3600``: counter, errors an hour, trace seconds
``lab.podlore.io/gpu-curve``         activity by trace seconds since the start, ``0:0.05,600:0.92``; else 0.85
``lab.podlore.io/gpu-memory-share``  share of device memory that is held; else it follows activity
``lab.podlore.io/idle-gpus``         how many of the pod's devices do nothing
``lab.podlore.io/presses``           what it takes from the others on its node while it works, ``cpu:0.4,pcie:0.3``
``lab.podlore.io/speed``             trace seconds a second; else what the exporter was started with
``lab.podlore.io/xid``               an XID error on its first device, ``79@3600``: code and trace seconds
===================================  ==================================================================================

What is wrong in an annotation is left out, so that one hostile pod does not stop the metrics of a cluster.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from podlore.errors import BadInput
from podlore.traces.curve import Curve, parse_curve
from podlore.traces.presses import Press, parse_presses

Json = dict[str, Any]

WHOLE, SLICED = "nvidia.com/gpu", "nvidia.com/gpu.shared"
PREFIX = "lab.podlore.io/"
DEFAULT_CURVE = Curve((0.0,), (0.85,))
ENDED_PHASES = frozenset({"Succeeded", "Failed"})
SECONDS_MAX = 1e12
ERROR_COUNTERS = (
    "DCGM_FI_DEV_ECC_SBE_VOL_TOTAL",
    "DCGM_FI_DEV_ECC_DBE_VOL_TOTAL",
    "DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS",
    "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS",
    "DCGM_FI_DEV_ROW_REMAP_FAILURE",
    "DCGM_FI_DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL",
    "DCGM_FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL",
)
"""What may be asked for; those are exported that any pod asks for."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Errors of one kind that come once the pod has run for so long."""

    metric: str
    an_hour: float
    after_seconds: float

    def count(self, trace_seconds: float) -> int:
        """Return how many there were; the first comes at once.

        >>> Errors("DCGM_FI_DEV_ECC_DBE_VOL_TOTAL", an_hour=6, after_seconds=60).count(60 + 1200)
        3
        """
        since = trace_seconds - self.after_seconds
        return 0 if since < 0 else 1 + int(since * self.an_hour / 3600)


@dataclass(frozen=True, slots=True)
class GpuPod:
    """A bound pod that holds GPUs. ``started_at`` is wall time in whole seconds, as the API server keeps it."""

    uid: str
    namespace: str
    name: str
    container: str
    node: str
    units: int
    is_running: bool
    started_at: float | None
    curve: Curve
    idle_devices: int = 0
    memory_share: float | None = None
    speed: float | None = None
    xid: tuple[int, float] | None = None
    errors: tuple[Errors, ...] = ()
    presses: tuple[Press, ...] = ()


def gpu_pod(pod: Json) -> GpuPod | None:
    """Return what the exporter needs of a pod; None if it holds no GPU: not bound, ended, or never asked for one."""
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    if not spec.get("nodeName") or status.get("phase") in ENDED_PHASES:
        return None
    container, units = _asking(spec.get("containers") or [])
    if not units:
        return None
    metadata = pod["metadata"]
    said = metadata.get("annotations") or {}
    return GpuPod(
        uid=metadata["uid"],
        namespace=metadata["namespace"],
        name=metadata["name"],
        container=container,
        node=spec["nodeName"],
        units=units,
        is_running=_is_running(status, container),
        started_at=_seconds(status.get("startTime")),
        curve=_curve(said.get(f"{PREFIX}gpu-curve")),
        idle_devices=int(_number(said.get(f"{PREFIX}idle-gpus"), most=1024) or 0),
        memory_share=_number(said.get(f"{PREFIX}gpu-memory-share"), most=1),
        speed=_number(said.get(f"{PREFIX}speed"), most=1e6) or None,
        xid=_xid(said.get(f"{PREFIX}xid")),
        errors=tuple(_errors(said.get(f"{PREFIX}errors") or "")),
        presses=_presses(said.get(f"{PREFIX}presses") or ""),
    )


def _asking(containers: list[Json]) -> tuple[str, int]:
    """Return the container that asks for GPUs, and for how many; the lab's pods have one such container."""
    for container in containers:
        resources = container.get("resources") or {}
        asked = {**(resources.get("requests") or {}), **(resources.get("limits") or {})}
        for resource in (WHOLE, SLICED):
            if (units := str(asked.get(resource, ""))).isdecimal() and units != "0":
                return str(container.get("name", "")), int(units)
    return "", 0


def _is_running(status: Json, container: str) -> bool:
    for found in status.get("containerStatuses") or []:
        if found.get("name") == container:
            return "running" in (found.get("state") or {})
    return False


def _seconds(timestamp: str | None) -> float | None:
    try:
        return None if timestamp is None else datetime.fromisoformat(timestamp).timestamp()
    except ValueError:
        return None


def _curve(text: str | None) -> Curve:
    try:
        return parse_curve(text) if text else DEFAULT_CURVE
    except BadInput:
        return DEFAULT_CURVE


def _presses(text: str) -> tuple[Press, ...]:
    try:
        return parse_presses(text)
    except BadInput:
        return ()


def _number(text: str | None, *, most: float) -> float | None:
    try:
        value = float(text) if text else None
    except ValueError:
        return None
    return value if value is not None and 0 <= value <= most else None


def _xid(text: str | None) -> tuple[int, float] | None:
    code, _, seconds = (text or "").partition("@")
    after = _number(seconds, most=SECONDS_MAX)
    return (int(code), after) if code.isdecimal() and len(code) < 6 and after is not None else None


def _errors(text: str) -> Iterator[Errors]:
    for one in text.split(","):
        metric, _, rest = one.strip().partition(":")
        rate, _, seconds = rest.partition("@")
        an_hour, after = _number(rate, most=1e6), _number(seconds, most=SECONDS_MAX)
        if metric in ERROR_COUNTERS and an_hour is not None and after is not None:
            yield Errors(metric, an_hour, after)
