"""Workloads that wait for a place: what they ask for, since when, and whether somebody is on the way to help.

`accessibility_barrier` and `fragmentation` read these. A workload waits if it has pods without a node, or is held back
before it has pods at all (suspended by its queue).
"""

from dataclasses import dataclass

from podlore.policy import MINUTE_SECONDS
from podlore.topology.room import GPU_MILLI, NOTHING, add
from podlore.view import ClusterView
from podlore.vocabulary import Pod, Resources, Workload
from podlore.workloads import is_finished, pod_ref

SCALE_UP_REASONS = frozenset({"TriggeredScaleUp", "Nominated"})
"""Events by which the cluster autoscaler and Karpenter promise a node."""
SCALE_UP_SECONDS = 30 * MINUTE_SECONDS
"""A promised node that has not come by then does not count any more."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A workload that waits; ``pods`` are those without a node, ``largest`` the one that asks for most."""

    workload: Workload
    pods: tuple[Pod, ...]
    since: float
    requests: Resources

    @property
    def largest(self) -> Pod | None:
        """The pod that is hardest to place; None where there are no pods yet."""
        return max(self.pods, key=lambda pod: (_size(pod.requests), pod.name), default=None)

    @property
    def gpus(self) -> float:
        """How many GPUs all its waiting pods ask for."""
        return self.requests.gpu_milli / GPU_MILLI

    @property
    def is_gated(self) -> bool:
        """Whether something holds it back before a scheduler sees it."""
        return not self.pods or any(pod.scheduling_gates for pod in self.pods)


def waiting(view: ClusterView) -> tuple[Waiting, ...]:
    """Return what waits, in the order of the workloads."""
    found = (waiting_of(view, workload) for workload in view.workloads)
    return tuple(one for one in found if one is not None)


def is_being_helped(view: ClusterView, one: Waiting) -> bool:
    """Say whether an autoscaler has promised a node for one of the pods lately."""
    return any(
        event.reason in SCALE_UP_REASONS and event.last_seen_at >= view.now - SCALE_UP_SECONDS
        for pod in one.pods
        for event in view.events.get(pod_ref(pod), ())
    )


def waiting_of(view: ClusterView, workload: Workload) -> Waiting | None:
    """Return how a workload waits; None if it does not."""
    pods = tuple(pod for pod in workload.pods if not pod.node and not is_finished(pod) and pod.deleted_at is None)
    if pods:
        return Waiting(workload, pods, min(pod.created_at for pod in pods), _sum(pods))
    if workload.is_suspended and all(is_finished(pod) for pod in workload.pods):
        controller = view.controllers_by_ref.get(workload.ref)
        return Waiting(workload, (), workload.created_at, controller.requests if controller else NOTHING)
    return None


def _sum(pods: tuple[Pod, ...]) -> Resources:
    total = NOTHING
    for pod in pods:
        total = add(total, pod.requests)
    return total


def _size(requests: Resources) -> tuple[int, int, int]:
    return requests.gpu_milli, requests.cpu_milli, requests.memory_bytes
