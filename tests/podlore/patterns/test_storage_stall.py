"""StorageStall: mounts that fail, and work that stands still."""

from dataclasses import replace

from podlore.patterns.storage_stall import storage_stall
from podlore.snapshot import Snapshot
from podlore.testing import HOUR, MINUTE, NOW, activity, gang, pod, series, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Container, Event, Finding, ObjectRef

CREATING = pod(node="gpu-1", gpus=2, phase="Pending", age=HOUR, containers=(Container("main"),))
FAILED = Event(
    "e",
    ObjectRef("", "Pod", "vision", "train-0"),
    "FailedMount",
    "timed out",
    first_seen_at=NOW - 20 * MINUTE,
    last_seen_at=NOW - MINUTE,
)


def found(**more: object) -> list[Finding]:
    seen: Snapshot = snapshot(**more)
    return list(storage_stall(ClusterView(seen)))


def test_mounts_that_fail_for_a_quarter_of_an_hour_are_said() -> None:
    [finding] = found(pods=(CREATING,), events=(FAILED,))
    assert (str(finding.target), finding.cause) == ("vision/Pod/train-0", "Mount")


def test_a_blip_is_not() -> None:
    assert not found(pods=(CREATING,), events=(replace(FAILED, first_seen_at=NOW - 10 * MINUTE),))
    assert not found(pods=(CREATING,), events=(replace(FAILED, last_seen_at=NOW - 12 * MINUTE),))
    assert not found(pods=(pod(node="gpu-1", age=HOUR),), events=(FAILED,))


def test_a_volume_that_waits_for_its_first_consumer_is_not() -> None:
    assert not found(pods=(pod(),), events=(FAILED,))


WORKER = pod(node="gpu-1", gpus=2)
STILL = activity(WORKER, [0.8] * 12 + [0.0] * 4)
PRESSURE = series("container_pressure_io_waiting_seconds_total", [250.0 * step for step in range(16)], pod=WORKER)


def test_work_that_stands_still_on_io_is_said() -> None:
    [finding] = found(pods=(WORKER,), series=(STILL, PRESSURE))
    assert finding.cause == "Io"


def test_a_download_that_goes_on_is_no_stall() -> None:
    bytes_in = series("container_network_receive_bytes_total", [9e9 * step for step in range(16)], pod=WORKER)
    assert not found(pods=(WORKER,), series=(STILL, PRESSURE, bytes_in))


def test_standing_still_without_waiting_for_io_is_something_else() -> None:
    assert not found(pods=(WORKER,), series=(STILL,))
    assert not found(pods=(WORKER,), series=(activity(WORKER, [0.0] * 16), PRESSURE))
    assert not found(pods=(WORKER,), series=(activity(WORKER, [0.8] * 16), PRESSURE))


def test_a_gang_stands_still_with_one_of_its_pods() -> None:
    controller, pods = gang(nodes=("n0", "n1"))
    rows = (
        activity(pods[0], [0.8] * 12 + [0.0] * 4),
        activity(pods[1], [0.8] * 12 + [0.99] * 4),
        series("container_pressure_io_waiting_seconds_total", [250.0 * step for step in range(16)], pod=pods[0]),
    )
    assert found(pods=pods, controllers=(controller,), series=rows)
