"""Whether a target changed as it was advised to: an advice given before and the cluster now come in, yes or no leaves.

Only what shows in the objects is told. What ended by itself was not followed: it is what the followed ones are compared
with. Called by `podlore.advice.outcome`.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from podlore.errors import BadInput
from podlore.objects.quantity import nano, whole
from podlore.topology.room import GPU_MILLI
from podlore.view import ClusterView
from podlore.vocabulary import Action, Followed, Given, ObjectRef, Pod
from podlore.workloads import is_finished

Judge = Callable[[ClusterView, Given, bool], Followed]
SHOWN_BY_PATCH = frozenset({Action.RAISE_MEMORY, Action.RELAX_CONSTRAINT})
"""Actions of which the patch alone says what the target would look like."""


def followed(view: ClusterView, given: Given, *, is_over: bool) -> Followed:
    """Return whether an advice was followed; ``is_over`` says that its pattern is gone."""
    if has_ended(view, given.target):
        return Followed.NO
    return FOLLOWED.get(given.action, _is_over)(view, given, is_over)


def has_ended(view: ClusterView, target: ObjectRef) -> bool:
    """Say whether a workload is there and has run to its end."""
    controller, workload = view.controllers_by_ref.get(target), view.workload_by_ref.get(target)
    if controller is not None:
        return controller.finished_at is not None
    return workload is not None and all(is_finished(pod) for pod in workload.pods)


def held_gpus(view: ClusterView, target: ObjectRef) -> float:
    """Return how many GPUs a workload holds now."""
    workload = view.workload_by_ref.get(target)
    return sum(pod.requests.gpu_milli for pod in view.bound_pods(workload)) / GPU_MILLI if workload else 0.0


def _let_go(view: ClusterView, given: Given, _is_over: bool) -> Followed:
    """Say whether its GPUs were given back: all of them, or some."""
    held = held_gpus(view, given.target)
    if held <= 0:
        return Followed.YES
    return Followed.PARTLY if held < given.gpus else Followed.NO


def _smaller(view: ClusterView, given: Given, is_over: bool) -> Followed:
    """Say whether it asks for less: enough for the pattern to be gone, or not quite."""
    if given.target not in view.workload_by_ref:
        return Followed.NO
    if held_gpus(view, given.target) >= given.gpus > 0:
        return Followed.NO
    return Followed.YES if is_over else Followed.PARTLY


def _left_node(view: ClusterView, given: Given, is_over: bool) -> Followed:
    """Say whether the node was left: by all pods of the target, or by some."""
    if given.target.kind == "Node":
        return _cordoned(view, given, is_over)
    workload = view.workload_by_ref.get(given.target)
    pods = view.bound_pods(workload) if workload else ()
    there = sum(pod.node == given.node for pod in pods)
    if not pods:
        return Followed.NO
    if not there:
        return Followed.YES
    return Followed.PARTLY if is_over and there < len(pods) else Followed.NO


def _cordoned(view: ClusterView, given: Given, _is_over: bool) -> Followed:
    node = view.nodes.get(given.target.name)
    return Followed.YES if node is None or node.is_cordoned else Followed.NO


def _deferred(view: ClusterView, given: Given, _is_over: bool) -> Followed:
    """Say whether it was suspended, scaled to zero or taken away."""
    controller = view.controllers_by_ref.get(given.target)
    is_off = controller is not None and (controller.is_suspended or controller.pods_wanted == 0)
    return Followed.YES if is_off or not _present_pods(view, given.target) else Followed.NO


def _has_more_memory(view: ClusterView, given: Given, is_over: bool) -> Followed:
    """Say whether the containers that the patch names have the limits which it gives them: all of them, or some."""
    advised = _advised_limits(given.patch)
    limits = [(one.name, one.memory_limit_bytes) for pod in _present_pods(view, given.target) for one in pod.containers]
    raised = [limit >= advised[name] for name, limit in limits if name in advised]
    if not raised:
        return _is_over(view, given, is_over)
    return Followed.YES if all(raised) else Followed.PARTLY if any(raised) else Followed.NO


def _advised_limits(patch: str) -> Mapping[str, int]:
    try:
        containers = _patch(patch)["spec"]["template"]["spec"]["containers"]
        return {one["name"]: whole(nano(one["resources"]["limits"]["memory"])) for one in containers}
    except (KeyError, TypeError, BadInput, ValueError):
        return {}


def _has_dropped_its_selector(view: ClusterView, given: Given, is_over: bool) -> Followed:
    """Say whether the pods lack the selector that the patch takes away; without a patch, whether they started."""
    pods = _present_pods(view, given.target)
    try:
        dropped = set(_patch(given.patch)["spec"]["template"]["spec"]["nodeSelector"])
    except (KeyError, TypeError, ValueError):
        return _is_over(view, given, is_over)
    return Followed.YES if pods and not any(dropped & set(pod.node_selector) for pod in pods) else Followed.NO


def _patch(patch: str) -> Any:  # noqa: ANN401 - a patch is any JSON
    return msgspec.json.decode(patch or "{}")


def _is_over(view: ClusterView, given: Given, is_over: bool) -> Followed:
    """Say whether the matter is over although the target goes on: whoever vanished may have given up."""
    is_there = given.target in view.workload_by_ref or given.target.name in view.nodes
    return Followed.YES if is_over and is_there else Followed.NO


def _present_pods(view: ClusterView, target: ObjectRef) -> list[Pod]:
    workload = view.workload_by_ref.get(target)
    return [pod for pod in workload.pods if not is_finished(pod) and pod.deleted_at is None] if workload else []


FOLLOWED: Mapping[Action, Judge] = {
    Action.RELEASE_IDLE: _let_go,
    Action.RIGHT_SIZE: _smaller,
    Action.AVOID_NODE: _left_node,
    Action.SEPARATE: _left_node,
    Action.CORDON_NODE: _cordoned,
    Action.DEFER: _deferred,
    Action.RAISE_MEMORY: _has_more_memory,
    Action.RELAX_CONSTRAINT: _has_dropped_its_selector,
}
"""How each action shows; all others by the pattern that is gone while the target is still there."""
