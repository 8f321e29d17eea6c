"""Advice after small changes equals that of a full pass, and every other change gets one."""

from dataclasses import replace
from random import Random

import pytest

from podlore.again import Advisor, small_changes
from podlore.snapshot import Snapshot
from podlore.testing import HOUR, NOW, gpu_window, job, node, pod, snapshot
from podlore.vocabulary import Container, Pod, Termination

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
        given = advisor.again(seen)
        assert given == Advisor().advise(seen)
        told |= {one.because.pattern for one in given.recommendations}
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
    ],
    ids=["another node", "finished", "leaving", "gone", "a node", "the policy"],
)
def test_any_other_change_gets_a_full_pass(after: Snapshot) -> None:
    assert small_changes(SEEN, after) is None
    advisor = Advisor()
    advisor.advise(SEEN)
    assert advisor.again(after) == Advisor().advise(after)


def test_what_is_the_same_is_no_change() -> None:
    assert small_changes(SEEN, replace(SEEN, now=NOW + 1)) == ()
