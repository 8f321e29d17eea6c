"""Interference: less whenever a neighbour is there."""

from podlore.patterns.interference import interference
from podlore.snapshot import Snapshot
from podlore.testing import activity, pod, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Finding

VICTIM = pod("trainer", namespace="nlp", node="gpu-1", gpus=4)
NEIGHBOUR = pod("decoder", namespace="vision", node="gpu-1", gpus=1)
COMPANY = [False] * 8 + [True] * 8 + [False] * 8 + [True] * 8


def found(own: list[float], presence: list[bool]) -> list[Finding]:
    there = activity(NEIGHBOUR, [0.8 if present else None for present in presence])
    seen: Snapshot = snapshot(pods=(VICTIM, NEIGHBOUR), series=(activity(VICTIM, own), there), has_metrics=True)
    return [finding for finding in interference(ClusterView(seen)) if finding.target.name == "trainer"]


def noisy(levels: list[float]) -> list[float]:
    return [level + (0.01 if step % 2 else -0.01) for step, level in enumerate(levels)]


def test_a_fall_that_comes_and_goes_with_a_neighbour_is_its_doing() -> None:
    [finding] = found(noisy([0.65 if company else 0.9 for company in COMPANY]), COMPANY)
    assert [str(ref) for ref in finding.blamed] == ["vision/Pod/decoder"]
    assert "vision" not in finding.summary


def test_one_coincidence_is_none() -> None:
    presence = [False] * 16 + [True] * 16
    assert not found(noisy([0.65 if company else 0.9 for company in presence]), presence)


def test_a_small_fall_is_none() -> None:
    assert not found(noisy([0.82 if company else 0.9 for company in COMPANY]), COMPANY)


def test_own_phases_do_not_keep_to_the_neighbours_times() -> None:
    phases = [0.9] * 12 + [0.6] * 8 + [0.9] * 12
    assert not found(noisy(phases), COMPANY)


def test_a_neighbour_that_is_always_there_proves_nothing() -> None:
    assert not found(noisy([0.65] * 16 + [0.9] * 16), [True] * 32)
