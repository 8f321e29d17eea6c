"""Interference: a workload's activity falls by 15 % while a neighbour is there, over at least two changes of company.

Steps of the last hours are divided by whether the neighbour was on the node. The lower end of a 95 % interval of the
fall must pass the bar, and every stretch with the neighbour must be worse than every stretch without: a phase of the
workload's own does not keep to somebody else's times.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from math import sqrt
from statistics import fmean, variance

from podlore.patterns import stake, trends
from podlore.patterns.found import found
from podlore.topology.room import GPU_MILLI
from podlore.view import ClusterView
from podlore.vocabulary import Evidence, EvidenceSource, Finding, ObjectRef, Pattern, Pod, Workload

STRETCH_STEPS_MIN = 3
"""A stretch of company, or of none, is at least a quarter of an hour."""
Z_90 = 1.645
NEIGHBOURS_MAX = 50


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some steps in a row with a neighbour, or without: the workload's activity in them."""

    has_company: bool
    values: tuple[float, ...]


def interference(view: ClusterView) -> Iterator[Finding]:
    """Yield the workloads that a neighbour slows down."""
    if not view.policy.thresholds.interference.enabled or not view.snapshot.series:
        return
    for workload in view.workloads:
        best = max(_losses(view, workload), default=None)
        if best is not None and best[0] * 100 >= view.policy.thresholds.interference.slowdown_percent_min:
            yield _finding(view, workload, *best)


def _losses(view: ClusterView, workload: Workload) -> Iterator[tuple[float, ObjectRef, Pod]]:
    """Yield what each neighbour of each pod costs, at least."""
    for pod in view.bound_pods(workload):
        own = trends.activity_of(view, pod.namespace, pod.name)
        if pod.requests.gpu_milli <= 0 or not trends.known(own):
            continue
        changes_min = view.policy.thresholds.interference.company_changes_min
        for neighbour in _neighbours(view, workload, pod):
            presence, changes = _presence(view, pod.node, neighbour)
            if changes < changes_min:
                continue  # nearly all: who came before us and stays
            loss = _loss(_stretches(own, presence), changes_min)
            if loss > 0:
                yield loss, neighbour, pod


def _neighbours(view: ClusterView, workload: Workload, pod: Pod) -> list[ObjectRef]:
    """Return the pods of other workloads that were on the node at any time that is remembered."""
    own = {(one.namespace, one.name) for one in workload.pods}
    found_keys = {(series.namespace, series.pod) for series in view.series_by_node.get(pod.node, ()) if series.pod}
    return [ObjectRef("", "Pod", *key) for key in sorted(found_keys - own)][:NEIGHBOURS_MAX]


def _presence(view: ClusterView, node: str, neighbour: ObjectRef) -> tuple[tuple[bool, ...], int]:
    """Return in which steps the neighbour had any value on the node, and how often it came or went."""

    def look() -> tuple[tuple[bool, ...], int]:
        presence = _present(view, node, neighbour)
        return presence, sum(here != there for here, there in pairwise(presence))

    return view.once(("presence", node, neighbour.namespace, neighbour.name), look)


def _present(view: ClusterView, node: str, neighbour: ObjectRef) -> tuple[bool, ...]:
    rows = [one for one in view.series_by_pod[neighbour.namespace, neighbour.name] if one.node == node]
    length = max(len(row.values) for row in rows)
    if len(rows) == 1:
        return tuple(value is not None for value in rows[0].values)
    return tuple(
        any(len(row.values) >= back and row.values[-back] is not None for row in rows) for back in range(length, 0, -1)
    )


def _stretches(own: Sequence[float | None], presence: Sequence[bool]) -> list[Stretch]:
    length = min(len(own), len(presence))
    steps = list(zip(own[-length:], presence[-length:], strict=True)) if length else []
    grouped = [
        Stretch(has_company, tuple(value for value, _ in members if value is not None))
        for has_company, members in groupby(steps, key=lambda step: step[1])
    ]
    return [stretch for stretch in grouped if len(stretch.values) >= STRETCH_STEPS_MIN]


def _loss(stretches: list[Stretch], changes_min: int) -> float:
    """Return the lower end of the share lost with company; 0 where the stretches do not tell."""
    changes = sum(one.has_company != other.has_company for one, other in pairwise(stretches))
    company = [stretch.values for stretch in stretches if stretch.has_company]
    alone = [stretch.values for stretch in stretches if not stretch.has_company]
    if changes < changes_min or not company or not alone:
        return 0.0
    if max(fmean(values) for values in company) >= min(fmean(values) for values in alone):
        return 0.0
    together = [value for values in company for value in values]
    apart = [value for values in alone for value in values]
    error = sqrt(variance(together) / len(together) + variance(apart) / len(apart))
    return max((fmean(apart) - fmean(together) - Z_90 * error) / fmean(apart), 0.0)


def _finding(view: ClusterView, workload: Workload, loss: float, neighbour: ObjectRef, pod: Pod) -> Finding:
    limits = view.policy.thresholds.interference
    aggressor = view.workload_by_pod.get((neighbour.namespace, neighbour.name))
    lost = int(loss * 20) / 20
    return found(
        Pattern.INTERFERENCE,
        "Neighbour",
        workload.ref,
        f"{workload.ref} does less whenever a certain neighbour is on node {pod.node}.",
        [
            Evidence(
                source=EvidenceSource.METRIC,
                reference=f"GPU activity of Pod {pod.namespace}/{pod.name} with and without a neighbour",
                observed=f"at least {100 * lost:.0f} % lower with it",
                threshold=f"{limits.slowdown_percent_min:g} % over {limits.company_changes_min} changes of company",
            )
        ],
        gpus=pod.requests.gpu_milli / GPU_MILLI,
        hours=stake.expected_hours(view.now - workload.created_at, stake.rest_seconds(workload, view.now)),
        share=lost,
        blamed=(aggressor.ref if aggressor else neighbour,),
    )
