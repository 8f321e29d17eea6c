"""What devices do, by the pods that hold them: curves in trace time, crashes, sharing, idle ones, errors that stick."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlore.traces import Curve
from podlore_lab.exporter.fleet import IDLE_FLOOR


def test_a_pod_gets_the_lowest_free_devices_and_gives_them_back(world) -> None:
    world.add_node("n1", gpus=3)
    first = world.add_pod("a", gpus=2)
    world.add_pod("b")
    assert world.holders() == {("n1", 0): ["a"], ("n1", 1): ["a"], ("n1", 2): ["b"]}
    world.fleet.apply_pod("DELETED", first)
    assert world.holders() == {("n1", 0): [], ("n1", 1): [], ("n1", 2): ["b"]}


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_has_ended_holds_nothing(world, phase) -> None:
    world.add_node("n1")
    world.add_pod("a")
    world.fleet.apply_pod("MODIFIED", world.pod("a", phase=phase))
    assert world.holders() == {("n1", 0): [], ("n1", 1): []}


def test_a_pod_that_waits_for_a_node_holds_nothing_until_it_is_bound(world) -> None:
    world.add_node("n1")
    world.add_pod("a", on="", phase="Pending", is_running=False)
    assert world.holders()["n1", 0] == []
    world.fleet.apply_pod("MODIFIED", world.pod("a"))
    assert world.holders()["n1", 0] == ["a"]


def test_a_list_replaces_what_was_known(world) -> None:
    world.add_node("n1")
    world.add_pod("a")
    world.fleet.replace_pods([world.pod("b")])
    assert world.holders() == {("n1", 0): ["b"], ("n1", 1): []}
    world.fleet.replace_nodes([])
    assert world.holders() == {}


CURVES = st.dictionaries(st.integers(0, 20_000), st.integers(0, 1000), min_size=1, max_size=8).map(
    lambda points: Curve(tuple(float(x) for x in sorted(points)), tuple(points[x] / 1000 for x in sorted(points)))
)


@given(CURVES, st.integers(0, 100), st.sampled_from([1, 60, 240]))
def test_activity_follows_the_curve_in_trace_time(curve, wall_seconds, speed) -> None:
    from podlore_lab.exporter.fleet import Fleet

    now = [1_800_000_000.0]
    fleet = Fleet(speed=speed, rng=np.random.default_rng(1), now=lambda: now[0])
    labels = {"nvidia.com/gpu.product": "x", "nvidia.com/gpu.count": "1"}
    fleet.apply_node("ADDED", {"metadata": {"name": "n", "labels": labels}})
    container = {"name": "main", "resources": {"limits": {"nvidia.com/gpu": "1"}}}
    said = {"lab.podlore.io/gpu-curve": str(curve)}
    fleet.apply_pod(
        "ADDED",
        {
            "metadata": {
                "uid": "u",
                "namespace": "x",
                "name": "p",
                "annotations": said,
            },
            "spec": {"nodeName": "n", "containers": [container]},
            "status": {"phase": "Running", "containerStatuses": [{"name": "main", "state": {"running": {}}}]},
        },
    )
    now[0] += wall_seconds
    wanted = float(np.interp(wall_seconds * speed, curve.seconds, curve.shares))
    assert fleet.read().activity[0] == pytest.approx(wanted, rel=0.12, abs=IDLE_FLOOR)


def test_the_speed_that_a_pod_says_goes_before_the_exporters(make_world) -> None:
    world = make_world(speed=1.0)
    world.add_node("n1")
    world.add_pod("a", gpu_curve="0:0.5,2400:0.5,2401:0", speed="240")
    world.now += 9
    assert world.activity()["n1", 0] > 0.4
    world.now += 2
    assert world.activity()["n1", 0] <= IDLE_FLOOR
    assert world.fleet.speed == 240


def test_a_busy_default_where_nothing_or_nonsense_is_said(world) -> None:
    world.add_node("n1", gpus=4)
    world.add_pod("a")
    world.add_pod("b", gpu_curve="hello")
    world.add_pod("c", gpu_curve="0:9", gpu_memory_share="many", idle_gpus="-1", speed="0", xid="x@y")
    for index in range(3):
        assert world.activity()["n1", index] == pytest.approx(0.85, rel=0.12)


def test_a_container_that_is_not_running_does_nothing_and_holds_no_memory(world) -> None:
    world.add_node("n1")
    world.add_pod("a", gpu_memory_share="0.9")
    world.fleet.apply_pod("MODIFIED", world.pod("a", is_running=False))
    reading = world.read()
    assert reading.activity[0] <= IDLE_FLOOR
    assert reading.memory_share[0] == 0
    assert reading.holders[0]
    world.fleet.apply_pod("MODIFIED", world.pod("a"))
    assert world.activity()["n1", 0] > 0.5


def test_a_device_nobody_holds_is_quite_still_and_an_idle_one_nearly(world) -> None:
    world.add_node("n1")
    world.add_pod("a", gpu_curve="0:0")
    readings = [world.read().activity for _ in range(200)]
    held, free = zip(*readings, strict=True)
    assert set(free) == {0.0}
    assert 0 < max(held) <= IDLE_FLOOR < 0.01


def test_some_devices_of_a_pod_can_be_idle(world) -> None:
    world.add_node("n1", gpus=4)
    world.add_pod("a", gpus=4, gpu_curve="0:0.7", idle_gpus="1")
    activity = world.activity()
    assert min(activity["n1", index] for index in range(3)) > 0.6
    assert activity["n1", 3] <= IDLE_FLOOR


def test_memory_is_what_the_pod_says_else_follows_activity(world) -> None:
    world.add_node("n1")
    world.add_pod("a", gpu_curve="0:0", gpu_memory_share="0.92")
    world.add_pod("b", gpu_curve="0:1")
    memory = world.read().memory_share
    assert memory[0] == pytest.approx(0.92)
    assert 0.5 < memory[1] < 0.8


def test_pods_that_share_a_device_add_up_and_both_hold_it(world) -> None:
    world.add_node("n1", gpus=1, slices=10)
    world.add_pod("a", gpus=5, gpu_curve="0:0.3")
    world.add_pod("b", gpus=5, gpu_curve="0:0.4")
    assert world.holders()["n1", 0] == ["a", "b"]
    assert world.activity()["n1", 0] == pytest.approx(0.7, rel=0.12)


def test_an_error_appears_at_its_time_and_stays_when_the_pod_is_gone(world) -> None:
    world.add_node("n1")
    pod = world.add_pod("a", gpus=2, xid="79@60")
    world.now += 59
    assert world.read().xid.tolist() == [0, 0]
    world.now += 1
    assert world.read().xid.tolist() == [79, 0]
    world.fleet.apply_pod("DELETED", pod)
    assert world.read().xid.tolist() == [79, 0]


def test_a_start_is_known_better_than_the_whole_second_the_server_keeps(make_world) -> None:
    world = make_world(speed=240)
    world.now += 0.9
    world.add_node("n1")
    world.add_pod("a", gpu_curve="0:0.5,100:0.5,101:0")
    world.now += 0.4  # 96 s of trace time, but 312 since the second that the server keeps
    assert world.activity()["n1", 0] > 0.4


def test_a_pod_that_started_before_the_exporter_keeps_its_age(make_world) -> None:
    world = make_world(speed=240)
    world.add_node("n1")
    old = world.pod("a", gpu_curve="0:0.5,7200:0.5,7201:0")
    world.now += 60
    world.fleet.replace_pods([old])
    assert world.activity()["n1", 0] <= IDLE_FLOOR


def test_noise_is_small_and_the_same_for_the_same_seed(make_world) -> None:
    readings = []
    for _ in range(2):
        world = make_world(seed=3)
        world.add_node("n1", gpus=64)
        world.add_pod("a", gpus=64, gpu_curve="0:0.5")
        readings.append(world.read().activity)
    assert readings[0].tolist() == readings[1].tolist()
    assert 0.003 < readings[0].std() < 0.02


def test_errors_are_counted_from_the_second_they_begin_and_outlive_the_pod(world) -> None:
    world.add_node("n1")
    pod = world.add_pod(
        "a", gpus=2, errors="DCGM_FI_DEV_ECC_DBE_VOL_TOTAL:6@60,NONSENSE:1@0,DCGM_FI_DEV_ROW_REMAP_FAILURE"
    )
    assert {name: counted.tolist() for name, counted in world.read().errors.items()} == {
        "DCGM_FI_DEV_ECC_DBE_VOL_TOTAL": [0, 0]
    }
    world.now += 60 + 1200
    assert world.read().errors["DCGM_FI_DEV_ECC_DBE_VOL_TOTAL"].tolist() == [3, 0]
    world.fleet.apply_pod("DELETED", pod)
    assert world.read().errors["DCGM_FI_DEV_ECC_DBE_VOL_TOTAL"].tolist() == [3, 0]
