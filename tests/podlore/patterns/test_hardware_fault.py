"""HardwareFault: evidence of the device itself, and what only looks like it."""

from dataclasses import replace

import pytest

from podlore.patterns.hardware_fault import hardware_fault
from podlore.snapshot import Snapshot
from podlore.testing import MINUTE, NOW, node, series, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Condition, Event, Finding, ObjectRef

XID = "DCGM_FI_DEV_XID_ERRORS"
NODE = ObjectRef("", "Node", "", "gpu-1")


def found(**more: object) -> list[Finding]:
    seen: Snapshot = snapshot(**{"nodes": (node(),)} | more)
    return list(hardware_fault(ClusterView(seen)))


def gauge(*values: float | None, metric: str = XID, gpu: str = "GPU-1") -> dict[str, object]:
    return {"series": (series(metric, values, gpu=gpu),)}


def test_an_xid_that_was_seen_to_come_is_a_fault() -> None:
    [finding] = found(**gauge(0, 0, 79, 79))
    assert (str(finding.target), finding.cause, finding.evidence[0].observed) == ("Node/gpu-1", "Device", "XID 79")


@pytest.mark.parametrize(
    "values",
    [(79, 79, 79), (None, None, 79), (0, 13, 31, 43, 45), (79, None, 79), (0, 74, 74), (0, 63)],
    ids=["sticky", "just begun", "applications'", "after a gap", "one link error", "a row was remapped"],
)
def test_a_gauge_that_says_nothing_of_now_is_silent(values: tuple[float | None, ...]) -> None:
    assert not found(**gauge(*values))


def test_link_errors_that_come_back_are_the_links() -> None:
    [finding] = found(**gauge(0, 74, 0, 74, 0, 74))
    assert finding.cause == "Link"


@pytest.mark.parametrize(
    ("metric", "values", "cause"),
    [
        ("DCGM_FI_DEV_ECC_DBE_VOL_TOTAL", (0, 0, 1), "Memory"),
        ("DCGM_FI_DEV_ROW_REMAP_FAILURE", (0, 1), "Memory"),
        ("DCGM_FI_DEV_ECC_SBE_VOL_TOTAL", (5, 9, 14, 20, 31), "Memory"),
        ("DCGM_FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL", (0, 5, 20, 40), "Link"),
    ],
)
def test_tallies_that_grow_are_a_fault(metric: str, values: tuple[float, ...], cause: str) -> None:
    [finding] = found(**gauge(*values, metric=metric))
    assert finding.cause == cause


@pytest.mark.parametrize("values", [(7, 7, 7, 7), (0, 1, 1, 2), (12, 12, 30, 30)])
def test_old_or_few_corrected_errors_are_none(values: tuple[float, ...]) -> None:
    assert not found(**gauge(*values, metric="DCGM_FI_DEV_ECC_SBE_VOL_TOTAL"))


def test_a_counter_outlives_the_pods_that_hold_its_device() -> None:
    from podlore.testing import pod

    name = "DCGM_FI_DEV_ECC_DBE_VOL_TOTAL"
    rows = (
        series(name, (0, 0, None, None), gpu="GPU-1", pod=pod("a", node="gpu-1")),
        series(name, (None, None, 1, 1), gpu="GPU-1", pod=pod("b", node="gpu-1")),
    )
    assert found(series=rows)


@pytest.mark.parametrize(
    ("condition", "cause"),
    [
        (Condition("SysLogsGPUFallenOff", "True"), "Device"),
        (Condition("GpuMemWatch", "True"), "Memory"),
        (Condition("AcceleratedHardwareReady", "False"), "Device"),
        (Condition("SysLogsXIDError", "True", message="[48] Double bit ECC - RecommendedAction: RESET"), "Memory"),
    ],
)
def test_known_fault_conditions_are_believed(condition: Condition, cause: str) -> None:
    [finding] = found(nodes=(replace(node(), conditions=(condition,)),))
    assert finding.cause == cause


@pytest.mark.parametrize(
    "condition",
    [
        Condition("SysLogsXIDError", "True", message="[45] Preemptive cleanup"),
        Condition("SomebodysOwnCheck", "True"),
        Condition("GpuMemWatch", "False"),
        Condition("Ready", "False"),
        Condition("AcceleratedHardwareReady", "Unknown"),
    ],
)
def test_other_conditions_are_not(condition: Condition) -> None:
    assert not found(nodes=(replace(node(), conditions=(condition,)),))


def test_the_kernels_line_in_an_event_counts_while_it_is_new() -> None:
    line = "NVRM: Xid (PCI:0000:3b:00): 79, pid=1, GPU has fallen off the bus."
    event = Event("e", NODE, "KernelXid", line, last_seen_at=NOW - 5 * MINUTE)
    assert found(events=(event,))
    assert not found(events=(replace(event, last_seen_at=NOW - 600 * MINUTE),))
    assert not found(events=(replace(event, message=line.replace("79", "45")),))
