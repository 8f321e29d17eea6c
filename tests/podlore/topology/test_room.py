"""Room on nodes, against slow twins."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from podlore.testing import NOW, node, pod
from podlore.testing.naive import together
from podlore.topology.room import free_by_node, times, usable_gpu_milli
from podlore.vocabulary import Resources

amounts = st.builds(Resources, st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
gpu_requests = st.builds(Resources, st.integers(0, 40), st.integers(0, 40), st.integers(1, 8).map(lambda n: n * 1000))
gpu_rooms = st.builds(Resources, st.integers(0, 80), st.integers(0, 80), st.integers(0, 16).map(lambda n: n * 1000))


@given(amounts, amounts)
def test_a_request_fits_as_often_as_it_can_be_put_down(request: Resources, room: Resources) -> None:
    assert times(request, room) == together.times(request, room)


@given(gpu_requests, gpu_rooms)
def test_gpus_are_usable_as_far_as_they_can_be_fed(request: Resources, room: Resources) -> None:
    assert usable_gpu_milli(request, room) == 1000 * together.usable_gpus(request, room)


def test_finished_pods_hold_nothing_and_leaving_ones_still_do() -> None:
    done = pod("done", node="gpu-1", gpus=4, phase="Succeeded")
    leaving = replace(pod("leaving", node="gpu-1", gpus=3), deleted_at=NOW)
    assert free_by_node([node()], [done, leaving])["gpu-1"].gpu_milli == 5000


def test_an_overcommitted_node_has_nothing_free() -> None:
    assert free_by_node([node(gpus=1)], [pod(node="gpu-1", gpus=8)])["gpu-1"].gpu_milli == 0
