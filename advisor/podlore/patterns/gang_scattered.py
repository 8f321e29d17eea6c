"""GangScattered: a gang spans more domains than it must, pays for it, and there is room for it elsewhere.

What it pays is told by `podlore.patterns.penalty`. Silent without GPU metrics, for pods that do not work together, for
the least span that the nodes allow, and where no room is. Pods of a kind that promises no gang count as one if they
were seen to lose when they came apart.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from podlore.patterns import stake
from podlore.patterns.found import found
from podlore.patterns.penalty import SURER, Basis, Penalty, penalty
from podlore.topology import NODE_LEVEL, times
from podlore.topology.room import GPU_MILLI, add
from podlore.topology.span import least_domains
from podlore.view import ClusterView
from podlore.vocabulary import Evidence, EvidenceSource, Finding, Pattern, Pod, Resources, Workload

RANKED_NODES_MAX = 16


@dataclass(frozen=True, slots=True)
class Scatter:
    """A gang at a level: how many domains it spans, how many would do, and nodes of those that have room for it."""

    level: str
    span: int
    least: int
    nodes: tuple[str, ...]


def gang_scattered(view: ClusterView) -> Iterator[Finding]:
    """Yield the gangs that could be closer together."""
    limits = view.policy.thresholds.gang_scattered
    if not (limits.enabled and view.snapshot.has_metrics):
        return
    for workload in view.workloads:
        pods = _working_pods(view, workload)
        scatter = _scatter(view, pods) if pods else None
        if scatter is None or not _works(view, pods):
            continue
        lost = penalty(view, pods, scatter.level, scatter.least)
        is_gang = workload.is_gang or lost.basis is Basis.ITSELF
        if is_gang and lost.share * 100 >= limits.penalty_percent_min:
            yield _finding(view, workload, pods, scatter, lost)


def _working_pods(view: ClusterView, workload: Workload) -> tuple[Pod, ...]:
    """Return the GPU pods of a workload that is complete; nothing if it waits for one."""
    bound = view.bound_pods(workload)
    complete = len(bound) >= workload.pods_wanted and all(pod.phase == "Running" for pod in bound)
    pods = tuple(pod for pod in bound if pod.requests.gpu_milli > 0)
    return pods if complete and len(pods) > 1 else ()


def _works(view: ClusterView, pods: tuple[Pod, ...]) -> bool:
    """Say whether all GPUs were seen to work: a gang that is idle is not slowed down."""
    bar = view.policy.thresholds.resource_hoarding.activity_percent_max
    windows = [view.windows.get((pod.namespace, pod.name), ()) for pod in pods]
    return all(of_pod and all(window.activity_max * 100 > bar for window in of_pod) for of_pod in windows)


def _scatter(view: ClusterView, pods: tuple[Pod, ...]) -> Scatter | None:
    """Return the widest level at which the gang spans more domains than it must."""
    topology = view.topology
    slots = _slots(view, pods)
    for level in topology.levels:
        span = topology.span((pod.node for pod in pods), level)
        if span is None or span == 1:
            continue
        domains = topology.domains(slots, level)
        room = {domain: sum(slots[name] for name in nodes) for domain, nodes in domains.items()}
        chosen = least_domains(room, len(pods))
        if chosen is not None and len(chosen) < span:
            nodes = tuple(name for domain in chosen for name in domains[domain] if slots[name] > 0)
            return Scatter(level, span, len(chosen), nodes)
    return None


def _slots(view: ClusterView, pods: tuple[Pod, ...]) -> Mapping[str, int]:
    """Return how many of the gang's pods each eligible node could take, with what the gang itself holds given back."""
    request = _largest(pods)
    own: dict[str, Resources] = {}
    for pod in pods:
        own[pod.node] = add(own.get(pod.node, Resources()), pod.requests)
    return {name: times(request, add(view.free[name], own.get(name, Resources()))) for name in view.eligible(pods[0])}


def _largest(pods: tuple[Pod, ...]) -> Resources:
    """Return a request that is at least any of the pods'."""
    return Resources(
        max(pod.requests.cpu_milli for pod in pods),
        max(pod.requests.memory_bytes for pod in pods),
        max(pod.requests.gpu_milli for pod in pods),
    )


def _finding(view: ClusterView, workload: Workload, pods: tuple[Pod, ...], scatter: Scatter, lost: Penalty) -> Finding:
    gpus = sum(pod.requests.gpu_milli for pod in pods) / GPU_MILLI
    since = max((pod.started_at for pod in pods if pod.started_at is not None), default=workload.created_at)
    level = "node" if scatter.level == NODE_LEVEL else scatter.level
    return found(
        Pattern.GANG_SCATTERED,
        "Node" if scatter.level == NODE_LEVEL else "Domain",
        workload.ref,
        f"{workload.ref} works as one and spans {scatter.span} domains of {level} where {scatter.least} would do.",
        [_span_evidence(scatter), _penalty_evidence(view, lost)],
        gpus=gpus,
        hours=stake.expected_hours(view.now - since, stake.rest_seconds(workload, view.now)),
        share=_stepped(lost.share),
        surer=SURER[lost.basis],
        since=since,
        ranked_nodes=_quiet_first(view, workload, scatter.nodes)[:RANKED_NODES_MAX],
    )


def _quiet_first(view: ClusterView, workload: Workload, nodes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the nodes in their order, those last on which the gang and somebody else were seen to slow each other."""
    from podlore.interference.observed import lost_on  # noqa: PLC0415 - it reads series by `podlore.patterns.trends`

    return tuple(sorted(nodes, key=lambda name: lost_on(view, workload.ref, name)))


def _span_evidence(scatter: Scatter) -> Evidence:
    return Evidence(
        source=EvidenceSource.TOPOLOGY,
        reference=f"node label {scatter.level}",
        observed=f"{scatter.span} domains",
        threshold=f"{scatter.least}, which have room now",
    )


def _penalty_evidence(view: ClusterView, lost: Penalty) -> Evidence:
    bar = view.policy.thresholds.gang_scattered.penalty_percent_min
    return Evidence(
        source=EvidenceSource.METRIC,
        reference=view.policy.metric_names.get("smActive", "GPU activity"),
        observed=f"loses at least {100 * _stepped(lost.share):.0f} % of its GPU activity, compared {lost.basis}",
        threshold=f"{bar:g} %",
    )


def _stepped(share: float) -> float:
    """Return a share rounded down to steps of 5 %, so that it rarely changes."""
    return int(share * 20) / 20
