"""Advice after small changes equals that of a full pass, and every other change gets one."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podlore.again import Advisor, small_changes
from podlore.snapshot import Snapshot
from podlore.testing import HOUR, NOW, gpu_window, job, node, pod, snapshot
from podlore.vocabulary import Action, Container, Followed, Given, Outcome, Pattern, Pod, Termination

OWNERS = tuple(job(f"train-{n}", namespace=f"team-{n % 3}") for n in range(12))
PODS = tuple(
    pod(f"{one.ref.name}-0", namespace=one.ref.namespace, node=f"gpu-{n % 3}", controller=one.ref, age=6 * HOUR)
    for n, one in enumerate(OWNERS)
)
NODES = tuple(node(f"gpu-{n}") for n in range(3))
SEEN = snapshot(
    nodes=NODES,
    pods=PODS,
    controllers=OWNERS,
    gpu_windows=tuple(gpu_window(one, activity=0.0 if n % 4 == 0 else 0.9) for n, one in enumerate(PODS)),
    has_metrics=True,
)


def container(rng: Random) -> Container:
    """A container that runs, crashes again and again, or is killed for its memory."""
    reason = rng.choice(["", "", "Error", "OOMKilled"])
    if not reason:
        return Container("main", running_since=NOW - 5 * HOUR, ready=True)
    ended = Termination(137 if reason == "OOMKilled" else 1, reason, NOW - 400, NOW - 300)
    before = Termination(ended.exit_code, reason, NOW - 900, NOW - 700)
    return Container(
        "main",
        9,
        waiting_reason="CrashLoopBackOff",
        waiting_message="back-off 5m0s restarting failed container",
        ended=ended,
        ended_before=before,
        memory_limit_bytes=2**30,
    )


def with_pod(seen: Snapshot, n: int, made: Pod) -> Snapshot:
    return replace(seen, pods=(*seen.pods[:n], made, *seen.pods[n + 1 :]))


def test_small_changes_are_answered_as_a_full_pass_would() -> None:
    rng, advisor, seen = Random(7), Advisor(), SEEN
    advisor.advise(seen)
    told = set()
    for _ in range(40):
        n = rng.randrange(len(PODS))
        seen = with_pod(seen, n, replace(seen.pods[n], containers=(container(rng),)))
        advised = advisor.again(seen)
        assert advised == Advisor().advise(seen)
        told |= {one.because.pattern for one in advised.recommendations}
    assert told >= {"ResourceHoarding", "CrashLoop", "OutOfMemoryLoop"}


@pytest.mark.parametrize(
    "after",
    [
        with_pod(SEEN, 0, replace(PODS[0], node="gpu-2")),
        with_pod(SEEN, 0, replace(PODS[0], phase="Succeeded")),
        with_pod(SEEN, 0, replace(PODS[0], deleted_at=NOW)),
        replace(SEEN, pods=PODS[1:]),
        replace(SEEN, nodes=NODES[:2]),
        replace(SEEN, policy=replace(SEEN.policy)),
        replace(SEEN, has_metrics=False),
    ],
    ids=["another node", "finished", "leaving", "gone", "a node", "the policy", "no metrics"],
)
def test_any_other_change_gets_a_full_pass(after: Snapshot) -> None:
    assert small_changes(SEEN, after) is None
    advisor = Advisor()
    advisor.advise(SEEN)
    assert advisor.again(after) == Advisor().advise(after)


def test_what_the_others_found_stands_for_half_a_minute_at_most() -> None:
    advisor = Advisor()
    advisor.advise(SEEN)
    for seconds, is_full in ((29, False), (31, True), (40, False)):
        advisor.again(replace(SEEN, now=NOW + seconds))
        assert (advisor.full_at == NOW + seconds) is is_full


def changed(rng: Random, seen: Snapshot) -> Snapshot:
    """Return a cluster in which something has happened: mostly to containers, sometimes to anything else."""
    n = rng.randrange(len(seen.pods))
    one = seen.pods[n]
    of_pod = {
        "phase": rng.choice(["Running", "Failed", "Succeeded"]),
        "deleted_at": NOW,
        "node": rng.choice(["", "gpu-0", "gpu-1"]),
    }
    of_cluster = {
        "pods": seen.pods[1:] or seen.pods,
        "nodes": tuple(node(f"gpu-{k}", is_cordoned=rng.random() < 0.3) for k in range(3)),
        "gpu_windows": tuple(gpu_window(pod, activity=rng.choice([0.0, 0.9])) for pod in seen.pods),
        "has_metrics": not seen.has_metrics,
        "history": replace(seen.history, outcomes=outcomes(rng)),
    }
    what = rng.choice(["containers"] * 6 + [*of_pod, *of_cluster])
    if what in of_cluster:
        return replace(seen, **{what: of_cluster[what]})  # type: ignore[arg-type]
    return with_pod(seen, n, replace(one, **{what: of_pod.get(what, (container(rng),))}))  # type: ignore[arg-type]


def outcomes(rng: Random) -> tuple[Outcome, ...]:
    """Forty outcomes of crash loops, so many of them right."""
    refs = (replace(OWNERS[0].ref, name=f"old-{n}") for n in range(40))
    given = (Given(ref, Pattern.CRASH_LOOP, "Application", Action.FIX_APPLICATION, NOW - 9 * HOUR) for ref in refs)
    right = rng.randrange(40)
    return tuple(Outcome(one, Followed.YES, 1.0, NOW, was_right=n < right) for n, one in enumerate(given))


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(st.integers(0, 2**48))
def test_whatever_happens_the_answer_is_that_of_a_full_pass(seed: int) -> None:
    rng, advisor, seen = Random(seed), Advisor(), SEEN
    for _ in range(8):
        assert advisor.again(seen) == Advisor().advise(seen)
        seen = changed(rng, seen)


def test_what_is_the_same_is_no_change() -> None:
    assert small_changes(SEEN, replace(SEEN, now=NOW + 1)) == ()
