"""GangScattered: a gang spans more domains than it must, pays for it, and there is room for it elsewhere.

What the distance costs is a property of model and fabric, so without measured step times only a cautious lower bound is
given: the smaller of what a mild case was seen to lose, and of the time that the gang's GPUs do not work at all. GPUs
that are busy all the time cannot be waiting for each other. Silent without GPU metrics, for pods that do not work
together, for the least span that the nodes allow, and where no room is.

References
----------
Jeon et al., "Analysis of Large-Scale Multi-Tenant GPU Clusters", ATC 2019: a 2-GPU ResNet-50 job falls from 57.7 % to
49.6 % utilization when its GPUs are on two servers, which is 14 % of its work; ResNet-50 is among the models that
suffer least in Gavel's measurements (Narayanan et al., OSDI 2020), whose language models lose more than half.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from podlore.patterns import stake
from podlore.patterns.found import found
from podlore.topology import NODE_LEVEL, times
from podlore.topology.room import GPU_MILLI, add
from podlore.topology.span import least_domains
from podlore.view import ClusterView
from podlore.vocabulary import Evidence, EvidenceSource, Finding, Pattern, Pod, Resources, Workload

MILD_PENALTY = 0.14
"""What ResNet-50 on two servers loses against one (ATC 2019)."""
COVERAGE_MIN = 0.9
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
        penalty = _penalty(view, pods)
        if penalty * 100 >= limits.penalty_percent_min and (scatter := _scatter(view, pods)):
            yield _finding(view, workload, pods, scatter, penalty)


def _working_pods(view: ClusterView, workload: Workload) -> tuple[Pod, ...]:
    """Return a complete gang's GPU pods; nothing if it is no gang, or waits for a member."""
    if not workload.is_gang:
        return ()
    bound = view.bound_pods(workload)
    complete = len(bound) >= workload.pods_wanted and all(pod.phase == "Running" for pod in bound)
    pods = tuple(pod for pod in bound if pod.requests.gpu_milli > 0)
    return pods if complete and len(pods) > 1 else ()


def _penalty(view: ClusterView, pods: tuple[Pod, ...]) -> float:
    """Return a cautious lower bound on the share of work that the distance costs; 0 where it is not known."""
    found_windows = [view.windows.get((pod.namespace, pod.name), ()) for pod in pods]
    if not pods or any(not windows for windows in found_windows):
        return 0.0
    windows = [window for pod_windows in found_windows for window in pod_windows]
    if any(window.coverage < COVERAGE_MIN for window in windows):
        return 0.0
    idle_share = 1 - sum(window.activity_mean for window in windows) / len(windows)
    works = all(window.activity_max * 100 > _idle_percent(view) for window in windows)
    return min(MILD_PENALTY, idle_share) if works else 0.0


def _idle_percent(view: ClusterView) -> float:
    """Return the activity at which a GPU counts as idle: a gang that does not work is not slowed down."""
    return view.policy.thresholds.resource_hoarding.activity_percent_max


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


def _finding(view: ClusterView, workload: Workload, pods: tuple[Pod, ...], scatter: Scatter, penalty: float) -> Finding:
    gpus = sum(pod.requests.gpu_milli for pod in pods) / GPU_MILLI
    since = max((pod.started_at for pod in pods if pod.started_at is not None), default=workload.created_at)
    level = "node" if scatter.level == NODE_LEVEL else scatter.level
    return found(
        Pattern.GANG_SCATTERED,
        "Node" if scatter.level == NODE_LEVEL else "Domain",
        workload.ref,
        f"{workload.ref} works as one and spans {scatter.span} domains of {level} where {scatter.least} would do.",
        [_span_evidence(scatter), _penalty_evidence(view)],
        gpus=gpus,
        hours=stake.expected_hours(view.now - since, stake.rest_seconds(workload, view.now)),
        share=penalty,
        since=since,
        ranked_nodes=scatter.nodes[:RANKED_NODES_MAX],
    )


def _span_evidence(scatter: Scatter) -> Evidence:
    return Evidence(
        source=EvidenceSource.TOPOLOGY,
        reference=f"node label {scatter.level}",
        observed=f"{scatter.span} domains",
        threshold=f"{scatter.least}, which have room now",
    )


def _penalty_evidence(view: ClusterView) -> Evidence:
    bar = view.policy.thresholds.gang_scattered.penalty_percent_min
    return Evidence(
        source=EvidenceSource.METRIC,
        reference=view.policy.metric_names.get("smActive", "GPU activity"),
        observed=f"GPUs rest more than {bar:g} % of the time; step times were not measured",
        threshold=f"{bar:g} %",
    )
