from operator import add

import pytest

from podlore_operator.metrics.gpu_series import read_series, read_stats

DEVICE = {"UUID": "GPU-1", "gpu": "0", "modelName": "NVIDIA A100", "job": "dcgm"}
HOST = {"Hostname": "gpu-1"}
EXPORTER = {"pod": "dcgm-exporter-x", "namespace": "gpu-operator"}
HOLDER = {"exported_pod": "train-0", "exported_namespace": "vision"}


@pytest.mark.parametrize("label", ["Hostname", "hostname", "node"])
def test_the_node_has_many_names(label):
    assert read_series({**DEVICE, label: "gpu-1"}, pod_is_exporter=False).node == "gpu-1"


@pytest.mark.parametrize(
    ("labels", "pod_is_exporter", "holder"),
    [
        ({**HOLDER, **EXPORTER}, True, ("vision", "train-0")),
        ({"pod_name": "train-0", "pod_namespace": "vision", **EXPORTER}, True, ("vision", "train-0")),
        ({"pod": "train-0", "namespace": "vision"}, False, ("vision", "train-0")),
        (EXPORTER, True, ("", "")),
        ({}, False, ("", "")),
        ({"exported_pod": "", **EXPORTER}, True, ("", "")),
    ],
)
def test_the_holder_is_told_from_the_exporter(labels, pod_is_exporter, holder):
    found = read_series({**DEVICE, **HOST, **labels}, pod_is_exporter=pod_is_exporter)
    assert (found.namespace, found.pod) == holder


def test_an_instance_of_a_partitioned_device_is_one_of_its_own():
    assert read_series({**DEVICE, "GPU_I_ID": "3"}, pod_is_exporter=False).uuid == "GPU-1/3"


def test_a_device_without_a_uuid_is_known_by_its_node():
    assert read_series({**HOST, "gpu": "7"}, pod_is_exporter=False).uuid == "gpu-1/gpu7"


def test_hostile_labels_are_cut_or_dropped():
    found = read_series({"UUID": "x" * 10_000, "Hostname": "gpu\x1b[2J"}, pod_is_exporter=False)
    assert (len(found.uuid), found.node) == (253, "")


def test_a_job_whose_exporter_names_holders_has_devices_that_nobody_holds():
    held = {**DEVICE, **HOST, **EXPORTER, **HOLDER, "stat": "smActive.max"}
    free = {**DEVICE, **HOST, **EXPORTER, "UUID": "GPU-2", "stat": "smActive.max"}
    other = {**DEVICE, "UUID": "GPU-3", "job": "bare", "pod": "serve-0", "namespace": "nlp", "stat": "smActive.max"}
    stats = read_stats([held, free, other], [0.1, 0.2, 0.3], {})
    assert {series.uuid: series.pod for series in stats["smActive.max"]} == {
        "GPU-1": "train-0",
        "GPU-2": "",
        "GPU-3": "serve-0",
    }


def test_an_exporter_that_came_back_elsewhere_goes_on_counting():
    first = {**DEVICE, **HOST, **HOLDER, **EXPORTER}
    second = {**first, "pod": "dcgm-exporter-y"}
    labels = [{**found, "stat": f"smActive.{stat}"} for stat in ("samples", "max") for found in (first, second)]
    stats = read_stats(labels, [10.0, 5.0, 0.3, 0.2], {"samples": add})
    assert [list(values.values()) for values in stats.values()] == [[15.0], [0.3]]


def test_a_pod_that_can_hold_no_device_holds_none():
    stats = read_stats(
        [{**DEVICE, **HOST, **EXPORTER, "stat": "x"}], [1.0], {}, holds=lambda namespace, pod: pod == "train-0"
    )
    assert [series.pod for series in stats["x"]] == [""]
