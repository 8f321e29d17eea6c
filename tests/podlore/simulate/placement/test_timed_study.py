"""Departures: pods wait where nothing fits, start in order of arrival, and their GPUs come back."""

import numpy as np
import pytest

from podlore.errors import BadInput
from podlore.simulate.placement.advised import NEUTRAL, advised
from podlore.simulate.placement.departures import Arrivals, Expected, compiled_timed
from podlore.simulate.placement.learn import copy_of
from podlore.simulate.placement.policies import FGD
from podlore.simulate.placement.study import prepare
from podlore.simulate.placement.timed_study import timed_study
from podlore.traces.job import Job, NodeShape

NODES = [NodeShape("n0", "A", 2, cpu_milli=64_000, memory_mib=1000)]
PODS = [Job("one", gpus=1, cpu_milli=1_000), Job("two", gpus=2, cpu_milli=1_000), Job("big", gpus=4, cpu_milli=1_000)]


def started(names, at_seconds, runs_seconds):
    ready = prepare(NODES, PODS, names)
    mix = ready.mix
    expected = Expected(
        mix.cpu_milli, mix.gpus, mix.gpu_milli, mix.models, mix.share[None, :], NEUTRAL.as_array()[None, :]
    )
    epoch = np.zeros(len(names), np.int64)
    arrivals = Arrivals(ready.order, np.array(at_seconds, float), np.array(runs_seconds, float), epoch)
    return compiled_timed(advised(FGD.score))(copy_of(ready.nodes), ready.shapes, expected, arrivals).tolist()


def test_a_pod_starts_at_once_where_it_fits_and_else_when_another_leaves():
    assert started(["two", "one", "one"], [0, 1, 2], [10, 5, 5]) == [0, 10, 10]


def test_a_small_pod_may_start_before_a_large_one_that_waits():
    assert started(["one", "two", "one"], [0, 1, 2], [10, 5, 3]) == [0, 10, 2]


def test_a_pod_larger_than_any_node_never_starts_and_nothing_hangs():
    assert started(["big", "one"], [0, 1], [10, 5]) == [np.inf, 1]


def trace(n=200):
    rng = np.random.default_rng(0)
    gpus = rng.choice([1, 2], n)
    return [
        Job(f"p{i}", gpus=int(gpus[i]), cpu_milli=2_000, submit_seconds=10.0 * i, duration_seconds=60.0 + 7 * (i % 13))
        for i in range(n)
    ]


def test_each_arm_is_played_on_the_same_arrivals_and_waits_grow_with_the_load():
    nodes = [NodeShape(f"n{i}", "A", 4, cpu_milli=64_000, memory_mib=1000) for i in range(8)]
    light, heavy = (timed_study(nodes, trace(), FGD, load=load, part=0.5, seed=1) for load in (0.3, 1.2))
    assert [row.arm for row in light] == ["whole mix", "mix so far", "recent mix", "mix so far, terms"]
    assert all(a.mean_wait_seconds < b.mean_wait_seconds for a, b in zip(light, heavy, strict=True))
    assert all(a.allocation_percent < b.allocation_percent <= 100 for a, b in zip(light, heavy, strict=True))


def test_a_list_without_times_is_refused():
    with pytest.raises(BadInput, match="0 pods with times"):
        timed_study(NODES, PODS, FGD, load=1.0, part=1.0)
