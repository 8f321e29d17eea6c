"""NetworkDegradation: link errors climb or flap, and runs stall or time out because of it.

Errors alone are no finding, and neither is a slow run: both must be there, the errors first. One node is the target if
the errors are its own, a rack if most of its nodes have them, a workload if they follow it over racks. Errors that come
with the failure of a run are its consequence, and a few at the start of one a hiccup.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from podlore.patterns import stake, trends
from podlore.patterns.found import found
from podlore.patterns.runs import runs
from podlore.policy import HOUR_SECONDS
from podlore.topology.levels import fabric_levels
from podlore.topology.room import GPU_MILLI
from podlore.view import ClusterView
from podlore.vocabulary import Evidence, EvidenceSource, Finding, ObjectRef, Pattern, Workload

ERROR_METRICS = frozenset(
    {
        "node_infiniband_symbol_error_total",
        "node_infiniband_link_downed_total",
        "node_infiniband_link_error_recovery_total",
        "node_infiniband_local_link_integrity_errors_total",
        "node_infiniband_port_receive_errors_total",
        "node_infiniband_port_rcv_errors_total",
        "node_infiniband_port_transmit_discards_total",
        "node_infiniband_port_xmit_discards_total",
        "node_network_receive_errs_total",
        "node_network_transmit_errs_total",
        "node_network_receive_drop_total",
        "node_network_carrier_changes_total",
        "node_network_carrier_down_changes_total",
    }
)
WINDOW_SECONDS = 2 * HOUR_SECONDS
GROWING_STEPS_MIN = 3
"""Errors in fewer steps are a hiccup."""
SLOWER_SHARE_MIN = 0.15
STEPS_BEFORE_MIN = 3
RACK_SHARE_MIN = 0.5
STALL_SHARE = 0.2
STALL_STEPS_MIN = 1
STALLED_RUNS_MIN = 2


@dataclass(frozen=True, slots=True)
class Troubled:
    """A node whose links show errors: the step, counted back from the last, in which they began."""

    name: str
    metric: str
    began_back: int


def network_degradation(view: ClusterView) -> Iterator[Finding]:
    """Yield the nodes, racks and workloads that a bad link slows down."""
    if not view.policy.thresholds.network_degradation.enabled or not view.snapshot.series:
        return
    troubled = {one.name: one for one in (_troubled(view, name) for name in view.nodes) if one}
    hurt = {w.ref: (w, places) for w in view.workloads if (places := _hurt_at(view, w, troubled))}
    stalled = _stalled(view, troubled)
    harmful = sorted({place for _, places in hurt.values() for place in places} | stalled)
    if not harmful:
        return
    rack = _common_rack(view, harmful)
    victims = [workload for workload, _ in hurt.values()]
    if len(harmful) == 1:
        node = view.nodes[harmful[0]]
        ref = ObjectRef("", "Node", "", node.name, uid=node.uid)
        yield _finding(view, ref, "Link", [troubled[node.name]], victims)
    elif rack:
        yield _finding(view, ObjectRef("", "Rack", "", rack), "Rack", [troubled[name] for name in harmful], victims)
    else:
        for workload, places in hurt.values():
            yield _finding(view, workload.ref, "Links", [troubled[name] for name in places], [workload])


def _troubled(view: ClusterView, name: str) -> Troubled | None:
    for series in view.series_by_node.get(name, ()):
        if series.metric in ERROR_METRICS:
            steps = trends.steps_in(series, WINDOW_SECONDS)
            grown = trends.growths(series.values)[-steps:]
            growing = [len(grown) - place for place, value in enumerate(grown) if value]
            if len(growing) >= GROWING_STEPS_MIN:
                return Troubled(name, series.metric, max(growing))
    return None


def _hurt_at(view: ClusterView, workload: Workload, troubled: dict[str, Troubled]) -> tuple[str, ...]:
    """Return the troubled nodes of a workload that became slower when its links did."""
    pods = [pod for pod in view.bound_pods(workload) if pod.requests.gpu_milli > 0]
    places = sorted({pod.node for pod in pods} & set(troubled))
    if len(pods) < 2 or not places:
        return ()
    rows = [trends.activity_of(view, pod.namespace, pod.name) for pod in pods]
    rows = [row for row in rows if row]
    if not rows:
        return ()
    length = min(len(row) for row in rows)
    means = [_mean([row[-back] for row in rows]) for back in range(length, 0, -1)]
    began_back = max(troubled[name].began_back for name in places)
    before, after = trends.known(means[:-began_back]), trends.known(means[-began_back:])
    if len(before) < STEPS_BEFORE_MIN or len(after) < GROWING_STEPS_MIN:
        return ()
    return tuple(places) if fmean(after) <= (1 - SLOWER_SHARE_MIN) * fmean(before[-12:]) else ()


def _stalled(view: ClusterView, troubled: Mapping[str, Troubled]) -> set[str]:
    """Return the troubled nodes on which runs, be they gone by now, stood still after the errors began.

    One run may stand still for a reason of its own; two runs of different names that do so have the node in common.
    """
    by_node: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for run in runs(view).values() if troubled else ():
        steps = run.complete_steps()
        for name, one in troubled.items():
            on_it = {back for back in steps if name in run.nodes_at(back)}
            before = [steps[back] for back in on_it if back > one.began_back]
            after = [steps[back] for back in sorted(on_it, reverse=True) if back < one.began_back]
            if len(before) >= STEPS_BEFORE_MIN and _stands_still(after, STALL_SHARE * fmean(before)):
                by_node[name].add((run.namespace, run.name))
    return {name for name, names in by_node.items() if len(names) >= STALLED_RUNS_MIN}


def _stands_still(values: Sequence[float], bar: float) -> bool:
    """Say whether a stretch of the values lies below the bar, long enough and with work before it."""
    works = any(value > bar for value in values[:1]) or not values
    return works and any(
        all(value <= bar for value in values[at : at + STALL_STEPS_MIN])
        for at in range(1, len(values) - STALL_STEPS_MIN + 1)
    )


def _mean(values: Sequence[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return fmean(present) if present else None


def _common_rack(view: ClusterView, names: Sequence[str]) -> str:
    """Return the label's value of the rack that these nodes are most of; empty if they are of several."""
    for level in reversed(fabric_levels(view.topology.levels)):
        members: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
        for name in view.nodes:
            if domain := view.topology.domain_of(name, level):
                members[domain].append(name)
        homes = {view.topology.domain_of(name, level) for name in names}
        home = next(iter(homes))
        if len(homes) == 1 and home and len(names) >= max(RACK_SHARE_MIN * len(members[home]), 2):
            return home[-1]
    return ""


def _finding(
    view: ClusterView, target: ObjectRef, cause: str, troubled: Sequence[Troubled], victims: Sequence[Workload]
) -> Finding:
    gpus = sum(pod.requests.gpu_milli for workload in victims for pod in view.bound_pods(workload)) / GPU_MILLI
    return found(
        Pattern.NETWORK_DEGRADATION,
        cause,
        target,
        f"The links of {target} show errors, and work that uses them has become slower since.",
        [
            Evidence(
                source=EvidenceSource.METRIC,
                reference=f"{one.metric} of Node/{one.name}",
                observed="errors grow again and again",
                threshold=f"growth in {GROWING_STEPS_MIN} steps, and work slower by {100 * SLOWER_SHARE_MIN:g} %",
                window_seconds=WINDOW_SECONDS,
            )
            for one in troubled[:8]
        ],
        gpus=gpus,
        hours=stake.expected_hours(WINDOW_SECONDS),
        share=SLOWER_SHARE_MIN,
        blamed=tuple(workload.ref for workload in victims if workload.ref != target),
    )
