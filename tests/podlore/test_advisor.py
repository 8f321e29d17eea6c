"""The advisor as a whole: the same answer for the same snapshot, in whatever order it comes, and quickly."""

import random
import time
from dataclasses import replace
from typing import Any

import pytest

from podlore.advisor import advise
from podlore.snapshot import History, Snapshot
from podlore.testing import HOUR, MINUTE, NOW, gang, gpu_window, job, node, pod, snapshot
from podlore.vocabulary import Container, Pod, Termination


def cluster(n_nodes: int, n_pods: int, seed: int = 0) -> Snapshot:
    """Return a full cluster with a queue, some idle pods and some crash loops."""
    rng = random.Random(seed)
    nodes = tuple(node(f"n{n:04}", rack=f"r{n // 16}", zone=f"z{n // 256}") for n in range(n_nodes))
    free = {one.name: 8 for one in nodes}
    controllers, pods, windows = [], [], []
    for n in range(n_pods):
        gpus = rng.choice((0, 1, 1, 1, 2, 4, 8))
        places = [name for name in rng.sample(sorted(free), min(4, n_nodes)) if free[name] >= gpus]
        controller = job(f"job-{n}", namespace=f"team-{n % 20}")
        end = Termination(1, "Error", NOW - 3 * MINUTE, NOW - 2 * MINUTE)
        message = "back-off 5m0s restarting failed container=main"
        loop = Container("main", 9, waiting_reason="CrashLoopBackOff", waiting_message=message, ended_before=end)
        made = pod(
            f"job-{n}-x2x4f",
            namespace=f"team-{n % 20}",
            gpus=gpus,
            node=places[0] if places else "",
            age=rng.uniform(1, 6) * HOUR,
            waited=rng.uniform(0, 3) * MINUTE,
            controller=controller.ref,
            node_selector={"pool": "none"} if rng.random() < 0.02 else {},
            containers=(loop,) if rng.random() < 0.02 else None,
        )
        if places:
            free[places[0]] -= gpus
            idle = rng.random() < 0.03
            windows += [gpu_window(made, gpu=gpu, activity=0.0 if idle else 0.8) for gpu in range(gpus)]
        controllers.append(controller)
        pods.append(made)
    return snapshot(
        nodes=nodes, pods=tuple(pods), controllers=tuple(controllers), gpu_windows=tuple(windows), has_metrics=True
    )


def shuffled(seen: Snapshot, seed: int) -> Snapshot:
    rng = random.Random(seed)

    def mixed(items: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(rng.sample(items, len(items)))

    return replace(
        seen,
        pods=mixed(seen.pods),
        nodes=mixed(seen.nodes),
        controllers=mixed(seen.controllers),
        gpu_windows=mixed(seen.gpu_windows),
        events=mixed(seen.events),
        history=History(mixed(seen.history.starts), mixed(seen.history.failures)),
    )


def test_nothing_is_said_about_nothing() -> None:
    assert not advise(snapshot()).recommendations


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_a_snapshot_does_not_matter(seed: int) -> None:
    seen = cluster(12, 120, seed)
    assert advise(seen) == advise(shuffled(seen, seed + 1))


def test_something_is_said_about_a_cluster_with_troubles() -> None:
    said = {one.because.pattern for one in advise(cluster(12, 120)).recommendations}
    assert len(said) >= 2


def test_a_quiet_minute_repeats_the_advice_to_the_letter() -> None:
    controller, workers = gang(nodes=("n0", "n1"))
    idle = tuple(gpu_window(one, gpu=gpu, activity=0.0) for one in workers for gpu in range(8))
    seen = snapshot(pods=workers, controllers=(controller,), gpu_windows=idle, has_metrics=True)
    assert advise(seen).recommendations
    assert advise(seen) == advise(replace(seen, now=seen.now + 10 * MINUTE))


@pytest.mark.slow
def test_cost_grows_about_as_the_cluster_does() -> None:
    small, large = (cost_seconds(cluster(nodes, 10 * nodes)) for nodes in (250, 1000))
    assert large < 12 * small  # four times the cluster: sixteen times the cost would be quadratic


def cost_seconds(seen: Snapshot) -> float:
    began = time.process_time()
    assert advise(seen).recommendations
    return time.process_time() - began


def test_pods_of_one_name_in_two_namespaces_are_two() -> None:
    pods: tuple[Pod, ...] = (pod("a", namespace="x"), pod("a", namespace="y"))
    assert advise(snapshot(pods=pods)) == advise(snapshot(pods=pods[::-1]))
