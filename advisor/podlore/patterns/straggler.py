"""Straggler: one rank at least 20 % off for 20 minutes while the others wait for it.

In a run that works in step, a slow rank is busy for another share of the time than all others, and all others do less
than they did before. Both must be there, in every step: independent shards do not slow each other, and a rank that
writes checkpoints differs without holding anybody up.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean, median

from podlore.patterns import stake, trends
from podlore.patterns.found import found
from podlore.policy import HOUR_SECONDS
from podlore.topology.room import GPU_MILLI
from podlore.view import ClusterView
from podlore.vocabulary import Evidence, EvidenceSource, Finding, ObjectRef, Pattern, Pod, Workload

OTHERS_SPREAD_MAX = 0.1
"""The others agree with each other within this, or they do not work in step."""
OTHERS_SLOWER_MIN = 0.1
"""They do less than before by at least this share."""
BEFORE_SECONDS = HOUR_SECONDS
RANKS_MIN = 3


@dataclass(frozen=True, slots=True)
class SlowRank:
    """The rank that is off, and by how much of what the others do the others are slower than before."""

    pod: str
    others_slower: float


def straggler(view: ClusterView) -> Iterator[Finding]:
    """Yield the gangs that wait for one rank."""
    if not view.policy.thresholds.straggler.enabled or not view.snapshot.series:
        return
    for workload in view.workloads:
        pods = [pod for pod in view.bound_pods(workload) if pod.requests.gpu_milli > 0]
        if len(pods) < RANKS_MIN:
            continue
        slow = _slow_rank(view, trends.pods_activity(view, pods))
        if slow is not None:
            yield _finding(view, workload, pods, slow)


def _slow_rank(view: ClusterView, rows: Mapping[str, tuple[float | None, ...]]) -> SlowRank | None:
    if len(rows) < RANKS_MIN:
        return None
    limits = view.policy.thresholds.straggler
    step_seconds = view.snapshot.series[0].step_seconds
    steps = max(int(limits.seconds_min // step_seconds), 1)
    lately = {name: trends.last(row, steps) for name, row in rows.items()}
    if any(len(trends.known(row)) < steps for row in lately.values()):
        return None
    for name in sorted(lately):
        others = [other for other in sorted(lately) if other != name]
        if _is_off(lately, name, others, steps, limits.off_percent_min / 100):
            slower = _slower(rows, others, steps, int(BEFORE_SECONDS // step_seconds))
            return SlowRank(name, slower) if slower >= OTHERS_SLOWER_MIN else None
    return None


def _is_off(
    lately: Mapping[str, tuple[float | None, ...]], name: str, others: list[str], steps: int, share: float
) -> bool:
    """Say whether in every step one rank is off and the others agree."""
    for step in range(steps):
        own = lately[name][step] or 0.0
        theirs = [lately[other][step] or 0.0 for other in others]
        middle = median(theirs)
        if middle <= 0 or max(theirs) - min(theirs) > OTHERS_SPREAD_MAX or abs(own - middle) < share * middle:
            return False
    return True


def _slower(rows: Mapping[str, tuple[float | None, ...]], others: list[str], steps: int, before_steps: int) -> float:
    """Return by which share the others do less than in the hour before; 0 where that is not known."""
    now = [value for other in others for value in trends.known(trends.last(rows[other], steps))]
    before = [value for other in others for value in trends.known(rows[other][-steps - before_steps - 2 : -steps - 2])]
    if len(before) < before_steps or not now:
        return 0.0
    return 1 - fmean(now) / fmean(before) if fmean(before) > 0 else 0.0


def _finding(view: ClusterView, workload: Workload, pods: list[Pod], slow: SlowRank) -> Finding:
    limits = view.policy.thresholds.straggler
    pod = next(pod for pod in pods if pod.name == slow.pod)
    lost = int(slow.others_slower * 20) / 20
    return found(
        Pattern.STRAGGLER,
        "Rank",
        workload.ref,
        f"{workload.ref} waits for one of its pods: {pod.name} on node {pod.node} is out of step with all others.",
        [
            Evidence(
                source=EvidenceSource.METRIC,
                reference=f"GPU activity of Pod {pod.namespace}/{pod.name} on Node/{pod.node}",
                observed=f"more than {limits.off_percent_min:g} % off the others, who do {100 * lost:.0f} % less or worse",
                threshold=f"{limits.off_percent_min:g} %",
                window_seconds=limits.seconds_min,
            )
        ],
        gpus=sum(pod.requests.gpu_milli for pod in pods) / GPU_MILLI,
        hours=stake.expected_hours(view.now - workload.created_at, stake.rest_seconds(workload, view.now)),
        share=lost,
        blamed=(ObjectRef("", "Node", "", pod.node),),
    )
