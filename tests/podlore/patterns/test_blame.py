"""Whose fault failures are: planted rates of workloads and nodes are told apart."""

import numpy as np
import pytest

from podlore.patterns.blame import Tries, blame

Draw = dict[tuple[str, str], Tries]


def drawn(rng: np.random.Generator, *, by_node: dict[str, float], by_job: dict[str, float]) -> Draw:
    """Draw three pods for each of 60 jobs, wherever they fall among twelve nodes."""
    tries: Draw = {}
    for number in range(60):
        job = f"job-{number}"
        for node in (f"n{place}" for place in rng.integers(0, 12, 3)):
            sound = (1 - by_node.get(node, 0.0)) * (1 - by_job.get(job, 0.0)) * 0.98
            before = tries.get((job, node), Tries(0, 0))
            tries[job, node] = Tries(before.tried + 1, before.failed + int(rng.random() > sound))
    return tries


@pytest.mark.parametrize("seed", range(5))
def test_jobs_are_not_blamed_for_the_bad_nodes_that_they_met(seed: int) -> None:
    bad_nodes = {"n0": 0.9, "n1": 0.9, "n2": 0.9}
    bad_jobs = {f"job-{number}": 0.95 for number in range(0, 60, 15)}
    tries = drawn(np.random.default_rng(seed), by_node=bad_nodes, by_job=bad_jobs)
    found = blame(tries)
    rates = {job: found.elsewhere(job, "nowhere") for job, _ in tries}
    sound = [rate for job, rate in rates.items() if job not in bad_jobs]
    assert min(rates[job] for job in bad_jobs) > np.quantile(sound, 0.9)
    assert np.mean(sound) < 0.1


def test_what_happened_on_a_node_says_nothing_about_elsewhere() -> None:
    tries = {("job", "bad"): Tries(3, 3), ("other", "bad"): Tries(2, 2), ("other", "good"): Tries(4, 0)}
    found = blame(tries)
    assert found.elsewhere("job", "bad") == 0
    assert found.usual("bad") == pytest.approx(1 / 6)


def test_nothing_is_usual_where_nothing_was_tried() -> None:
    assert blame({}).usual("n0") == pytest.approx(1 / 2)
