"""Bounds: no placement exceeds the linear program, and offline repacking lies between a policy and it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podlore.simulate.placement.policies import FGD
from podlore.simulate.placement.study import prepare, run_study
from podlore.simulate.placement.upper_bounds import linear_bound, repacked
from podlore.traces.job import Job, NodeShape

PODS = [
    Job("share", gpus=1, gpu_milli=600, cpu_milli=4_000),
    Job("small", gpus=1, gpu_milli=300, cpu_milli=1_000),
    Job("bound", gpus=1, gpu_milli=1000, cpu_milli=2_000, products=("A",)),
    Job("four", gpus=4, gpu_milli=1000, cpu_milli=8_000),
    Job("cpu", gpus=0, gpu_milli=1000, cpu_milli=8_000),
]


def study(nodes, names):
    return prepare(nodes, PODS, names)


def test_a_share_over_half_takes_a_whole_gpu_of_the_bound():
    nodes = [NodeShape("n", "A", 2, cpu_milli=100_000)]
    assert linear_bound(study(nodes, ["share"] * 3), 200) == pytest.approx(60)


def test_cpu_that_is_short_bounds_what_is_allocated():
    nodes = [NodeShape("n", "A", 4, cpu_milli=3_000)]
    assert linear_bound(study(nodes, ["small"] * 20), 200) == pytest.approx(100 * 0.9 / 4)


def test_a_pod_bound_to_a_model_is_not_counted_elsewhere():
    nodes = [NodeShape("n", "A", 1, cpu_milli=100_000), NodeShape("m", "B", 3, cpu_milli=100_000)]
    assert linear_bound(study(nodes, ["bound"] * 4), 200) == pytest.approx(25)


def test_only_what_has_arrived_by_then_counts():
    nodes = [NodeShape("n", "A", 4, cpu_milli=100_000)]
    assert linear_bound(study(nodes, ["bound"] * 4), 50) == pytest.approx(50)


@settings(max_examples=20, deadline=None)
@given(
    names=st.lists(st.sampled_from([pod.name for pod in PODS]), min_size=30, max_size=60),
    cpu=st.integers(8, 64),
)
def test_policy_and_repacking_never_exceed_the_linear_bound(names, cpu):
    nodes = [NodeShape(f"n{i}", "AB"[i % 2], 4, cpu_milli=1000 * cpu, memory_mib=1000) for i in range(3)]
    ready = study(nodes, names)
    percent = int(np.round(100 * ready.request_milli.sum() / ready.capacity_milli))
    bound = linear_bound(ready, percent) + 1e-6
    alone = run_study(nodes, PODS, names, FGD).allocation_percent[-1]
    assert repacked(ready, percent) <= bound
    assert alone <= bound
