"""Straggler: one rank at least 20 % off for 20 minutes while the others wait for it.

In a run that works in step, a slow rank is busy for another share of the time than all others, and all others get less
done than before. Both must be there, in every step: independent shards do not slow each other, and a rank that writes
checkpoints differs without holding anybody up. In a gang that has been so from its start there is nothing before; then
the rank that never rests is the one that all others wait for. A rank is a pod, or one GPU of one. Waiting in a
collective may look busy, so what is done is told by the tensor cores if they are measured, else by the activity itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from podlore.patterns import stake, trends
from podlore.patterns.found import found
from podlore.patterns.storage_stall import waits_for_io
from podlore.policy import HOUR_SECONDS
from podlore.topology.room import GPU_MILLI
from podlore.view import ClusterView
from podlore.vocabulary import Evidence, EvidenceSource, Finding, ObjectRef, Pattern, Pod, Series, Workload

WORK_METRIC = "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE"
OTHERS_SPREAD_MAX = 0.1
"""The others agree with each other within this, or they do not work in step."""
OTHERS_SLOWER_MIN = 0.1
"""They get less done than before by at least this share."""
BEFORE_SECONDS = HOUR_SECONDS
TURN_STEPS = 2
"""Steps between before and now in which the change happens."""
RANKS_MIN = 3
REPLICATED = frozenset({"Deployment", "ReplicaSet", "DaemonSet"})
"""Kinds whose pods serve on their own: one that has less to do holds nobody up."""
NEVER_RESTS = 0.9

Rank = tuple[str, str]
"""A pod's name, and a GPU of it; no GPU stands for the pod as a whole."""
Rows = Mapping[Rank, trends.Values]


@dataclass(frozen=True, slots=True)
class SlowRank:
    """The rank that is off, and by which share the others get less done."""

    rank: Rank
    others_slower: float


def straggler(view: ClusterView) -> Iterator[Finding]:
    """Yield the gangs that wait for one rank."""
    if not view.policy.thresholds.straggler.enabled or not view.snapshot.series:
        return
    for workload in view.workloads:
        if workload.ref.kind in REPLICATED:
            continue
        pods = [pod for pod in view.bound_pods(workload) if pod.requests.gpu_milli > 0]
        slow = _slow_pod(view, pods) or _slow_gpu(view, pods) if len(pods) > 1 else None
        slow = slow or (_slow_from_the_start(view, pods) if workload.is_gang else None)
        if slow is not None and not _waits_for_storage(view, pods, slow.rank):
            yield _finding(view, workload, pods, slow)


def _waits_for_storage(view: ClusterView, pods: Sequence[Pod], rank: Rank) -> bool:
    """Say whether the rank is slow because it waits for I/O, which `storage_stall` tells of."""
    return any(waits_for_io(view, pod, _steps(view)) for pod in pods if pod.name == rank[0])


def _slow_pod(view: ClusterView, pods: Sequence[Pod]) -> SlowRank | None:
    activity = {(name, ""): values for name, values in trends.pods_activity(view, pods).items()}
    return _slow_rank(view, activity, {(pod.name, ""): trends.mean_of(_rows(view, pod, WORK_METRIC)) for pod in pods})


def _slow_from_the_start(view: ClusterView, pods: Sequence[Pod]) -> SlowRank | None:
    """Return the rank that never rests while all others do, in a gang too young to have a time before."""
    limits = view.policy.thresholds.straggler
    activity = {(name, ""): values for name, values in trends.pods_activity(view, pods).items()}
    steps = _steps(view)
    lately = {rank: trends.last(row, steps) for rank, row in activity.items()}
    if len(activity) < max(RANKS_MIN, len(pods)) or any(len(trends.known(row)) < steps for row in lately.values()):
        return None
    if any(
        len(trends.known(row)) >= steps + TURN_STEPS + BEFORE_SECONDS // _step_seconds(view)
        for row in activity.values()
    ):
        return None
    rank = _off_rank(lately, steps, limits.off_percent_min / 100)
    if rank is None or fmean(trends.known(lately[rank])) < NEVER_RESTS:
        return None
    others = fmean(value for other, row in lately.items() if other != rank for value in trends.known(row))
    return SlowRank(rank, 1 - others / fmean(trends.known(lately[rank])))


def _steps(view: ClusterView) -> int:
    return max(int(view.policy.thresholds.straggler.seconds_min // _step_seconds(view)), 1)


def _step_seconds(view: ClusterView) -> float:
    return view.snapshot.series[0].step_seconds


def _slow_gpu(view: ClusterView, pods: Sequence[Pod]) -> SlowRank | None:
    names = [view.policy.metric_names.get(key, "") for key in trends.ACTIVITY_KEYS[:2]]
    metric = next((name for name in names if any(_rows(view, pod, name) for pod in pods)), "")
    return _slow_rank(view, _by_gpu(view, pods, metric), _by_gpu(view, pods, WORK_METRIC))


def _by_gpu(view: ClusterView, pods: Sequence[Pod], metric: str) -> Rows:
    return {(pod.name, row.gpu): row.values for pod in pods for row in _rows(view, pod, metric)}


def _rows(view: ClusterView, pod: Pod, metric: str) -> list[Series]:
    of_pod = view.series_by_pod.get((pod.namespace, pod.name), ())
    return [row for row in of_pod if row.metric == metric and row.node == pod.node]


def _slow_rank(view: ClusterView, activity: Rows, work: Rows) -> SlowRank | None:
    """Return the rank that is off while the others get less done; None if there is none, or it is not known."""
    if len(activity) < RANKS_MIN:
        return None
    limits = view.policy.thresholds.straggler
    steps, step_seconds = _steps(view), _step_seconds(view)
    lately = {rank: trends.last(row, steps) for rank, row in activity.items()}
    if any(len(trends.known(row)) < steps for row in lately.values()):
        return None
    rank = _off_rank(lately, steps, limits.off_percent_min / 100)
    if rank is None:
        return None
    done = work if all(trends.known(work.get(other, ())) for other in activity) else activity
    slower = _slower([done[other] for other in activity if other != rank], steps, int(BEFORE_SECONDS // step_seconds))
    return SlowRank(rank, slower) if slower >= OTHERS_SLOWER_MIN else None


def _off_rank(lately: Rows, steps: int, share: float) -> Rank | None:
    """Return the rank that is off in every step while all others agree."""
    middles = [median(row[step] or 0.0 for row in lately.values()) for step in range(steps)]
    candidates = [rank for rank, row in lately.items() if abs((row[0] or 0.0) - middles[0]) >= share * middles[0]]
    if len(candidates) != 1 or min(middles) <= 0:
        return None
    own = lately[candidates[0]]
    for step, middle in enumerate(middles):
        theirs = [row[step] or 0.0 for rank, row in lately.items() if rank != candidates[0]]
        if max(theirs) - min(theirs) > OTHERS_SPREAD_MAX or abs((own[step] or 0.0) - middle) < share * middle:
            return None
    return candidates[0]


def _slower(rows: Sequence[trends.Values], steps: int, before_steps: int) -> float:
    """Return by which share the others get less done than in the hour before; 0 where that is not known."""
    now = [value for row in rows for value in trends.known(trends.last(row, steps))]
    end = steps + TURN_STEPS
    before = [value for row in rows for value in trends.known(row[-end - before_steps : -end])]
    if len(before) < before_steps or not now:
        return 0.0
    return 1 - fmean(now) / fmean(before) if fmean(before) > 0 else 0.0


def _finding(view: ClusterView, workload: Workload, pods: list[Pod], slow: SlowRank) -> Finding:
    limits = view.policy.thresholds.straggler
    name, gpu = slow.rank
    pod = next(pod for pod in pods if pod.name == name)
    what = f"{gpu} of Pod {pod.namespace}/{name}" if gpu else f"Pod {pod.namespace}/{name}"
    lost = int(slow.others_slower * 20) / 20
    return found(
        Pattern.STRAGGLER,
        "Rank",
        workload.ref,
        f"{workload.ref} waits for one of its ranks: {name} on node {pod.node} is out of step with all others.",
        [
            Evidence(
                source=EvidenceSource.METRIC,
                reference=f"GPU activity of {what} on Node/{pod.node}",
                observed=f"{limits.off_percent_min:g} % or more off the others, who get {100 * lost:.0f} % less done",
                threshold=f"{limits.off_percent_min:g} %",
                window_seconds=limits.seconds_min,
            )
        ],
        gpus=sum(pod.requests.gpu_milli for pod in pods) / GPU_MILLI,
        hours=stake.expected_hours(view.now - workload.created_at, stake.rest_seconds(workload, view.now)),
        share=lost,
        blamed=(ObjectRef("", "Node", "", pod.node),),
    )
