"""AccessibilityBarrier: a small, new or constrained workload waits much longer than others who asked for as much.

Said after an hour, if the wait is at least three times that of comparable work, some of which began meanwhile. Silent
where everybody waits, where the workload's own quota is full, and where its owner suspended it; where the shape of what
is free binds, `fragmentation` says so instead.
"""

from collections.abc import Iterator

from podlore.patterns import stake, steady
from podlore.patterns.comparable import Comparables, Yardstick
from podlore.patterns.found import found
from podlore.patterns.reason import WORDS, Explained, Reason, dominant_reason
from podlore.patterns.unschedulable import UNSEEN, obstacles
from podlore.patterns.waiting import Waiting, is_being_helped, waiting
from podlore.topology import LIFTABLE
from podlore.view import ClusterView
from podlore.vocabulary import Evidence, EvidenceSource, Finding, Pattern, Pod

COMPARABLES_MIN = 3
"""Fewer others are no yardstick."""
SILENT = frozenset({Reason.QUOTA, Reason.FRAGMENTATION})
SMALL_SHARE = 0.5
"""Small is what asks for at most this share of what others were given meanwhile (the median)."""
RANKED_NODES_MAX = 5


def accessibility_barrier(view: ClusterView) -> Iterator[Finding]:
    """Yield the workloads that are kept out while others get in."""
    limits = view.policy.thresholds.accessibility_barrier
    if not limits.enabled:
        return
    queue = waiting(view)
    yardstick = Yardstick(view, queue)
    for one in queue:
        if view.now - one.since < limits.wait_seconds_min or is_being_helped(view, one) or _suspended_by_owner(one):
            continue
        others = yardstick.comparables(one)
        if others is None or others.begun < COMPARABLES_MIN or not _is_longer(view, one, others):
            continue
        disadvantage = _disadvantage(view, one, yardstick)
        explained = dominant_reason(view, one, others)
        if disadvantage and explained.reason not in SILENT:
            yield _finding(view, one, others, explained, disadvantage)


def _suspended_by_owner(one: Waiting) -> bool:
    """Say whether nobody but its owner can have suspended it."""
    return one.workload.is_suspended and not one.workload.queue


def _is_longer(view: ClusterView, one: Waiting, others: Comparables) -> bool:
    ratio = view.policy.thresholds.accessibility_barrier.wait_ratio_min
    return view.now - one.since >= ratio * others.wait_seconds


def _disadvantage(view: ClusterView, one: Waiting, yardstick: Yardstick) -> str:
    """Say in a word what sets the workload apart from those who get in; empty if nothing does."""
    pod = one.largest
    if pod is not None and (_is_constrained(view, pod) or obstacles(pod.unschedulable_message) & UNSEEN):
        return "constrained"
    if _is_new(view, one, yardstick):
        return "new"
    usual = yardstick.median_gpu_milli(one)
    return "small" if usual is not None and one.requests.gpu_milli <= SMALL_SHARE * usual else ""


def _is_constrained(view: ClusterView, pod: Pod) -> bool:
    return any(objection.constraint in LIFTABLE for objection in view.openings(pod))


def _is_new(view: ClusterView, one: Waiting, yardstick: Yardstick) -> bool:
    """Say whether its namespace never had anything placed, as far back as podlore has watched."""
    watched = view.snapshot.observed_since <= one.since
    return watched and not yardstick.is_known(one.workload.ref.namespace)


def _finding(view: ClusterView, one: Waiting, others: Comparables, explained: Explained, disadvantage: str) -> Finding:
    return found(
        Pattern.ACCESSIBILITY_BARRIER,
        explained.reason,
        one.workload.ref,
        f"{one.workload.ref} has waited since {steady.at(one.since)} while others who asked for as much began: "
        f"{WORDS[explained.reason]}.",
        [_wait_evidence(view, one, others, disadvantage), *explained.evidence],
        gpus=one.gpus,
        hours=stake.expected_hours(view.now - one.since),
        since=one.since,
        ranked_nodes=explained.opens[:RANKED_NODES_MAX],
    )


def _wait_evidence(view: ClusterView, one: Waiting, others: Comparables, disadvantage: str) -> Evidence:
    limits = view.policy.thresholds.accessibility_barrier
    return Evidence(
        source=EvidenceSource.OBJECT,
        reference="pods placed and pods waiting since then",
        observed=f"{disadvantage}; comparable work waited at most {steady.rounded_wait(others.wait_seconds)} (median)",
        threshold=f"{steady.span(limits.wait_seconds_min)}, and {limits.wait_ratio_min:g} times their wait",
        samples=steady.rounded_down(others.begun),
    )
