"""A pass: withholds what nobody wants to hear, what is happening anyway, and what is about something that is gone.

People opt out by the label ``podlore.io/ignore=true`` on a workload, its pods or a node; the policy leaves namespaces
out; what is ending needs no advice; a node that is cordoned already need not be cordoned. What forbids one action, but
not the next best, is a condition of the table (`podlore.advice.conditions`).
"""

from collections.abc import Iterable, Iterator, Mapping

from podlore.advice.advised import Withheld, Withholding
from podlore.view import ClusterView
from podlore.vocabulary import Action, Recommendation
from podlore.workloads import is_finished

IGNORE = "podlore.io/ignore"


def veto(recommendations: Iterable[Recommendation], view: ClusterView) -> Iterator[Recommendation | Withheld]:
    """Pass on what may be said."""
    for recommendation in recommendations:
        reason = _reason(recommendation, view)
        yield recommendation if reason is None else Withheld(recommendation, reason)


def _reason(recommendation: Recommendation, view: ClusterView) -> Withholding | None:
    target = recommendation.target
    if target.namespace and not view.policy.covers(target.namespace):
        return Withholding.OUT_OF_SCOPE
    if any(labels.get(IGNORE) == "true" for labels in _labels(recommendation, view)):
        return Withholding.OPT_OUT
    if _is_ending(recommendation, view):
        return Withholding.TERMINATING
    if _is_gone(recommendation, view):
        return Withholding.VANISHED
    node = view.nodes.get(target.name) if target.kind == "Node" else None
    if node is not None and node.is_cordoned and recommendation.action in {Action.CORDON_NODE, Action.AVOID_NODE}:
        return Withholding.ALREADY_DONE
    return None


def _labels(recommendation: Recommendation, view: ClusterView) -> Iterator[Mapping[str, str]]:
    target = recommendation.target
    if (controller := view.controllers_by_ref.get(target)) is not None:
        yield controller.labels
    if (workload := view.workload_by_ref.get(target)) is not None:
        yield from (pod.labels for pod in workload.pods)
    if target.kind == "Node" and (node := view.nodes.get(target.name)) is not None:
        yield node.labels


def _is_ending(recommendation: Recommendation, view: ClusterView) -> bool:
    controller = view.controllers_by_ref.get(recommendation.target)
    if controller is not None and controller.finished_at is not None:
        return True
    workload = view.workload_by_ref.get(recommendation.target)
    left = [pod for pod in workload.pods if not is_finished(pod)] if workload else []
    return bool(left) and all(pod.deleted_at is not None for pod in left)


def _is_gone(recommendation: Recommendation, view: ClusterView) -> bool:
    """Say whether a node or a namespaced target is not there any more; racks and queues are no objects."""
    target = recommendation.target
    if target.kind == "Node":
        return target.name not in view.nodes
    if not target.namespace:
        return False
    return target not in view.workload_by_ref and target not in view.controllers_by_ref
