"""GangScattered: further apart than it must be, and paying for it."""

from dataclasses import replace

import pytest

from podlore.patterns.gang_scattered import gang_scattered
from podlore.snapshot import Snapshot
from podlore.testing import gang, gpu_window, job, node, pod, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Finding, Node, Pod

CONTROLLER, WORKERS = gang(nodes=("a-1", "b-1"))
NODES = (node("a-1", rack="a"), node("a-2", rack="a"), node("b-1", rack="b"))


def found(seen: Snapshot) -> list[Finding]:
    return list(gang_scattered(ClusterView(seen)))


def cluster(*others: Pod, nodes: tuple[Node, ...] = NODES, activity: float = 0.6, **more: object) -> Snapshot:
    windows = tuple(
        gpu_window(one, gpu=gpu, activity=activity, activity_max=0.99 if activity else 0.0)
        for one in WORKERS
        for gpu in range(8)
    )
    given = {"controllers": (CONTROLLER,), "gpu_windows": windows, "has_metrics": True, "nodes": nodes}
    return snapshot(pods=(*WORKERS, *others), **given | more)


def test_two_racks_where_one_would_do_are_scattered() -> None:
    [finding] = found(cluster())
    assert (str(finding.target), finding.cause) == ("nlp/PyTorchJob/llm", "Domain")
    assert "2 domains of topology.podlore.io/rack where 1 would do" in finding.summary
    assert finding.ranked_nodes == ("a-1", "a-2")


def test_the_stake_is_what_the_distance_costs_at_least() -> None:
    [finding] = found(cluster())
    assert finding.gpu_hours_at_stake == pytest.approx(16 * 2 * 0.1)


@pytest.mark.parametrize(
    "seen",
    [
        cluster(activity=0.95),
        cluster(activity=0.0),
        cluster(gpu_windows=()),
        cluster(has_metrics=False),
        cluster(pod("other", node="a-2", gpus=2)),
        cluster(nodes=(NODES[0], NODES[2])),
        cluster(nodes=tuple(replace(one, labels={}) for one in NODES)),
        cluster(nodes=(NODES[0], node("a-2", rack="a", is_cordoned=True), NODES[2])),
        cluster(controllers=(replace(CONTROLLER, pods_wanted=3),)),
    ],
    ids=["no penalty", "idle", "unseen", "no metrics", "no room", "least span", "no labels", "cordon", "incomplete"],
)
def test_what_only_looks_like_it_is_silent(seen: Snapshot) -> None:
    assert not found(seen)


def test_independent_trials_may_be_anywhere() -> None:
    controller = job("sweep", namespace="nlp", pods_wanted=2)
    trials = tuple(replace(one, controller=controller.ref) for one in WORKERS)
    windows = tuple(gpu_window(one, activity=0.6) for one in trials)
    assert not found(
        snapshot(nodes=NODES, pods=trials, controllers=(controller,), gpu_windows=windows, has_metrics=True)
    )


def test_nodes_count_where_no_rack_is_crossed() -> None:
    controller, workers = gang(nodes=("a-1", "a-2"), gpus=4)
    windows = tuple(gpu_window(one, gpu=gpu, activity=0.6) for one in workers for gpu in range(4))
    seen = snapshot(nodes=NODES, pods=workers, controllers=(controller,), gpu_windows=windows, has_metrics=True)
    [finding] = found(seen)
    assert finding.cause == "Node"
