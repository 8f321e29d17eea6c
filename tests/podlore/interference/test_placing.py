"""Sharing, gangs, moves, links and what is learned: small truths of each."""

import json
from itertools import combinations

import numpy as np
import pytest

from podlore.errors import BadInput, NotEnoughEvidence
from podlore.interference.assign import Gang, Move, affordable, assign_gangs
from podlore.interference.learner import Learner
from podlore.interference.link import Demand, locality_penalty, speeds
from podlore.interference.share import Speeds, groups_of, share, slowed_by


def predicted(n: int, seed: int = 0) -> Speeds:
    expected = np.random.default_rng(seed).uniform(0.4, 1.0, (n, n))
    return Speeds(expected, expected - 0.1)


def test_no_unsafe_pair_is_made_and_none_across_groups() -> None:
    jobs = predicted(30)
    groups = [f"rack-{place % 3}" for place in range(30)]
    found = share(jobs, groups, speed_min=0.6)
    assert found.pairs
    for i, j in found.pairs:
        assert groups[i] == groups[j]
        assert min(jobs.low[i, j], jobs.low[j, i]) >= 0.6
    assert found.gain <= found.upper_bound


def test_what_is_not_known_is_not_shared() -> None:
    unknown = np.full((4, 4), np.nan)
    assert share(Speeds(unknown, unknown), ["g"] * 4).pairs == ()


def test_groups_of_four_hold_everybody_once() -> None:
    found = groups_of(Speeds(np.full((8, 8), 0.95), np.full((8, 8), 0.9)), 4)
    assert sorted(member for group in found for member in group) == list(range(8))
    assert [len(group) for group in found] == [4, 4]
    with pytest.raises(BadInput, match="power of two"):
        groups_of(predicted(4), 3)


def test_the_one_that_takes_most_stands_out() -> None:
    table = np.full((3, 3), 0.9)
    table[:, 2] = 0.5
    taken = slowed_by(Speeds(table, table), ["a", "b", "loud"])
    assert max(taken, key=lambda name: taken[name]) == "loud"


def test_gangs_get_domains_that_hold_all_of_them() -> None:
    gangs = [Gang(f"g{n}", pods, 4000) for n, pods in enumerate((2, 4, 6, 3))]
    free = {"r1": [8000] * 3, "r2": [8000] * 2, "r3": [4000]}
    placed = assign_gangs(gangs, free)
    for domain, nodes in free.items():
        assert sum(gang.pods for gang in gangs if placed.get(gang.name) == domain) <= sum(
            free // 4000 for free in nodes
        )
    assert placed["g2"] == "r1"


def test_the_worthier_gang_wins_the_only_place() -> None:
    gangs = [Gang("idle", 2, 8000, worth=1.0), Gang("urgent", 2, 8000, worth=5.0)]
    assert dict(assign_gangs(gangs, {"r1": [8000, 8000]})) == {"urgent": "r1"}


@pytest.mark.parametrize("seed", range(5))
def test_moves_are_the_best_that_the_budget_pays(seed: int) -> None:
    rng = np.random.default_rng(seed)
    moves = [
        Move(f"m{n}", float(rng.uniform(0, 4)), float(rng.integers(1, 9)), float(rng.uniform(0, 1800)))
        for n in range(8)
    ]
    found = affordable(moves, 3.0)
    assert sum(move.cost_gpu_hours for move in found) <= 3.0
    best = max(
        sum(move.gain_gpu_hours - move.cost_gpu_hours for move in some)
        for size in range(9)
        for some in combinations(moves, size)
        if sum(np.ceil(move.cost_gpu_hours * 100) for move in some) <= 300
    )
    assert sum(move.gain_gpu_hours - move.cost_gpu_hours for move in found) == pytest.approx(best)


def test_a_move_that_does_not_earn_its_cost_is_never_made() -> None:
    assert affordable([Move("m", 1.0, 8, 7200.0)], 1000.0) == ()
    with pytest.raises(BadInput, match="budget"):
        affordable([], float("nan"))


def test_jobs_that_fit_side_by_side_lose_nothing_when_shifted() -> None:
    quiet = Demand(0.7, 30.0)
    assert speeds([quiet, quiet], 100.0, is_shifted=True) == (1.0, 1.0)
    assert all(speed < 1.0 for speed in speeds([quiet, quiet], 100.0))
    assert speeds([quiet], 100.0) == (1.0,)


def test_a_link_that_all_want_all_the_time_is_divided() -> None:
    greedy = Demand(0.0, 10.0)
    assert speeds([greedy] * 4, 10.0) == (0.25,) * 4


def test_a_penalty_needs_measurements_of_model_and_fabric() -> None:
    measured = {("LM", "ib"): [0.3, 0.25, 0.35], ("ResNet-50", "ib"): [0.9, 1.0]}
    assert locality_penalty(measured, "LM", "ib") == 0.3
    with pytest.raises(NotEnoughEvidence, match="2 measurements of ResNet-50 on ib"):
        locality_penalty(measured, "ResNet-50", "ib")


def test_a_pair_seen_once_stays_near_belief_with_a_wide_interval() -> None:
    learner = Learner()
    learner.observe("h100", "a", "b", speed=0.3)
    once = learner.predict("h100", "a", "b", believed=0.9)
    assert 0.7 < once.speed < 0.8
    assert once.high - once.low > 0.4
    for _ in range(30):
        learner.observe("h100", "a", "b", speed=0.3)
    often = learner.predict("h100", "a", "b", believed=0.9)
    assert often.speed == pytest.approx(0.3, abs=0.06)
    assert often.high - often.low < once.high - once.low


def test_a_gpu_type_that_was_always_slower_lowers_beliefs_there_only() -> None:
    learner = Learner()
    for number in range(40):
        learner.observe("t4", f"job-{number}", "x", speed=0.5, believed=0.8)
    assert learner.predict("t4", "new", "x", believed=0.8).speed == pytest.approx(0.52, abs=0.02)
    assert learner.predict("h100", "new", "x", believed=0.8).speed == 0.8


def test_what_was_learned_outlives_a_restart() -> None:
    learner = Learner()
    learner.observe("h100", "a", "b", speed=0.6, believed=0.8)
    again = Learner.restored(json.loads(json.dumps(learner.state())))
    assert again.predict("h100", "a", "b", believed=0.8) == learner.predict("h100", "a", "b", believed=0.8)
    with pytest.raises(BadInput, match="not what a learner keeps"):
        Learner.restored({"pairs": [[1]]})


@pytest.mark.parametrize("speed", [float("nan"), -0.1, 11.0, float("inf")])
def test_what_is_no_speed_is_not_learned(speed: float) -> None:
    with pytest.raises(BadInput, match="no speed"):
        Learner().observe("h100", "a", "b", speed=speed)
