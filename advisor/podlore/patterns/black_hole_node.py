"""BlackHoleNode: failures concentrate on a node that calls itself ready.

Compared is the number of pods that failed on a node with what their workloads would have shown anywhere
(`podlore.patterns.blame`): the chance of at least so many failures, exact binomial, times the number of nodes
(Bonferroni). At least 5 pods of at least 2 workloads must have failed there. A workload that fails by itself is a bad
job, and one that can run nowhere else is pinned: neither counts. A node in its first minutes does not count either.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from scipy.special import bdtrc  # the same as scipy.stats.binom.sf, which takes half a second to import

from podlore.patterns import stake, steady
from podlore.patterns.blame import Blame, Tries, blame
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

BAD_JOB_RATE_MIN = 0.5
"""A workload of whose pods so many fail elsewhere, and by itself, is a bad job."""

PodKey = tuple[str, str]
Place = tuple[ObjectRef, str]


@dataclass(slots=True)
class Tally:
    """The pods of one workload that tried their luck on one node: all of them, and those that failed."""

    tried: set[PodKey] = field(default_factory=set)
    failed: set[PodKey] = field(default_factory=set)


def black_hole_node(view: ClusterView) -> Iterator[Finding]:
    """Yield the nodes on which pods fail that would run elsewhere."""
    limits = view.policy.thresholds.black_hole_node
    if not limits.enabled:
        return
    tallies = _tallies(view)
    suspects = _suspects(view, tallies)
    if not suspects:
        return
    fault = blame({place: Tries(len(tally.tried), len(tally.failed)) for place, tally in tallies.items()})
    for node in suspects:
        there = {ref: tally for (ref, name), tally in tallies.items() if name == node.name}
        counted = {ref: tally for ref, tally in there.items() if not _is_its_own_fault(view, fault, ref, node.name)}
        failing = {ref: tally for ref, tally in counted.items() if tally.failed}
        n_failed = sum(len(tally.failed) for tally in failing.values())
        if len(failing) < limits.workloads_min or n_failed < limits.pods_min:
            continue
        p_value = _chance(fault, node.name, counted, n_failed) * max(len(view.nodes), 1)
        if p_value <= P_VALUE_MAX:
            yield _finding(view, node, len(failing), p_value)


def _suspects(view: ClusterView, tallies: Mapping[Place, Tally]) -> list[Node]:
    """Return the ready nodes, not new, on which enough pods failed; on most clusters there is none."""
    failed: Counter[str] = Counter()
    for (_, name), tally in tallies.items():
        failed[name] += len(tally.failed)
    enough = {name for name, count in failed.items() if count >= view.policy.thresholds.black_hole_node.pods_min}
    nodes = (node for name, node in view.nodes.items() if name in enough)
    return [node for node in nodes if node.is_ready and view.now - node.created_at >= NEW_NODE_SECONDS]


def _tallies(view: ClusterView) -> Mapping[Place, Tally]:
    since = view.now - WINDOW_SECONDS
    tallies: defaultdict[Place, Tally] = defaultdict(Tally)
    for failure in view.snapshot.history.failures:
        if failure.node and failure.at >= since and _may_be_the_nodes(view, failure):
            tally, pod_key = tallies[failure.workload, failure.node], (failure.namespace, failure.pod)
            tally.tried.add(pod_key)
            tally.failed.add(pod_key)
    for pod in view.snapshot.pods:
        if pod.node and (not is_finished(pod) or (pod.scheduled_at or 0.0) >= since):
            pod_key = (pod.namespace, pod.name)
            tally = tallies[view.workload_by_pod[pod_key].ref, pod.node]
            tally.tried.add(pod_key)
            if _is_stuck(view, pod):
                tally.failed.add(pod_key)
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


def _is_its_own_fault(view: ClusterView, fault: Blame[ObjectRef], ref: ObjectRef, node: str) -> bool:
    """Say whether a workload fails elsewhere by itself, or can run nowhere else."""
    if fault.elsewhere(ref, node) >= BAD_JOB_RATE_MIN:
        return True
    workload = view.workload_by_ref.get(ref)
    pods = workload.pods if workload else ()
    return bool(pods) and all(len(view.eligible(pod)) <= 1 for pod in pods)


def _chance(fault: Blame[ObjectRef], node: str, counted: Mapping[ObjectRef, Tally], failures: int) -> float:
    """Return the chance of at least so many failures if the node were like all others.

    Of pods that fail with unlike chances, many failures are no likelier than at their mean (Hoeffding 1956).
    """
    n_tried = sum(len(tally.tried) for tally in counted.values())
    sound = 1 - fault.usual(node)
    expected = sum(len(tally.tried) * (1 - sound * (1 - fault.elsewhere(ref, node))) for ref, tally in counted.items())
    return float(bdtrc(failures - 1, n_tried, min(expected / n_tried, 1.0)))


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
