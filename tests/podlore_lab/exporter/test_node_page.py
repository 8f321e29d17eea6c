"""What pods take from each other on a node: activity falls, stalls and bytes climb, and only where they should."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from podlore_lab.exporter.exposition import Exposition
from podlore_lab.exporter.node_page import NETWORK_BYTES_PER_SECOND, QUIET_SHARE, NodePage


def rates(world, page: NodePage) -> dict[tuple[str, ...], float]:
    """What each counter grows by in a second of trace time."""
    before = values(page)
    world.now += 10
    after = values(page)
    return {key: (value - before.get(key, 0.0)) / 10 / world.fleet.speed for key, value in after.items()}


def values(page: NodePage) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(sample.labels[key] for key in ("node", "pod") if key in sample.labels)): sample.value
        for family in text_string_to_metric_families(page.render())
        for sample in family.samples
    }


@pytest.fixture
def shared(make_world):
    """A trainer beside somebody who presses, and one on a node of its own."""
    world = make_world(speed=60.0)
    world.add_node("n1")
    world.add_node("n2")
    world.add_pod("trainer", gpu_curve="0:0.8")
    world.add_pod("alone", on="n2", gpu_curve="0:0.8")
    return world


def test_who_presses_slows_the_others_of_its_node_and_nobody_else(shared) -> None:
    loud = shared.add_pod("loud", gpu_curve="0:0.5", presses="cpu:0.5,pcie:0.2")
    found = shared.activity()
    assert found["n1", 0] == pytest.approx(0.8 * 0.5 * 0.8, rel=0.12)
    assert found["n1", 1] == pytest.approx(0.5, rel=0.12)
    assert found["n2", 0] == pytest.approx(0.8, rel=0.12)
    shared.fleet.apply_pod("DELETED", loud)
    assert shared.activity()["n1", 0] == pytest.approx(0.8, rel=0.12)


def test_who_is_idle_presses_on_nobody(shared) -> None:
    shared.add_pod("loud", gpu_curve="0:0", presses="cpu:0.5")
    assert shared.activity()["n1", 0] == pytest.approx(0.8, rel=0.12)


@pytest.mark.parametrize("resource", ["cpu", "io", "memory"])
def test_stalls_of_the_node_climb_on_the_pressed_resource_only(shared, resource) -> None:
    shared.add_pod("loud", presses=f"{resource}:0.4")
    climbing = rates(shared, NodePage(shared.fleet, now=lambda: shared.now))
    stalls = {key: rate for key, rate in climbing.items() if key[0].startswith("node_pressure")}
    assert len(stalls) == 6
    for (name, node), rate in stalls.items():
        is_pressed = resource in name and node == "n1"
        assert rate == pytest.approx(QUIET_SHARE + 0.4 * is_pressed, rel=1e-3)


def test_a_pressed_network_shows_as_bytes_of_the_pod_that_presses(shared) -> None:
    loud, page = shared.add_pod("loud", presses="network:0.4"), NodePage(shared.fleet, now=lambda: shared.now)
    sent = {key[1:]: rate for key, rate in rates(shared, page).items() if "network_receive" in key[0]}
    assert sent == {("n1", "loud"): pytest.approx(0.4 * NETWORK_BYTES_PER_SECOND, rel=1e-3)}
    shared.fleet.apply_pod("DELETED", loud)
    assert "network" not in "".join(name for name, *_ in values(page))


def test_a_pressed_bus_shows_on_the_devices_of_the_pod_that_presses(shared) -> None:
    shared.add_pod("loud", gpu_curve="0:0.5", presses="pcie:0.4")
    text = Exposition(shared.fleet, now=lambda: shared.now).render()
    received = {
        sample.labels["pod"]: sample.value
        for family in text_string_to_metric_families(text)
        if family.name == "DCGM_FI_PROF_PCIE_RX_BYTES"
        for sample in family.samples
    }
    assert received["loud"] > 20e9
    assert max(received["trainer"], received["alone"]) < 3e9


@pytest.mark.parametrize("said", ["cpu", "cpu:2", "sound:0.5", "cpu:nan", "cpu:0.1,cpu:0.2"])
def test_what_is_wrong_presses_on_nobody(shared, said) -> None:
    shared.add_pod("loud", presses=said)
    assert shared.fleet.pressing() == ()
