"""For every pattern and action of the table: a case where following it brings what was predicted, and a near-miss.

Each case is a small cluster and what a detector found in it. The engine must recommend the action there, and nothing of
the kind in the near-miss, which differs in the one thing that matters. Then the virtual clock runs on twice, with and
without the action: how long the matter would have gone on is drawn from Philly's published run times, how soon somebody
acts and how well it works from a world of its own. What one arm wastes and the other does not is the gain.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from math import exp, log
from random import Random

import pytest

from podlore.advice import advice
from podlore.advice.actions import ANY, REMEDIES
from podlore.patterns.found import found
from podlore.patterns.stake import expected_hours
from podlore.snapshot import Snapshot
from podlore.testing import GIB, HOUR, MINUTE, NOW, gpu_window, job, node, pod, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import (
    Action,
    Container,
    DisruptionBudget,
    Event,
    Evidence,
    EvidenceSource,
    Failure,
    Finding,
    ObjectRef,
    Pattern,
    Pod,
    Recommendation,
    Resources,
    Start,
    Termination,
)

P, A = Pattern, Action
SEEDS = 100
AGES_HOURS = (2.5, 4.5, 9.0, 20.0)
COVERED_MIN = 0.8
FACT = Evidence(EvidenceSource.OBJECT, "seen in the case", "so")
OWNER = job("train")
TARGET = OWNER.ref
RUNS = pod("train-0", node="gpu-1", gpus=4, controller=TARGET)
WAITS = pod("train-0", gpus=4, controller=TARGET)
NODE = ObjectRef("", "Node", "", "gpu-1")
NODES = (node("gpu-1", rack="a"), node("gpu-2", rack="b"))
FULL = tuple(pod(f"full-{n}", namespace="nlp", node=f"gpu-{n}", gpus=8, age=48 * HOUR) for n in (1, 2))
QUEUE = {"kueue.x-k8s.io/queue-name": "team"}


def cluster(*pods: Pod, **more: object) -> Snapshot:
    return snapshot(**{"nodes": NODES, "pods": pods, "controllers": (OWNER,)} | more)


def started(ago: float, n: int) -> Start:
    return Start(f"o-{n}", "nlp", ObjectRef("batch", "Job", "nlp", f"o-{n}"), NOW - ago - 60, NOW - ago, Resources())


def event(reason: str, message: str) -> Event:
    return Event(reason, ObjectRef("", "Pod", "vision", "train-0"), reason, message, last_seen_at=NOW)


def failing(exit_code: int | None, reason: str = "") -> Pod:
    ended = None if exit_code is None else Termination(exit_code, "Error")
    return replace(RUNS, containers=(Container("main", 3, waiting_reason=reason, ended_before=ended),))


def killed(limit_gib: float) -> Pod:
    container = Container(
        "main", 2, ended_before=Termination(137, "OOMKilled"), memory_limit_bytes=int(limit_gib * GIB)
    )
    return replace(RUNS, containers=(container,))


@dataclass(frozen=True)
class Case:
    """A cluster in which an action is right, and its near-miss."""

    speaks: Snapshot
    silent: Snapshot
    cause: str = "Some"
    target: ObjectRef = TARGET
    ranked: tuple[str, ...] = ()
    blamed: tuple[ObjectRef, ...] = ()
    share: float = 1.0


IGNORED = cluster(replace(RUNS, labels={"podlore.io/ignore": "true"}))
ENDING = cluster(replace(RUNS, deleted_at=NOW))
ALONE = cluster(RUNS)
BESIDE = cluster(RUNS, FULL[1])
PROTECTED = cluster(replace(RUNS, annotations={"karpenter.sh/do-not-disrupt": "true"}))
BUDGET = cluster(replace(RUNS, labels={"app": "x"}), budgets=(DisruptionBudget("vision", "x", {"app": "x"}),))
OVER = cluster(RUNS, controllers=(replace(OWNER, deadline_seconds=HOUR),))
SELECTED = replace(WAITS, node_selector={"pool": "large"})
IDLE = pod("idle", namespace="nlp", node="gpu-1", gpus=8, age=48 * HOUR)
LENDER = {
    "gpu_windows": tuple(gpu_window(IDLE, gpu=n, activity=0.0) for n in range(8)),
    "has_metrics": True,
    "controllers": (replace(OWNER, labels=QUEUE),),
}
BUSY = LENDER | {"gpu_windows": tuple(gpu_window(IDLE, gpu=n, activity=0.9) for n in range(8))}
TURNOVER = {"history": replace(snapshot().history, starts=tuple(started(n * 10 * MINUTE, n) for n in range(1, 6)))}
SINGLE = replace(WAITS, requests=Resources(1000, GIB, 1000))
GONE = Failure("vision", "train-0", "main", TARGET, "gpu-1", NOW, -1)
CORDONED = (node("gpu-1", is_cordoned=True), NODES[1])

CASES: Mapping[tuple[Pattern, Action], Case] = {
    (P.RESOURCE_HOARDING, A.RELEASE_IDLE): Case(ALONE, BUDGET),
    (P.RESOURCE_HOARDING, A.RIGHT_SIZE): Case(PROTECTED, OVER),
    (P.OVER_REQUEST, A.RIGHT_SIZE): Case(ALONE, OVER, "Gpus"),
    (P.QUEUE_SPIRAL, A.BREAK_REQUEUE_LOOP): Case(cluster(WAITS), cluster(WAITS, controllers=())),
    (P.QUEUE_SPIRAL, A.DEFER): Case(cluster(WAITS, controllers=()), cluster(WAITS)),
    (P.ACCESSIBILITY_BARRIER, A.RELAX_CONSTRAINT): Case(cluster(SELECTED), cluster(SELECTED, *FULL), "Constraint"),
    (P.ACCESSIBILITY_BARRIER, A.BORROW_QUOTA): Case(
        cluster(WAITS, IDLE, FULL[1], **LENDER), cluster(WAITS, IDLE, FULL[1], **BUSY), "Capacity"
    ),
    (P.ACCESSIBILITY_BARRIER, A.DEFER): Case(cluster(WAITS, *FULL, **TURNOVER), cluster(WAITS, *FULL), "Capacity"),
    (P.ACCESSIBILITY_BARRIER, A.INVESTIGATE): Case(
        cluster(WAITS, *FULL), cluster(WAITS, *FULL, **TURNOVER), "Capacity"
    ),
    (P.FRAGMENTATION, A.CONSOLIDATE): Case(
        cluster(WAITS), cluster(replace(WAITS, labels={"podlore.io/ignore": "true"})), "Node", ranked=("gpu-1",)
    ),
    (P.FRAGMENTATION, A.RELAX_CONSTRAINT): Case(cluster(SELECTED), cluster(WAITS), "Node"),
    (P.FRAGMENTATION, A.RIGHT_SIZE): Case(cluster(WAITS), cluster(SINGLE), "Node"),
    (P.INTERFERENCE, A.SEPARATE): Case(ALONE, PROTECTED, share=0.2),
    (P.INTERFERENCE, A.INVESTIGATE): Case(PROTECTED, ALONE, share=0.2),
    (P.GANG_SCATTERED, A.COLOCATE): Case(ALONE, PROTECTED, ranked=("gpu-2",), share=0.15),
    (P.GANG_SCATTERED, A.INVESTIGATE): Case(PROTECTED, ALONE, ranked=("gpu-2",), share=0.15),
    (P.STRAGGLER, A.AVOID_NODE): Case(ALONE, BESIDE, blamed=(NODE,), share=0.25),
    (P.STRAGGLER, A.INVESTIGATE): Case(BESIDE, ALONE, blamed=(NODE,), share=0.25),
    (P.CRASH_LOOP, A.FIX_APPLICATION): Case(cluster(failing(1)), cluster(failing(None)), "Application"),
    (P.CRASH_LOOP, A.INVESTIGATE): Case(
        cluster(failing(None, "RegistryUnavailable")), cluster(failing(None, "InvalidImageName")), "Image"
    ),
    (P.OUT_OF_MEMORY_LOOP, A.RAISE_MEMORY): Case(cluster(killed(16)), cluster(killed(900))),
    (P.OUT_OF_MEMORY_LOOP, A.FIX_APPLICATION): Case(cluster(killed(900)), cluster(killed(16))),
    (P.BLACK_HOLE_NODE, A.CORDON_NODE): Case(ALONE, cluster(RUNS, nodes=CORDONED), target=NODE),
    (P.BLACK_HOLE_NODE, A.AVOID_NODE): Case(cluster(RUNS, nodes=NODES[:1]), ALONE, target=NODE),
    (P.HARDWARE_FAULT, A.CORDON_NODE): Case(ALONE, cluster(RUNS, nodes=CORDONED), target=NODE),
    (P.HARDWARE_FAULT, A.INVESTIGATE): Case(cluster(RUNS, nodes=NODES[:1]), ALONE, target=NODE),
    (P.NETWORK_DEGRADATION, A.AVOID_NODE): Case(ALONE, BESIDE, "Link", target=NODE, share=0.15),
    (P.NETWORK_DEGRADATION, A.INVESTIGATE): Case(BESIDE, ALONE, "Link", target=NODE, share=0.15),
    (P.STORAGE_STALL, A.FIX_APPLICATION): Case(
        cluster(RUNS, events=(event("FailedMount", 'secret "token" not found'),)),
        cluster(RUNS, events=(event("FailedMount", "timed out waiting for the condition"),)),
        "Mount",
    ),
    (P.STORAGE_STALL, A.INVESTIGATE): Case(ALONE, ENDING, "Io"),
    (P.SECURITY_INCIDENT, A.INVESTIGATE): Case(ALONE, IGNORED, "Guessing"),
}
WITHOUT_GAIN = frozenset({P.SECURITY_INCIDENT})
"""What it is worth to stop an intruder is not counted in GPU-hours."""


def finding(pattern: Pattern, case: Case, age_hours: float = 4.5) -> Finding:
    """What a detector found; its stake is counted as detectors count it."""
    gpus = 0.0 if pattern in WITHOUT_GAIN else 4.0
    return found(
        pattern,
        case.cause,
        case.target,
        "It is so.",
        [FACT],
        gpus=gpus,
        hours=expected_hours(age_hours * HOUR),
        share=case.share,
        ranked_nodes=case.ranked,
        blamed=case.blamed,
    )


def given(pattern: Pattern, case: Case, seen: Snapshot, age_hours: float = 4.5) -> Recommendation | None:
    found_finding = finding(pattern, case, age_hours)
    if any(one.deadline_seconds for one in seen.controllers):  # detectors count a stake only until the deadline
        found_finding = replace(found_finding, gpu_hours_at_stake=0.0)
    return next(iter(advice([found_finding], ClusterView(seen)).recommendations), None)


def test_every_row_of_the_table_has_its_case() -> None:
    rows = {(pattern, one.action) for (pattern, _), remedies in REMEDIES.items() for one in remedies}
    assert rows == set(CASES)
    assert all(cause == ANY or cause.isalpha() for _, cause in REMEDIES)


@pytest.mark.parametrize(("pattern", "action"), CASES, ids=str)
def test_it_is_recommended_where_it_helps_and_not_where_it_nearly_would(pattern: Pattern, action: Action) -> None:
    case = CASES[pattern, action]
    right, near = given(pattern, case, case.speaks), given(pattern, case, case.silent)
    assert right is not None
    assert right.action is action
    assert near is None or near.action is not action


# --- following it, on the virtual clock ---

PHILLY_SECONDS = ((0.0, 1.0), (0.5, 1_144.0), (0.9, 11_265.0), (0.99, 254_758.0), (1.0, 5_000_000.0))
"""Published quantiles of run times (Jeon et al., ATC 2019); the ends are ours."""


def run_seconds(chance: float) -> float:
    """Return a run time by its quantile, straight between the published ones on a logarithmic scale."""
    for (low, shorter), (high, longer) in pairwise(PHILLY_SECONDS):
        if chance <= high:
            return exp(log(shorter) + (chance - low) / (high - low) * (log(longer) - log(shorter)))
    return PHILLY_SECONDS[-1][1]


def lasts(rng: Random, age_seconds: float) -> float:
    """Draw how much longer something goes on that has gone on so long."""
    while True:
        seconds = run_seconds(0.85 + 0.15 * rng.random())
        if seconds > age_seconds:
            return seconds - age_seconds


def minutes(rng: Random, median: float) -> float:
    """Draw how long somebody takes, in seconds."""
    return median * MINUTE * exp(rng.gauss(0.0, 0.6))


World = Callable[[Random, float, float], float]
"""Takes chance, what is lost a second, and how long that would go on; returns what is lost although it is followed."""


def stops(rng: Random, rate: float, seconds: float) -> float:
    """Somebody acts after a while, and it is over."""
    return rate * min(minutes(rng, 5), seconds)


def restarts(rng: Random, rate: float, seconds: float) -> float:
    """At the next start; until then all is as it was."""
    return rate * min(seconds * rng.uniform(0.0, 0.5), seconds)


def eases(rng: Random, rate: float, seconds: float) -> float:
    """What was lost is more than the lower bound that was said, and all of it but a rest comes back."""
    return -rate * max(seconds - minutes(rng, 15), 0.0) * rng.uniform(0.0, 0.6)


def mends(rng: Random, rate: float, seconds: float) -> float:
    """Two of ten first tries fail, and the second takes as long again."""
    tries = 1 + (rng.random() < 0.2)
    return rate * min(tries * minutes(rng, 15), seconds)


def finds_out(rng: Random, rate: float, seconds: float) -> float:
    """The reason must be found first."""
    return rate * min(minutes(rng, 30), seconds) + rate * 0.2 * max(seconds - HOUR, 0.0)


def makes_room(rng: Random, rate: float, seconds: float) -> float:
    """The place comes free after some of the time that it would have taken anyway."""
    return rate * seconds * rng.uniform(0.05, 0.5)


WORLDS: Mapping[Action, World] = {
    A.RELEASE_IDLE: stops,
    A.RIGHT_SIZE: restarts,
    A.COLOCATE: eases,
    A.SEPARATE: eases,
    A.CONSOLIDATE: makes_room,
    A.AVOID_NODE: mends,
    A.CORDON_NODE: stops,
    A.RELAX_CONSTRAINT: makes_room,
    A.DEFER: finds_out,
    A.BREAK_REQUEUE_LOOP: mends,
    A.RAISE_MEMORY: mends,
    A.BORROW_QUOTA: makes_room,
    A.FIX_APPLICATION: mends,
    A.INVESTIGATE: finds_out,
}
COUNTED = [key for key in CASES if key[0] not in WITHOUT_GAIN]


def gained(action: Action, case: Case, age_hours: float, seed: str) -> float:
    """Return the GPU-hours that following an action saved within a day: what one arm lost and the other did not."""
    rng = Random(seed)
    seconds = min(lasts(rng, age_hours * HOUR), 24 * HOUR)
    rate = 4.0 * case.share / HOUR
    return rate * seconds - WORLDS[action](rng, rate, seconds)


@pytest.mark.parametrize(("pattern", "action"), COUNTED, ids=str)
def test_what_following_it_brings_lies_in_the_predicted_interval(pattern: Pattern, action: Action) -> None:
    case, covered = CASES[pattern, action], 0
    told = {hours: given(pattern, case, case.speaks, hours) for hours in AGES_HOURS}
    for number in range(SEEDS):
        age_hours = AGES_HOURS[number % len(AGES_HOURS)]
        one = told[age_hours]
        assert one is not None
        assert one.gain is not None
        covered += one.gain.low <= gained(action, case, age_hours, f"{pattern} {action} {number}") <= one.gain.high
    assert covered >= COVERED_MIN * SEEDS


def test_the_intervals_are_not_so_wide_that_they_hold_anything() -> None:
    told = given(P.RESOURCE_HOARDING, CASES[P.RESOURCE_HOARDING, A.RELEASE_IDLE], ALONE)
    assert told is not None
    assert told.gain is not None
    assert told.gain.low > 0
    assert told.gain.high <= 4 * 24
    drawn = [gained(A.RELEASE_IDLE, CASES[P.RESOURCE_HOARDING, A.RELEASE_IDLE], 4.5, str(n)) for n in range(400)]
    assert 0.005 < sum(not told.gain.low <= one <= told.gain.high for one in drawn) / 400 < 0.2
