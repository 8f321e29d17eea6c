"""BlackHoleNode: failures concentrate on a node that calls itself ready.

Compared is the share of pods that failed on a node with that everywhere else: the chance of at least so many failures,
exact binomial, times the number of nodes (Bonferroni). At least 5 pods of at least 2 workloads must have failed there.
A workload that fails elsewhere too is a bad job, and one that can run nowhere else is pinned: neither counts. A node in
its first minutes does not count either.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from scipy.special import bdtrc  # the same as scipy.stats.binom.sf, which takes half a second to import

from podlore.patterns import stake, steady
from podlore.patterns.found import found
from podlore.policy import HOUR_SECONDS, MINUTE_SECONDS
from podlore.topology.room import GPU_MILLI
from podlore.view import ClusterView
from podlore.vocabulary import Evidence, EvidenceSource, Failure, Finding, Node, ObjectRef, Pattern, Pod
from podlore.workloads import is_finished

WINDOW_SECONDS = 2 * HOUR_SECONDS
NEW_NODE_SECONDS = 30 * MINUTE_SECONDS
STUCK_SECONDS = 10 * MINUTE_SECONDS
P_VALUE_MAX = 0.01
START_FAILURES = frozenset({"CreateContainerError", "RunContainerError", "StartError", "ContainerCannotRun"})
SANDBOX_EVENTS = frozenset({"FailedCreatePodSandBox", "FailedCreatePodContainer"})
NOT_THE_NODES = frozenset({"Evicted", "Preempted", "Preempting", "DeadlineExceeded", "OOMKilled", "NodeAffinity"})
"""Reasons of ends that a sound node would show as well."""

PodKey = tuple[str, str]


@dataclass(slots=True)
class Tally:
    """The pods that tried their luck on a node: all of them, and those that failed, by workload."""

    tried: set[PodKey] = field(default_factory=set)
    failed: defaultdict[ObjectRef, set[PodKey]] = field(default_factory=lambda: defaultdict(set))


def black_hole_node(view: ClusterView) -> Iterator[Finding]:
    """Yield the nodes on which pods fail that would run elsewhere."""
    limits = view.policy.thresholds.black_hole_node
    if not limits.enabled:
        return
    tallies = _tallies(view)
    for name, tally in sorted(tallies.items()):
        node = view.nodes.get(name)
        if node is None or not node.is_ready or view.now - node.created_at < NEW_NODE_SECONDS:
            continue
        counted = {ref: pods for ref, pods in tally.failed.items() if not _is_its_own_fault(view, ref, name, tallies)}
        failed = set().union(*counted.values())
        if len(counted) < limits.workloads_min or len(failed) < limits.pods_min:
            continue
        p_value = _chance(name, len(failed), tallies) * max(len(view.nodes), 1)
        if p_value <= P_VALUE_MAX:
            yield _finding(view, node, len(counted), p_value)


def _tallies(view: ClusterView) -> Mapping[str, Tally]:
    since = view.now - WINDOW_SECONDS
    tallies: defaultdict[str, Tally] = defaultdict(Tally)
    for failure in view.snapshot.history.failures:
        if failure.node and failure.at >= since and _may_be_the_nodes(view, failure):
            tallies[failure.node].tried.add((failure.namespace, failure.pod))
            tallies[failure.node].failed[failure.workload].add((failure.namespace, failure.pod))
    for pod in view.snapshot.pods:
        if pod.node and (not is_finished(pod) or (pod.scheduled_at or 0.0) >= since):
            tallies[pod.node].tried.add((pod.namespace, pod.name))
            if _is_stuck(view, pod):
                ref = view.workload_by_pod[pod.namespace, pod.name].ref
                tallies[pod.node].failed[ref].add((pod.namespace, pod.name))
    return tallies


def _may_be_the_nodes(view: ClusterView, failure: Failure) -> bool:
    """Say whether a failure may be its node's: not an eviction, and not in the node's first minutes."""
    node = view.nodes.get(failure.node)
    is_settled = node is not None and failure.at - node.created_at >= NEW_NODE_SECONDS / 2
    return is_settled and failure.reason not in NOT_THE_NODES


def _is_stuck(view: ClusterView, pod: Pod) -> bool:
    """Say whether a pod that has a place cannot start for reasons of its node."""
    if pod.phase != "Pending" or pod.scheduled_at is None or view.now - pod.scheduled_at < STUCK_SECONDS:
        return False
    if any(container.waiting_reason in START_FAILURES for container in pod.containers):
        return True
    events = view.events.get(ObjectRef("", "Pod", pod.namespace, pod.name), ())
    return any(event.reason in SANDBOX_EVENTS for event in events)


def _is_its_own_fault(view: ClusterView, ref: ObjectRef, node: str, tallies: Mapping[str, Tally]) -> bool:
    """Say whether a workload fails elsewhere as well, or can run nowhere else."""
    if any(ref in tally.failed for name, tally in tallies.items() if name != node):
        return True
    workload = view.workload_by_ref.get(ref)
    pods = workload.pods if workload else ()
    return bool(pods) and all(len(view.eligible(pod)) <= 1 for pod in pods)


def _chance(node: str, failures: int, tallies: Mapping[str, Tally]) -> float:
    """Return the chance of at least so many failures if the node were like all others."""
    others = [tally for name, tally in tallies.items() if name != node]
    tried = sum(len(tally.tried) for tally in others)
    failed = sum(len(pods) for tally in others for pods in tally.failed.values())
    usual = (failed + 1) / (tried + 2)  # Laplace: a cluster without failures may still have some
    return float(bdtrc(failures - 1, len(tallies[node].tried), min(usual, 1.0)))


def _finding(view: ClusterView, node: Node, workloads: int, p_value: float) -> Finding:
    limits = view.policy.thresholds.black_hole_node
    return found(
        Pattern.BLACK_HOLE_NODE,
        "Failures",
        ObjectRef("", "Node", "", node.name, uid=node.uid),
        f"Node {node.name} calls itself ready, but pods of several workloads fail there and not elsewhere.",
        [
            Evidence(
                source=EvidenceSource.OBJECT,
                reference=f"pods that failed on Node/{node.name}",
                observed=f"at least {limits.pods_min} pods of {steady.rounded_down(workloads)} or more workloads",
                threshold=f"{limits.pods_min} pods of {limits.workloads_min} workloads, chance {P_VALUE_MAX:g}",
                window_seconds=WINDOW_SECONDS,
                p_value=10.0 ** _exponent(p_value),
            )
        ],
        gpus=node.allocatable.gpu_milli / GPU_MILLI,
        hours=stake.expected_hours(WINDOW_SECONDS),
    )


def _exponent(p_value: float) -> int:
    """Return the power of ten just above a chance, so that it rarely changes."""
    return next((power for power in range(-9, 1) if p_value <= 10.0**power), 0)
