"""The exporter's text: golden, valid for Prometheus' own parser, honest on sharing, and cheap."""

import math
import os
import time
from pathlib import Path

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from podlore.policy import METRIC_NAMES
from podlore_lab.exporter.exposition import Exposition
from podlore_lab.exporter.metrics import METRICS

GOLDEN = Path(__file__).parent / "golden" / "metrics.txt"
RENDER_SECONDS_MOST = 0.1


def series(text: str) -> dict[str, dict[tuple[str, str], float]]:
    """Values by metric, and by node and device with the pod that holds it."""
    found: dict[str, dict[tuple[str, str], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            where = (f"{sample.labels['Hostname']}/{sample.labels['gpu']}", sample.labels["pod"])
            found.setdefault(sample.name, {})[where] = sample.value
    return found


@pytest.fixture
def small(world):
    """Two devices: one at work with an error, one free."""
    world.add_node("n1", product="NVIDIA-H200")
    world.add_pod("train-x1", gpu_curve="0:0.5", xid="31@0")
    return world


def exposition(world, **options) -> Exposition:
    return Exposition(world.fleet, now=lambda: world.now, **options)


def test_the_text_is_as_it_was(small) -> None:
    text = exposition(small, sm_active=True).render()
    if os.environ.get("PODLORE_GOLDEN") == "write":
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()


def test_every_metric_the_policy_names_is_there(small) -> None:
    found = series(exposition(small, sm_active=True).render())
    names = {name.removesuffix("_total") for name in found}
    assert set(METRIC_NAMES.values()) <= names | {"DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL"}
    assert len(found) == len(METRICS)


def test_sm_active_is_off_as_in_the_default_list(small) -> None:
    assert "SM_ACTIVE" not in exposition(small).render()
    assert "DCGM_FI_PROF_GR_ENGINE_ACTIVE" in exposition(small).render()


@pytest.mark.parametrize("label", ["Hostname", "hostname"])
def test_the_node_stands_under_the_label_of_old_or_new_exporters(small, label) -> None:
    line = exposition(small, hostname_label=label).render().splitlines()[2]
    assert f',{label}="n1",' in line


def test_values_belong_together(small) -> None:
    small.now += 10
    rendered = series(exposition(small, sm_active=True).render())
    found = {name: value["n1/0", "train-x1"] for name, value in rendered.items()}
    active = found["DCGM_FI_PROF_SM_ACTIVE"]
    assert active == pytest.approx(0.5, rel=0.12)
    assert active < found["DCGM_FI_PROF_GR_ENGINE_ACTIVE"] < found["DCGM_FI_DEV_GPU_UTIL"] / 100 + 0.01
    assert found["DCGM_FI_DEV_FB_USED"] + found["DCGM_FI_DEV_FB_FREE"] == 23028 - 512
    assert 78 < found["DCGM_FI_DEV_POWER_USAGE"] < 700
    assert found["DCGM_FI_DEV_XID_ERRORS"] == 31
    free = {name: value["n1/1", ""] for name, value in rendered.items()}
    assert free["DCGM_FI_DEV_POWER_USAGE"] == 78
    assert free["DCGM_FI_DEV_GPU_UTIL"] == free["DCGM_FI_DEV_FB_USED"] == free["DCGM_FI_DEV_XID_ERRORS"] == 0


def test_energy_is_power_over_trace_time_and_survives_a_new_node(make_world) -> None:
    world = make_world(speed=240)
    world.add_node("n1", gpus=1)
    rendered = exposition(world)
    rendered.render()
    world.now += 10

    def joules() -> float:
        values = series(rendered.render())
        (name,) = (name for name in values if "ENERGY" in name)
        return values[name]["n1/0", ""] / 1000

    assert joules() == pytest.approx(22 * 10 * 240)
    world.add_node("a0", gpus=1)
    assert joules() == pytest.approx(22 * 10 * 240)


def test_a_shared_device_is_repeated_with_its_whole_value_for_each_pod(world) -> None:
    world.add_node("n1", gpus=1, slices=10)
    world.add_pod("a", gpus=5, gpu_curve="0:0.3")
    world.add_pod("b", gpus=5, gpu_curve="0:0.4")
    values = series(exposition(world, sm_active=True).render())["DCGM_FI_PROF_SM_ACTIVE"]
    assert set(values) == {("n1/0", "a"), ("n1/0", "b")}
    assert len(set(values.values())) == 1


def test_labels_follow_when_a_device_changes_hands(world) -> None:
    world.add_node("n1", gpus=1)
    rendered = exposition(world)
    pod = world.add_pod("a")
    assert ("n1/0", "a") in series(rendered.render())["DCGM_FI_DEV_GPU_UTIL"]
    world.fleet.apply_pod("DELETED", pod)
    assert set(series(rendered.render())["DCGM_FI_DEV_GPU_UTIL"]) == {("n1/0", "")}
    world.add_pod("b")
    assert set(series(rendered.render())["DCGM_FI_DEV_GPU_UTIL"]) == {("n1/0", "b")}


def test_a_hostile_name_stays_inside_its_quotes(world) -> None:
    world.add_node('n1"} 1\nevil{x="', gpus=1, product='A"\\\n')
    for family in text_string_to_metric_families(exposition(world).render()):
        assert family.name.startswith("DCGM_FI_")
        assert len(family.samples) == 1


def test_no_value_is_ever_nan_or_negative(world) -> None:
    world.add_node("n1", gpus=8)
    world.add_pod("a", gpus=8, gpu_curve="0:1")
    for _ in range(50):
        for values in series(exposition(world, sm_active=True).render()).values():
            assert all(math.isfinite(value) and value >= 0 for value in values.values())


def test_a_thousand_devices_are_rendered_in_a_moment(make_world) -> None:
    world = make_world()
    for number in range(130):
        world.add_node(f"n{number}", gpus=8)
        for pod in range(6):
            world.add_pod(f"p{number}-{pod}", on=f"n{number}", gpu_curve="0:0.05,600:0.92,7200:0.9,7201:0")
    rendered = exposition(world, sm_active=True)
    rendered.render()
    costs = []
    for _ in range(5):
        begin = time.process_time()
        text = rendered.render()
        costs.append(time.process_time() - begin)
    assert text.count("\n") == len(METRICS) * (2 + 1040)
    assert float(np.median(costs)) < RENDER_SECONDS_MOST


def test_errors_are_exported_once_a_pod_causes_any_and_are_zero_before(small) -> None:
    name = "DCGM_FI_DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL"
    assert name not in exposition(small).render()
    small.add_pod("bad", errors=f"{name}:60@600")
    counted = f"{name}_total"  # as the parser calls every counter
    found = series(exposition(small).render())[counted]
    assert found == {("n1/0", "train-x1"): 0, ("n1/1", "bad"): 0}
    small.now += 600 + 120
    assert series(exposition(small).render())[counted]["n1/1", "bad"] == 3
