"""What must hold before an action is recommended, and what forbids it: one function each, named in the table.

Each takes a view and a finding, and judges on the objects alone. `podlore.advice.actions` says which action needs what.
"""

from collections.abc import Iterable

from podlore.advice.remedy import Condition
from podlore.patterns.failing import OOM_REASON
from podlore.patterns.reason import lifting
from podlore.patterns.waiting import Waiting, waiting_of
from podlore.topology import fits
from podlore.topology.room import GPU_MILLI
from podlore.view import ClusterView
from podlore.vocabulary import Container, Finding, Pod, Resources, Workload
from podlore.workloads import is_finished

RAISED_RATIO = 1.5
MIB = 2**20
CRITICAL_PRIORITY = 1_000_000_001
"""Kubernetes keeps priorities above a thousand million for what the cluster itself needs."""
DO_NOT_DISRUPT = (
    ("cluster-autoscaler.kubernetes.io/safe-to-evict", "false"),
    ("karpenter.sh/do-not-disrupt", "true"),
)
"""Annotations by which people ask that their pods be left where they are."""
REGISTRY_REASONS = frozenset({"RegistryUnavailable"})
MOUNT_REASONS = frozenset({"FailedMount", "FailedAttachVolume", "FailedMapVolume", "VolumeFailedMount"})
MISSING_WORDS = ("not found", "couldn't find key", "references non-existent", "no such file or directory")


# --- what is asked of the target ---


def _workload(view: ClusterView, finding: Finding) -> Workload | None:
    return view.workload_by_ref.get(finding.target)


def _waiting(view: ClusterView, finding: Finding) -> Waiting | None:
    workload = _workload(view, finding)
    return waiting_of(view, workload) if workload else None


def _pods(view: ClusterView, finding: Finding) -> tuple[Pod, ...]:
    workload = _workload(view, finding)
    return workload.pods if workload else ()


def _is_protected(view: ClusterView, finding: Finding) -> bool:
    return any(_asks_for_rest(pod) or _has_no_budget(view, pod) for pod in _pods(view, finding))


def _asks_for_rest(pod: Pod) -> bool:
    if pod.priority >= CRITICAL_PRIORITY:
        return True
    return any(pod.annotations.get(key) == value for key, value in DO_NOT_DISRUPT)


def _has_no_budget(view: ClusterView, pod: Pod) -> bool:
    return any(budget.covers(pod) and budget.disruptions_allowed <= 0 for budget in view.snapshot.budgets)


def _has_owner(view: ClusterView, finding: Finding) -> bool:
    return finding.target in view.controllers_by_ref


# --- where else it could go ---


def _has_room_elsewhere(view: ClusterView, finding: Finding) -> bool:
    """Say whether the pods on the nodes that the finding blames, or that are its target, fit on another node."""
    left = {ref.name for ref in (*finding.blamed, finding.target) if ref.kind == "Node"}
    pods = [pod for pod in _moving(view, finding) if pod.requests.gpu_milli > 0 and (not left or pod.node in left)]
    return bool(pods) and all(_fits_elsewhere(view, pod, left | {pod.node}) for pod in _largest_of_each(pods))


def _moving(view: ClusterView, finding: Finding) -> tuple[Pod, ...]:
    if finding.target.kind == "Node":
        return view.pods_by_node.get(finding.target.name, ())
    workload = _workload(view, finding)
    return view.bound_pods(workload) if workload else ()


def _largest_of_each(pods: Iterable[Pod]) -> list[Pod]:
    """Return the largest pod of each node: moving one rank is enough, and if that fits, any does."""
    by_node: dict[str, Pod] = {}
    for pod in pods:
        known = by_node.get(pod.node)
        if known is None or pod.requests.gpu_milli > known.requests.gpu_milli:
            by_node[pod.node] = pod
    return [by_node[name] for name in sorted(by_node)]


def _fits_elsewhere(view: ClusterView, pod: Pod, left: set[str]) -> bool:
    return any(fits(pod.requests, view.free[name]) for name in view.eligible(pod) if name not in left)


def _has_ranked_nodes(_view: ClusterView, finding: Finding) -> bool:
    return bool(finding.ranked_nodes)


def _is_last_of_its_kind(view: ClusterView, finding: Finding) -> bool:
    """Say whether no other node could take the pods that run here: cordoning it would close the cluster to them."""
    node = view.nodes.get(finding.target.name)
    if node is None:
        return False
    others = [other for other in view.nodes.values() if other.name != node.name]
    return not any(
        other.is_ready and not other.is_cordoned and other.allocatable.gpu_milli >= min(node.allocatable.gpu_milli, 1)
        for other in others
        if other.gpu_resource == node.gpu_resource
    )


# --- what keeps it waiting ---


def _opens_nodes(view: ClusterView, finding: Finding) -> bool:
    """Say whether dropping one constraint opens a node with room, or one large enough where the shape binds."""
    one = _waiting(view, finding)
    if one is None or one.largest is None:
        return finding.cause in {"Topology", "Domain"}
    return lifting(view, one.largest)[0] is not None or finding.cause in {"Topology", "Domain"}


def _may_be_divided(view: ClusterView, finding: Finding) -> bool:
    one = _waiting(view, finding)
    return one is not None and one.largest is not None and one.largest.requests.gpu_milli > GPU_MILLI


def _has_queue(view: ClusterView, finding: Finding) -> bool:
    workload = _workload(view, finding)
    return workload is not None and bool(workload.queue)


def _finds_idle_gpus(view: ClusterView, finding: Finding) -> bool:
    """Say whether as many GPUs as are asked for lie free or idle on nodes that the workload may use."""
    one = _waiting(view, finding)
    pod = one.largest if one else None
    names = view.eligible(pod) if pod is not None else tuple(view.nodes)
    asked = one.requests.gpu_milli if one else 0
    return asked > 0 and sum(lendable_gpu_milli(view, name) for name in names) >= asked


def lendable_gpu_milli(view: ClusterView, node: str) -> int:
    """Return the GPUs of a node that are free, or that their holders were seen to leave idle."""
    return view.free[node].gpu_milli + GPU_MILLI * len(_idle_devices(view).get(node, ()))


def _idle_devices(view: ClusterView) -> dict[str, set[str]]:
    return view.once("idle devices", lambda: _find_idle_devices(view))


def _find_idle_devices(view: ClusterView) -> dict[str, set[str]]:
    limits = view.policy.thresholds.resource_hoarding
    idle: dict[str, set[str]] = {}
    busy: set[str] = set()
    for window in view.snapshot.gpu_windows:
        if window.window_seconds < limits.idle_seconds_min or window.coverage * 100 < limits.coverage_percent_min:
            continue
        if window.activity_max * 100 > limits.activity_percent_max:
            busy.add(window.uuid)
        elif (window.namespace, window.pod) in view.workload_by_pod:
            idle.setdefault(window.node, set()).add(window.uuid)
    return {node: devices - busy for node, devices in idle.items()}


def _knows_when_places_end(view: ClusterView, finding: Finding) -> bool:
    """Say whether enough places came free lately to tell when the next one will."""
    one = _waiting(view, finding)
    since = view.now - view.policy.thresholds.queue_spiral.window_seconds
    served = sum(start.scheduled_at >= since for start in view.starts)
    return one is not None and served >= STARTS_MIN


STARTS_MIN = 3


# --- what fails ---


def _tells_exit_code(view: ClusterView, finding: Finding) -> bool:
    """Say whether somebody saw how it ended: a log of that run exists, or a message says what is wrong."""
    if finding.cause == "Image":
        reasons = {c.waiting_reason for pod in _pods(view, finding) for c in pod.containers if c.waiting_reason}
        return not reasons & REGISTRY_REASONS
    ends = [end for pod in _pods(view, finding) for c in pod.containers for end in (c.ended, c.ended_before) if end]
    told = [failure for failure in view.failures.get(finding.target, ()) if failure.exit_code >= 0]
    return bool(ends or told)


def _memory_may_be_raised(view: ClusterView, finding: Finding) -> bool:
    """Say whether some node could hold the pod with half as much memory again; an unknown limit may be raised."""
    killed = killed_containers(_pods(view, finding))
    raised = sum(int(container.memory_limit_bytes * RAISED_RATIO) for container in killed.values())
    wanted = Resources(memory_bytes=raised)
    return raised == 0 or any(fits(wanted, node.allocatable) for node in view.nodes.values())


def killed_containers(pods: Iterable[Pod]) -> dict[str, Container]:
    """Return the containers with a limit that were killed for their memory, by name."""
    return {c.name: c for pod in pods for c in pod.containers if c.memory_limit_bytes and _was_killed(c)}


def _was_killed(container: Container) -> bool:
    return any(end and end.reason == OOM_REASON for end in (container.ended, container.ended_before))


def _names_what_is_missing(view: ClusterView, finding: Finding) -> bool:
    """Say whether the kubelet says that something which the pod names does not exist."""
    pods = {(pod.namespace, pod.name) for pod in _pods(view, finding) if not is_finished(pod)}
    return any(
        any(word in event.message for word in MISSING_WORDS)
        for ref, events in view.events.items()
        if ref.kind == "Pod" and (ref.namespace, ref.name) in pods
        for event in events
        if event.reason in MOUNT_REASONS
    )


PROTECTED = Condition(
    "Protected",
    "its pods ask to be left alone (safe-to-evict=false, do-not-disrupt), a disruption budget has nothing left, or "
    "their priority is the system's own",
    _is_protected,
)
OWNER_KNOWN = Condition("OwnerKnown", "the object that makes its pods is known", _has_owner)
ROOM_ELSEWHERE = Condition(
    "RoomElsewhere", "another node that its pods may use has room for the largest of them", _has_room_elsewhere
)
NODES_RANKED = Condition("NodesRanked", "a node or domain is large enough, or has room", _has_ranked_nodes)
LAST_OF_ITS_KIND = Condition(
    "LastOfItsKind",
    "no other schedulable node has such devices: cordoning would close the cluster",
    _is_last_of_its_kind,
)
CONSTRAINT_OPENS = Condition(
    "ConstraintOpens", "one constraint alone keeps it off nodes with room, or a rule on domains binds", _opens_nodes
)
DIVISIBLE = Condition("Divisible", "one of its pods asks for more than one GPU", _may_be_divided)
IN_A_QUEUE = Condition("InAQueue", "it waits in a queue that has a quota", _has_queue)
IDLE_ELSEWHERE = Condition(
    "IdleElsewhere", "as many GPUs as it asks for lie free or idle on nodes that it may use", _finds_idle_gpus
)
TURNOVER_KNOWN = Condition(
    "TurnoverKnown", f"at least {STARTS_MIN} places came free within two hours", _knows_when_places_end
)
END_SEEN = Condition("EndSeen", "it was seen how its runs end (a status, a log, a message)", _tells_exit_code)
LIMIT_MAY_RISE = Condition("LimitMayRise", "a node could hold half as much memory again", _memory_may_be_raised)
NAMES_THE_MISSING = Condition(
    "NamesTheMissing", "the kubelet says that something which the pod names does not exist", _names_what_is_missing
)
CONDITIONS = (
    OWNER_KNOWN,
    ROOM_ELSEWHERE,
    NODES_RANKED,
    CONSTRAINT_OPENS,
    DIVISIBLE,
    IN_A_QUEUE,
    IDLE_ELSEWHERE,
    TURNOVER_KNOWN,
    END_SEEN,
    LIMIT_MAY_RISE,
    NAMES_THE_MISSING,
    PROTECTED,
    LAST_OF_ITS_KIND,
)
"""All of them, as the documentation lists them."""
