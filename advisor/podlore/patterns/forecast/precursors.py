"""What leads to a pattern: the same detectors with lower bars, and what of a bar is still missing.

Each function takes a view and yields `Precursor`s: how long it takes until the pattern's condition holds if all goes on
as it does (`due_seconds`, the linear trend), and how long that has been going on (`going_seconds`).
"""

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from itertools import takewhile

from podlore.patterns import trends
from podlore.patterns.fragmentation import fragmentation
from podlore.patterns.hardware_fault import CORRECTABLE, GROWING_STEPS_MIN, GROWTH_MIN, LINK_ERRORS
from podlore.patterns.idle_spells import idle_spells
from podlore.patterns.out_of_memory_loop import out_of_memory_loop
from podlore.patterns.queue_spiral import queue_spiral
from podlore.patterns.resource_hoarding import waits_for_a_member
from podlore.policy import MINUTE_SECONDS, Thresholds
from podlore.view import ClusterView
from podlore.vocabulary import ObjectRef, Pattern, Pod, Workload

SOON_SECONDS = MINUTE_SECONDS
IDLE_SECONDS_MIN = 20 * MINUTE_SECONDS
IDLE_SHARE_MAX = 0.01
OVERDUE_SHARE = 0.5
"""What did not happen when it was due is thought to take so much of the delay again."""


@dataclass(frozen=True, slots=True)
class Precursor:
    """A target on its way into a pattern; ``what`` says in words how far it is."""

    pattern: Pattern
    cause: str
    target: ObjectRef
    due_seconds: float
    going_seconds: float
    gpus: float
    what: str


def soon_fragmented(view: ClusterView) -> Iterator[Precursor]:
    """Yield what waits for a place that is only there in pieces, and does not wait long enough yet."""
    limits = view.policy.thresholds.fragmentation
    for finding in fragmentation(_lower(view, fragmentation=replace(limits, pending_seconds_min=SOON_SECONDS))):
        going = view.now - (finding.since if finding.since is not None else view.now)
        due = limits.pending_seconds_min - going
        if due > 0:
            what = "waits for GPUs that are free in sum and nowhere together"
            yield Precursor(Pattern.FRAGMENTATION, finding.cause, finding.target, due, going, finding.gpus, what)


def soon_spiralling(view: ClusterView) -> Iterator[Precursor]:
    """Yield what lost its place before, less often than makes a spiral."""
    limits = view.policy.thresholds.queue_spiral
    counts: dict[ObjectRef, int] = {}
    found = {}
    for count in range(2, limits.requeues_min + 1):
        spirals = list(queue_spiral(_lower(view, queue_spiral=replace(limits, requeues_min=count))))
        if not spirals:
            break
        for finding in spirals:
            counts[finding.target], found[finding.target] = count, finding
    first_at: dict[ObjectRef, float] = {}
    for start in view.starts:
        if start.workload in counts and start.scheduled_at >= view.now - limits.window_seconds:
            first_at.setdefault(start.workload, start.scheduled_at)
    for target, count in counts.items():
        going = max(view.now - first_at.get(target, view.now - limits.window_seconds), MINUTE_SECONDS)
        if count < limits.requeues_min and going * limits.requeues_min / count <= limits.window_seconds:
            due = (limits.requeues_min - count) * going / count
            what, finding = f"lost its place {count} times", found[target]
            yield Precursor(Pattern.QUEUE_SPIRAL, finding.cause, target, due, going, finding.gpus, what)


def soon_out_of_memory(view: ClusterView) -> Iterator[Precursor]:
    """Yield what was killed for its memory once less than makes a loop, and runs again as it ran before."""
    limits = view.policy.thresholds.out_of_memory_loop
    if limits.kills_min < 2:
        return
    lower = _lower(view, out_of_memory_loop=replace(limits, kills_min=limits.kills_min - 1))
    for finding in out_of_memory_loop(lower):
        workload = view.workload_by_ref.get(finding.target)
        lengths = [length for pod in (workload.pods if workload else ()) for length in _runs(view, pod)]
        if lengths:
            due, took = min(lengths)
            what = "was killed for its memory and runs again"
            yield Precursor(Pattern.OUT_OF_MEMORY_LOOP, finding.cause, finding.target, due, took, finding.gpus, what)


def _runs(view: ClusterView, pod: Pod) -> Iterator[tuple[float, float]]:
    """Yield when a container that was killed will have run as long again, and how long that was."""
    for container in pod.containers:
        before = container.ended_before or container.ended
        if before is None or before.reason != "OOMKilled" or before.finished_at is None or before.started_at is None:
            continue
        took = max(before.finished_at - before.started_at, SOON_SECONDS)
        runs = view.now - (container.running_since if container.running_since is not None else view.now)
        yield (took - runs if runs < took else OVERDUE_SHARE * (runs - took) + SOON_SECONDS), took


def soon_hoarding(view: ClusterView) -> Iterator[Precursor]:
    """Yield what has left all its GPUs idle for a while, not long enough yet; seen in series alone."""
    limits = view.policy.thresholds.resource_hoarding
    if not limits.enabled or not view.snapshot.series:
        return
    for workload in view.workloads:
        going = _idle_seconds(view, workload)
        due = limits.idle_seconds_min - going
        if going >= IDLE_SECONDS_MIN and due > 0 and not idle_spells(view, workload.ref).has_traffic:
            gpus = sum(pod.requests.gpu_milli for pod in view.bound_pods(workload)) / 1000
            what = "leaves all its GPUs idle"
            yield Precursor(Pattern.RESOURCE_HOARDING, "IdleGpus", workload.ref, due, going, gpus, what)


def _idle_seconds(view: ClusterView, workload: Workload) -> float:
    pods = [pod for pod in view.bound_pods(workload) if pod.requests.gpu_milli > 0]
    if not pods or waits_for_a_member(workload):
        return 0.0
    step_seconds = view.snapshot.series[0].step_seconds
    return min(_idle_steps(trends.activity_of(view, pod.namespace, pod.name)) for pod in pods) * step_seconds


def _idle_steps(values: Sequence[float | None]) -> int:
    is_idle: Callable[[float | None], bool] = lambda value: value is not None and value <= IDLE_SHARE_MAX  # noqa: E731
    return sum(1 for _ in takewhile(is_idle, reversed(values)))


def soon_faulty(view: ClusterView) -> Iterator[Precursor]:
    """Yield nodes with errors that are corrected as yet, fewer than make a fault."""
    if not view.policy.thresholds.hardware_fault.enabled:
        return
    for name, node in view.nodes.items():
        ways = [way for row in view.series_by_node.get(name, ()) if (way := _growing(row.metric, row.values))]
        if ways:
            missing, back, cause = min(ways)
            step_seconds = view.snapshot.series[0].step_seconds
            ref, what = ObjectRef("", "Node", "", name, uid=node.uid), "corrects errors of its GPUs again and again"
            yield Precursor(Pattern.HARDWARE_FAULT, cause, ref, missing * step_seconds, back * step_seconds, 1.0, what)


def _growing(metric: str, values: Sequence[float | None]) -> tuple[float, int, str] | None:
    """Return how many steps are missing to a fault at this pace, how long it has gone on, and of what it would be."""
    if metric not in CORRECTABLE and metric not in LINK_ERRORS:
        return None
    grown = [(back, value) for back, value in enumerate(reversed(trends.growths(values)), start=1) if value]
    total = sum(value for _, value in grown)
    if not grown or (len(grown) >= GROWING_STEPS_MIN and total >= GROWTH_MIN):
        return None
    back = max(back for back, _ in grown)
    missing = max((GROWING_STEPS_MIN - len(grown)) / len(grown), (GROWTH_MIN - total) / total) * back
    return max(missing, 0.0), back, "Memory" if metric in CORRECTABLE else "Link"


def _lower(view: ClusterView, **thresholds: object) -> ClusterView:
    """Return the same view with other bars; what was computed is shared."""
    lower = copy(view)
    lower.policy = replace(view.policy, thresholds=_replaced(view.policy.thresholds, thresholds))
    return lower


def _replaced(thresholds: Thresholds, changes: dict[str, object]) -> Thresholds:
    return replace(thresholds, **changes)  # type: ignore[arg-type]


PRECURSORS: tuple[Callable[[ClusterView], Iterator[Precursor]], ...] = (
    soon_hoarding,
    soon_spiralling,
    soon_fragmented,
    soon_out_of_memory,
    soon_faulty,
)
"""In the order of `podlore.vocabulary.Pattern`."""
