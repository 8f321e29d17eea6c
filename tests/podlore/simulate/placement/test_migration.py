"""Moves: they let pods in within their budget, lose no placed pod, and without a budget change nothing."""

import numpy as np
import pytest

from podlore.simulate.placement.advised import NEUTRAL, advised
from podlore.simulate.placement.learn import copy_of
from podlore.simulate.placement.migration import MOVE_SECONDS, migrations
from podlore.simulate.placement.moves import compiled_with_moves
from podlore.simulate.placement.policies import FGD, FIRST_FIT
from podlore.simulate.placement.study import prepare, run_study
from podlore.traces.job import Job, NodeShape

NODES = [NodeShape(f"n{i}", "A", 4, cpu_milli=48_000, memory_mib=1000) for i in range(4)]
PODS = [
    Job("share", gpus=1, gpu_milli=400, cpu_milli=6_000),
    Job("one", gpus=1, gpu_milli=1000, cpu_milli=8_000),
    Job("two", gpus=2, gpu_milli=1000, cpu_milli=8_000),
]


def study(seed=0, pods=40):
    names = np.random.default_rng(seed).choice([pod.name for pod in PODS], pods, p=[0.6, 0.2, 0.2]).tolist()
    return names, prepare(NODES, PODS, names)


def played(ready, *, budget, is_least, policy=FGD):
    nodes = copy_of(ready.nodes)
    mix = ready.mix._replace(terms=NEUTRAL.as_array())
    return nodes, compiled_with_moves(advised(policy.score))(nodes, ready.shapes, mix, ready.order, budget, is_least)


def test_without_a_budget_every_placement_is_the_policys():
    names, ready = study()
    _, course = played(ready, budget=0, is_least=True)
    alone = run_study(NODES, PODS, names, FGD)
    request = (ready.shapes.gpus * ready.shapes.gpu_milli)[ready.order]
    assert course.used_milli.tolist() == np.cumsum(np.where(alone.nodes >= 0, request, 0)).tolist()


@pytest.mark.parametrize("is_least", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_what_is_used_is_what_the_nodes_lack_whatever_was_moved(seed, is_least):
    _, ready = study(seed)
    nodes, course = played(ready, budget=3, is_least=is_least)
    free = np.maximum(nodes.gpu_left_milli, 0)
    assert course.used_milli[-1] == ready.capacity_milli - free.sum()
    assert (free.sum(axis=1) == nodes.gpu_total_left_milli).all()
    assert (nodes.cpu_left_milli >= 0).all()
    assert (free <= 1000).all()
    assert course.moves[-1] <= 3


UNEVEN = [NodeShape(name, "A", 1, cpu_milli=cpu, memory_mib=1) for name, cpu in (("a", 9_000), ("b", 2_000))]
SMALL_FIRST = [
    Job("small", gpus=1, gpu_milli=1000, cpu_milli=1_000),
    Job("large", gpus=1, gpu_milli=1000, cpu_milli=8_000),
]


def test_one_move_makes_the_room_that_no_node_has():
    ready = prepare(UNEVEN, SMALL_FIRST, ["small", "large"])
    for is_least in (False, True):
        assert played(ready, budget=0, is_least=is_least, policy=FIRST_FIT)[1].used_milli[-1] == 1000
        _, course = played(ready, budget=1, is_least=is_least, policy=FIRST_FIT)
        assert (course.used_milli[-1], course.moves[-1], course.moved_milli[-1]) == (2000, 1, 1000)


def test_each_move_is_paid_for_by_the_gpus_it_stops():
    rows = list(migrations(prepare(UNEVEN, SMALL_FIRST, ["small", "large"]), FIRST_FIT, (0, 1)))
    paid = {(row.arm, row.budget): (row.at_100, row.moves, row.gpus_moved, row.gpu_hours_paid) for row in rows}
    assert paid["first move", 0] == (50, 0, 0, 0)
    assert paid["advised move", 1] == (100, 1, 1, round(MOVE_SECONDS / 3600, 3))
