"""Whether a target changed as it was advised to: an advice and the cluster now come in, yes, no or "nobody can tell".

Called by ``podlore_operator.decide`` for advice whose pattern has gone, so that its outcome says whether somebody
followed it or the matter went by itself. Only what shows in the objects is told; what a person read in a log is not.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from podlore.errors import BadInput
from podlore.objects.quantity import nano, whole
from podlore.view import ClusterView
from podlore.vocabulary import Action, ObjectRef, Pod
from podlore.workloads import is_finished
from podlore_operator.api.advice import Advice, AdviceStatus

Told = bool | None
"""None where nobody can tell."""


def followed(advice: Advice, view: ClusterView) -> Told:
    """Return whether the advice's target is now as advised."""
    if advice.status is None:
        return None
    target = advice.spec.target
    ref = ObjectRef(target.group, target.kind, advice.metadata.namespace or "", target.name)
    tell = TELLS.get(Action(advice.status.action))
    return tell(ref, advice.status, view) if tell else None


def _is_cordoned(ref: ObjectRef, _: AdviceStatus, view: ClusterView) -> Told:
    node = view.nodes.get(ref.name)
    return node is None or node.is_cordoned


def _has_let_go(ref: ObjectRef, _: AdviceStatus, view: ClusterView) -> Told:
    """Say whether a workload was suspended, scaled to zero or deleted; one that finished may have done so anyway."""
    controller, pods = view.controllers_by_ref.get(ref), _present_pods(ref, view)
    if controller is not None and controller.finished_at is not None:
        return None
    is_switched_off = controller is not None and (controller.is_suspended or controller.pods_wanted == 0)
    return is_switched_off or not pods


def _has_more_memory(ref: ObjectRef, status: AdviceStatus, view: ClusterView) -> Told:
    """Say whether the containers that the patch names have the limits which it gives them."""
    advised = {name: limit for name, limit in _advised_limits(status).items() if limit}
    limits = [(c.name, c.memory_limit_bytes) for pod in _present_pods(ref, view) for c in pod.containers]
    known = [limit >= advised[name] for name, limit in limits if name in advised]
    return all(known) if known else None


def _advised_limits(status: AdviceStatus) -> Mapping[str, int]:
    try:
        containers = _patch_of(status)["spec"]["template"]["spec"]["containers"]
        return {one["name"]: whole(nano(one["resources"]["limits"]["memory"])) for one in containers}
    except (KeyError, TypeError, BadInput, ValueError):
        return {}


def _has_dropped_its_selector(ref: ObjectRef, status: AdviceStatus, view: ClusterView) -> Told:
    try:
        dropped = set(_patch_of(status)["spec"]["template"]["spec"]["nodeSelector"])
    except (KeyError, TypeError):
        return None
    pods = _present_pods(ref, view)
    return not any(dropped & set(pod.node_selector) for pod in pods) if pods else None


def _patch_of(status: AdviceStatus) -> Any:  # noqa: ANN401 - a patch is any JSON
    return msgspec.json.decode(status.recommendation.patch or "{}")


def _present_pods(ref: ObjectRef, view: ClusterView) -> list[Pod]:
    workload = view.workload_by_ref.get(ref)
    return [pod for pod in workload.pods if not is_finished(pod) and pod.deleted_at is None] if workload else []


TELLS: Mapping[Action, Callable[[ObjectRef, AdviceStatus, ClusterView], Told]] = {
    Action.RELEASE_IDLE: _has_let_go,
    Action.DEFER: _has_let_go,
    Action.CORDON_NODE: _is_cordoned,
    Action.RAISE_MEMORY: _has_more_memory,
    Action.RELAX_CONSTRAINT: _has_dropped_its_selector,
}
