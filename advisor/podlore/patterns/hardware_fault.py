"""HardwareFault: evidence of the device or the node itself.

Three kinds of evidence, each enough by itself: a condition of the node of a known fault family, an XID of hardware kind
that was seen to come, and counters of uncorrectable errors that grow. An XID gauge that shows its last code for ever
says nothing about now; codes that applications cause (13, 31, 43, 45) and unknown conditions say nothing at all.

References
----------
NVIDIA, "XID Errors" (deployment guide, 2026) for the kinds; NVSentinel, node-problem-detector of AKS and the EKS node
monitoring agent for the conditions.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from podlore.patterns import stake, trends
from podlore.patterns.found import found
from podlore.policy import HOUR_SECONDS
from podlore.topology.room import GPU_MILLI
from podlore.view import ClusterView
from podlore.vocabulary import Condition, Evidence, EvidenceSource, Finding, Node, ObjectRef, Pattern, Series

HARDWARE_XIDS: Mapping[int, str] = {
    48: "Memory",
    62: "Device",
    64: "Memory",
    79: "Device",
    92: "Memory",
    94: "Memory",
    95: "Memory",
    110: "Device",
    119: "Device",
    120: "Device",
    140: "Memory",
}
"""Codes that speak of the device, and what of it."""
LINK_XID = 74
LINK_XIDS_MIN = 3
"""So often on one device, an NVLink error is the device's and no hiccup."""

TRUE_IS_FAULT: Mapping[str, str] = {
    "GpuMemWatch": "Memory",
    "GpuThermalWatch": "Device",
    "GpuPcieWatch": "Device",
    "GpuPowerWatch": "Device",
    "GpuInforomWatch": "Device",
    "GpuSmWatch": "Device",
    "GpuNvlinkWatch": "Link",
    "GpuMcuWatch": "Device",
    "GpuPmuWatch": "Device",
    "GpuDriverWatch": "Device",
    "SysLogsXIDError": "Device",
    "SysLogsSXIDError": "Link",
    "SysLogsGPUFallenOff": "Device",
    "NVSwitchFatalError": "Link",
    "GPUMissing": "Device",
    "NVLinkStatusInactive": "Link",
    "XIDErrors": "Device",
    "KernelDeadlock": "Node",
    "ReadonlyFilesystem": "Node",
}
"""Conditions of NVSentinel, AKS and node-problem-detector: True means a fault."""
FALSE_IS_FAULT: Mapping[str, str] = {"AcceleratedHardwareReady": "Device"}
"""Conditions of the EKS node monitoring agent: False means a fault."""
XID_CONDITIONS = frozenset({"SysLogsXIDError", "XIDErrors"})
CODE = re.compile(r"(?:\[|Xid[^:]{0,40}: |XID[ :=]*|NvidiaXID)(\d{1,3})")
KERNEL_XID = re.compile(r"Xid \(PCI:[0-9a-fA-F:.]{4,20}\): (\d{1,3})")

UNCORRECTABLE: Mapping[str, str] = {
    "DCGM_FI_DEV_ECC_DBE_VOL_TOTAL": "Memory",
    "DCGM_FI_DEV_ECC_DBE_AGG_TOTAL": "Memory",
    "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS": "Memory",
    "DCGM_FI_DEV_RETIRED_DBE": "Memory",
    "DCGM_FI_DEV_ROW_REMAP_FAILURE": "Memory",
}
"""Tallies of which one more is a fault."""
CORRECTABLE = ("DCGM_FI_DEV_ECC_SBE_VOL_TOTAL", "DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS", "DCGM_FI_DEV_RETIRED_SBE")
LINK_ERRORS = (
    "DCGM_FI_DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL",
    "DCGM_FI_DEV_NVLINK_CRC_DATA_ERROR_COUNT_TOTAL",
    "DCGM_FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL",
    "DCGM_FI_DEV_NVLINK_RECOVERY_ERROR_COUNT_TOTAL",
)
COUNTERS = frozenset({*UNCORRECTABLE, *CORRECTABLE, *LINK_ERRORS})
GROWING_STEPS_MIN = 3
GROWTH_MIN = 10
"""Errors that are corrected count if they come again and again: in so many steps, and so many."""
WINDOW_SECONDS = 6 * HOUR_SECONDS


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign of a fault of a node, and what of it."""

    cause: str
    evidence: Evidence
    gpus: float = 1.0


def hardware_fault(view: ClusterView) -> Iterator[Finding]:
    """Yield the nodes that show a fault of their own."""
    if not view.policy.thresholds.hardware_fault.enabled:
        return
    for node in view.nodes.values():
        signs: defaultdict[str, list[Sign]] = defaultdict(list)
        for sign in (*_conditions(node), *_kernel_lines(view, node), *_metrics(view, node)):
            signs[sign.cause].append(sign)
        for cause in sorted(signs):
            yield _finding(node, cause, signs[cause])


def _finding(node: Node, cause: str, signs: list[Sign]) -> Finding:
    gpus = min(sum(sign.gpus for sign in signs), max(node.allocatable.gpu_milli / GPU_MILLI, 1.0))
    return found(
        Pattern.HARDWARE_FAULT,
        cause,
        ObjectRef("", "Node", "", node.name, uid=node.uid),
        f"Node {node.name} shows a fault of its {WORDS[cause]}.",
        [sign.evidence for sign in signs[:8]],
        gpus=gpus,
        hours=stake.DAY_HOURS,
    )


WORDS: Mapping[str, str] = {
    "Memory": "GPU memory",
    "Device": "GPU",
    "Link": "links between GPUs",
    "Node": "kernel or its disks",
}


# --- conditions and events ---


def _conditions(node: Node) -> Iterator[Sign]:
    for condition in node.conditions:
        cause = _fault_of(condition)
        if cause:
            observed = f"condition {condition.type} is {condition.status}"
            yield Sign(cause, Evidence(EvidenceSource.OBJECT, f"Node/{node.name}", observed, "a known fault condition"))


def _fault_of(condition: Condition) -> str:
    """Return what a condition speaks of; empty if it is well, unknown, or of an XID that applications cause."""
    if condition.status == "False":
        return FALSE_IS_FAULT.get(condition.type, "")
    if condition.status != "True" or condition.type not in TRUE_IS_FAULT:
        return ""
    if condition.type in XID_CONDITIONS:
        codes = [int(code) for code in CODE.findall(f"{condition.reason} {condition.message}"[:1024])]
        return next((HARDWARE_XIDS[code] for code in codes if code in HARDWARE_XIDS), "")
    return TRUE_IS_FAULT[condition.type]


def _kernel_lines(view: ClusterView, node: Node) -> Iterator[Sign]:
    """Yield the XIDs that events tell of, which quote the kernel's log."""
    seen: defaultdict[int, int] = defaultdict(int)
    for event in view.events.get(ObjectRef("", "Node", "", node.name), ()):
        if event.last_seen_at >= view.now - WINDOW_SECONDS and (match := KERNEL_XID.search(event.message[:1024])):
            seen[int(match[1])] += max(event.count, 1)
    for code, count in sorted(seen.items()):
        if cause := _cause_of(code, count):
            yield Sign(cause, _xid_evidence(EvidenceSource.EVENT, f"Node/{node.name}", code))


def _cause_of(code: int, count: int) -> str:
    if code == LINK_XID:
        return "Link" if count >= LINK_XIDS_MIN else ""
    return HARDWARE_XIDS.get(code, "")


def _xid_evidence(source: EvidenceSource, reference: str, code: int) -> Evidence:
    return Evidence(source, reference, f"XID {code}", "an XID of hardware kind", window_seconds=WINDOW_SECONDS)


# --- metrics ---


def _metrics(view: ClusterView, node: Node) -> Iterator[Sign]:
    xid_metric = view.policy.metric_names.get("xidErrors", "")
    by_device: defaultdict[tuple[str, str], list[Series]] = defaultdict(list)
    for series in view.series_by_node.get(node.name, ()):
        if series.metric == xid_metric or series.metric in COUNTERS:
            by_device[series.gpu, series.metric].append(series)
    for (gpu, metric), rows in sorted(by_device.items()):
        values = _merged(rows)
        if metric == xid_metric:
            yield from _xid_changes(gpu, values)
        elif metric in UNCORRECTABLE and _grew(values) >= 1:
            yield Sign(UNCORRECTABLE[metric], _growth_evidence(gpu, metric, "at least one more"))
        elif metric in CORRECTABLE and _grows(values):
            yield Sign("Memory", _growth_evidence(gpu, metric, f"at least {GROWTH_MIN} more, again and again"))
        elif metric in LINK_ERRORS and _grows(values):
            yield Sign("Link", _growth_evidence(gpu, metric, f"at least {GROWTH_MIN} more, again and again"))


def _merged(rows: list[Series]) -> list[float | None]:
    """Return a device's values over all pods that held it: the device's counters outlive them."""
    length = max(len(row.values) for row in rows)
    merged: list[float | None] = [None] * length
    for row in rows:
        for back, value in enumerate(reversed(row.values), start=1):
            if value is not None:
                merged[-back] = value
    steps = trends.steps_in(rows[0], WINDOW_SECONDS)
    return merged[-steps - 1 :]


def _xid_changes(gpu: str, values: list[float | None]) -> Iterator[Sign]:
    """Yield the hardware codes that a gauge was seen to change to; one that was there before is not news."""
    counts: defaultdict[int, int] = defaultdict(int)
    before: float | None = None
    for value in values:
        if value is not None:
            if before is not None and value != before:
                counts[int(value)] += 1
            before = value
    for code, count in sorted(counts.items()):
        if cause := _cause_of(code, count):
            yield Sign(cause, _xid_evidence(EvidenceSource.METRIC, gpu, code))


def _grew(values: list[float | None]) -> float:
    return sum(trends.known(trends.growths(values)))


def _grows(values: list[float | None]) -> bool:
    grown = [value for value in trends.known(trends.growths(values)) if value > 0]
    return len(grown) >= GROWING_STEPS_MIN and sum(grown) >= GROWTH_MIN


def _growth_evidence(gpu: str, metric: str, observed: str) -> Evidence:
    return Evidence(EvidenceSource.METRIC, f"{metric} of {gpu}", observed, "no growth", window_seconds=WINDOW_SECONDS)
