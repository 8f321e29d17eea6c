"""Steps from a Prometheus that answers with given series: whose values they are, and what is left out."""

import re
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import podlore.interference
import podlore.patterns
from podlore.clock import Clock
from podlore.interference.observed import SM_CLOCK
from podlore.policy import METRIC_NAMES, Policy
from podlore_operator.metrics.prometheus import Matrix, Prometheus, Range, Vector
from podlore_operator.metrics.promql import joined
from podlore_operator.metrics.read_steps import STEP_SECONDS, STEPS_A_QUERY, Known, RowKey, StepReader
from podlore_operator.metrics.step_queries import metric_names, step_queries

SM, GR, UTIL, XID = (METRIC_NAMES[key] for key in ("smActive", "grEngineActive", "gpuUtil", "xidErrors"))
SYMBOL_ERRORS = "node_infiniband_symbol_error_total"
CPU = "container_cpu_usage_seconds_total"
PODS = {("vision", "train-0"), ("vision", "gone-0")}
KNOWN = Known(
    holds=lambda *pod: pod in PODS, holds_now=lambda *pod: pod in PODS, measured=lambda *pod: pod in PODS, nodes={"g1"}
)
METRIC = re.compile(r'"((?:DCGM_FI|node_[a-z]+|container_[a-z]+)_[A-Za-z_]+)"')
CLOCK = Clock(scale=240.0, anchor=1000.0)


@dataclass
class Answering:
    """A Prometheus that has these series, whatever it is asked; it keeps the questions."""

    series: list[tuple[dict[str, str], list[tuple[int, float]]]]
    names: tuple[str, ...] = (SM, XID, SYMBOL_ERRORS, CPU)
    asked: list[tuple[str, object]] = field(default_factory=list)

    async def query(self, expression):
        return Vector(tuple({"__name__": name} for name in self.names), tuple(1.0 for _ in self.names))

    async def query_range(self, expression, over):
        self.asked.append((expression, over))
        rows = [tuple((CLOCK.to_wall(step * STEP_SECONDS), value) for step, value in row) for _, row in self.series]
        return Matrix(tuple(labels for labels, _ in self.series), tuple(rows), ("odd",))


def device(metric, **more):
    return {"stat": metric, "UUID": "GPU-1", "gpu": "0", "Hostname": "g1", "job": "dcgm", **more}


def held(pod, metric=SM):
    return device(metric, exported_pod=pod, exported_namespace="vision", pod="dcgm-x", namespace="ops")


async def read(*series, last=100):
    rows, _ = await StepReader(Answering(list(series)), Policy(), CLOCK, KNOWN).read(last - 3, last)
    return {key: dict(values) for key, values in rows.items()}


async def test_values_are_filed_by_metric_device_holder_and_step():
    rows = await read((held("train-0"), [(99, 0.81234), (100, 0.5)]), (device(XID), [(100, 79)]))
    assert rows == {
        RowKey(SM, "g1", "GPU-1", "vision", "train-0"): {99: 0.8123, 100: 0.5},
        RowKey(XID, "g1", "GPU-1"): {100: 79},
    }


async def test_a_pod_that_is_gone_is_remembered_and_one_that_never_held_a_device_is_the_exporters_own():
    rows = await read((held("gone-0"), [(99, 0.8)]), (held("dcgm-x"), [(99, 0.1)]))
    assert set(rows) == {RowKey(SM, "g1", "GPU-1", "vision", "gone-0"), RowKey(SM, "g1", "GPU-1")}


async def test_the_most_telling_series_come_first_and_a_blank_clock_is_left_out():
    clock = held("train-0", SM_CLOCK)
    rows = await read((clock, [(98, 9.2e18), (99, 1980.0)]), (held("train-0"), [(99, 0.8)]))
    assert [(key.metric, values) for key, values in rows.items()] == [(SM, {99: 0.8}), (SM_CLOCK, {99: 1980.0})]


async def test_a_device_that_several_containers_share_has_its_largest_value():
    rows = await read((held("train-0"), [(99, 0.4)]), ({**held("train-0"), "container": "b"}, [(99, 0.6)]))
    assert rows == {RowKey(SM, "g1", "GPU-1", "vision", "train-0"): {99: 0.6}}


async def test_what_marks_a_blank_is_left_out():
    assert await read((held("train-0"), [(98, 9.2e18), (99, -1.0)])) == {}


@pytest.mark.parametrize(
    "labels", [{"node": "g1"}, {"instance": "g1:9100"}, {"Hostname": "g1", "instance": "10.0.0.1"}]
)
async def test_a_node_is_found_by_any_of_its_labels(labels):
    assert await read(({"stat": SYMBOL_ERRORS, **labels}, [(99, 3)])) == {RowKey(SYMBOL_ERRORS, "g1"): {99: 3}}


async def test_what_is_about_nobody_known_is_left_out():
    unknown = {"stat": SYMBOL_ERRORS, "instance": "10.0.0.1:9100"}, {"stat": CPU, "namespace": "other", "pod": "x"}
    assert await read(*((labels, [(99, 3)]) for labels in unknown)) == {}


async def test_a_long_range_is_asked_for_in_parts_on_the_grid_of_steps():
    prometheus = Answering([])
    _, warnings = await StepReader(prometheus, Policy(), CLOCK, KNOWN).read(1, STEPS_A_QUERY + 1)
    (_, first), (_, second) = prometheus.asked
    assert CLOCK.from_wall(first.start_at) == pytest.approx(STEP_SECONDS)
    assert second.start_at - first.end_at == pytest.approx(first.step_seconds)
    assert second.start_at == second.end_at
    assert warnings == ("odd",)


async def test_without_any_metric_nothing_is_asked():
    prometheus = Answering([], names=())
    assert await StepReader(prometheus, Policy(), CLOCK, KNOWN).read(1, 5) == ({}, ())
    assert prometheus.asked == []


def test_a_device_tells_its_activity_once_by_the_best_name():
    asked = step_queries(METRIC_NAMES, {SM, GR, UTIL}, 'cluster="a"', 300, 3600)
    assert "unless" not in asked[SM]
    assert asked[GR].count("unless") == 1
    assert f'unless on (UUID, GPU_I_ID) {SM}{{cluster="a"}}' in asked[UTIL]


def test_a_bus_is_asked_for_only_where_it_is_busy():
    (bus,) = step_queries(METRIC_NAMES, {"DCGM_FI_PROF_PCIE_RX_BYTES"}, "", 300, 3600).values()
    assert bus.endswith(" > 1e+09")


def test_every_metric_that_a_detector_names_is_asked_for():
    folders = [Path(package.__file__).parent for package in (podlore.patterns, podlore.interference)]
    named = {name for folder in folders for file in folder.glob("*.py") for name in METRIC.findall(file.read_text())}
    named -= {METRIC_NAMES["powerUsage"]}  # of this, the largest value of a window is enough
    assert len(named) > 20
    assert named <= set(metric_names(METRIC_NAMES))
    assert set(step_queries(METRIC_NAMES, named, "", 300, 3600)) == named


async def test_the_real_prometheus_understands_every_question(lab):
    everything = set(metric_names(METRIC_NAMES))
    prometheus = Prometheus(lab.prometheus_url)
    now = time.time()
    asked = joined(step_queries(METRIC_NAMES, everything, 'job="nobody"', 1.25, 30))
    assert await prometheus.query_range(asked, Range(now - 30, now, 1.25)) == Matrix()
    prometheus.close()
