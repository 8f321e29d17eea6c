import pytest

from podlore.clock import Clock
from podlore.errors import BadInput
from podlore.objects import read_node
from podlore.vocabulary import Condition, Resources, Taint

METADATA = {"name": "gpu-1", "uid": "u1", "creationTimestamp": "2026-11-23T10:00:00Z"}
READY = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastTransitionTime": "2026-11-23T10:00:01Z"}


def read(spec=None, status=None):
    return read_node({"metadata": METADATA, "spec": spec or {}, "status": status or {}}, Clock())


def test_a_node_offers_what_is_allocatable_and_not_its_capacity():
    found = read(status={
        "capacity": {"cpu": "64"},
        "allocatable": {"cpu": "63500m", "memory": "500Gi", "nvidia.com/gpu": "8", "pods": "110", "rdma/ib": "4"},
    })  # fmt: skip
    assert found.allocatable == Resources(63500, 500 * 2**30, 8000)
    assert found.gpu_resource == "nvidia.com/gpu"


def test_a_node_is_ready_only_if_it_says_so():
    assert read(status={"conditions": [READY]}).is_ready
    assert not read(status={"conditions": [{**READY, "status": "Unknown"}]}).is_ready
    assert not read().is_ready


def test_conditions_keep_their_times():
    assert read(status={"conditions": [READY]}).conditions == (
        Condition("Ready", "True", "KubeletReady", "", 1795428001.0),
    )


def test_cordons_and_taints_are_seen():
    found = read(spec={"unschedulable": True, "taints": [{"key": "gpu", "effect": "NoSchedule", "value": "yes"}]})
    assert found.is_cordoned
    assert found.taints == (Taint("gpu", "NoSchedule", "yes"),)


def test_a_negative_capacity_is_refused_by_name():
    with pytest.raises(BadInput, match=r"node gpu-1: \$\.status\.allocatable: quantity '-8'"):
        read(status={"allocatable": {"nvidia.com/gpu": "-8"}})
