"""Previews of patches: what following an advice would look like, as ``kubectl patch`` takes it.

A preview is given only where it is right whatever else the object holds, and empty otherwise. Lists are patched only
in kinds that ``kubectl patch`` merges by name (a strategic merge); a plain merge patch would replace them. A Job's
template cannot be changed, and what a queue suspends or wakes is the queue's business.
"""

import json
from collections.abc import Mapping
from typing import Any

from podlore.advice.conditions import MIB, RAISED_RATIO, killed_containers
from podlore.advice.right_size import right_size
from podlore.patterns.reason import lifting
from podlore.patterns.waiting import waiting_of
from podlore.topology import Constraint
from podlore.topology.room import fits
from podlore.view import ClusterView
from podlore.vocabulary import Action, Finding, Resources, Workload

Patch = Mapping[str, Any]
NOTHING: Patch = {}

SUSPEND: Patch = {"spec": {"suspend": True}}
SUSPEND_RUN: Patch = {"spec": {"runPolicy": {"suspend": True}}}
SCALE_TO_ZERO: Patch = {"spec": {"replicas": 0}}
RELEASES: Mapping[tuple[str, str], Patch] = {
    ("batch", "Job"): SUSPEND,
    ("jobset.x-k8s.io", "JobSet"): SUSPEND,
    ("ray.io", "RayJob"): SUSPEND,
    ("ray.io", "RayCluster"): SUSPEND,
    ("trainer.kubeflow.org", "TrainJob"): SUSPEND,
    **{("kubeflow.org", kind): SUSPEND_RUN for kind in ("PyTorchJob", "MPIJob", "TFJob", "XGBoostJob", "PaddleJob")},
    ("apps", "Deployment"): SCALE_TO_ZERO,
    ("apps", "StatefulSet"): SCALE_TO_ZERO,
    ("leaderworkerset.x-k8s.io", "LeaderWorkerSet"): SCALE_TO_ZERO,
}
"""How each kind lets go of its pods; a ReplicaSet or pod of somebody's own has no such switch."""
TEMPLATED = frozenset({("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "DaemonSet")})
"""Kinds whose template may change and whose containers are merged by name."""
CORDON: Patch = {"spec": {"unschedulable": True}}
ONE_RUN_AT_A_TIME: Patch = {"spec": {"concurrencyPolicy": "Forbid"}}


def preview(view: ClusterView, finding: Finding, action: Action) -> str:
    """Return the patch as JSON; empty where there is none that is surely right."""
    patch = _patch(view, finding, action)
    return json.dumps(patch, separators=(",", ":"), sort_keys=True) if patch else ""


def _patch(view: ClusterView, finding: Finding, action: Action) -> Patch:  # noqa: PLR0911 - a table of actions
    if action is Action.CORDON_NODE:
        return CORDON if finding.target.name in view.nodes else NOTHING
    workload = view.workload_by_ref.get(finding.target)
    if workload is None:
        return NOTHING
    match action:
        case Action.RELEASE_IDLE | Action.DEFER:
            return _release(view, workload)
        case Action.BREAK_REQUEUE_LOOP:
            return ONE_RUN_AT_A_TIME if _kind(workload) == ("batch", "CronJob") else _release(view, workload)
        case Action.RAISE_MEMORY:
            return _raise_memory(view, workload)
        case Action.RIGHT_SIZE:
            return right_size(view, workload, finding.cause) if _kind(workload) in TEMPLATED else NOTHING
        case Action.RELAX_CONSTRAINT:
            return _relax(view, workload)
    return NOTHING


def _kind(workload: Workload) -> tuple[str, str]:
    return workload.ref.group, workload.ref.kind


def _release(view: ClusterView, workload: Workload) -> Patch:
    known = view.controllers_by_ref.get(workload.ref)
    if known is None or workload.queue:
        return NOTHING
    return RELEASES.get(_kind(workload), NOTHING)


def _raise_memory(view: ClusterView, workload: Workload) -> Patch:
    """Raise the limits of the containers that were killed by half, if a node can still hold the pod."""
    if _kind(workload) not in TEMPLATED:
        return NOTHING
    killed = killed_containers(workload.pods)
    raised = {name: _raised(container.memory_limit_bytes) for name, container in sorted(killed.items())}
    if not raised or any(c.is_init for c in killed.values()) or not _some_node_holds(view, sum(raised.values())):
        return NOTHING
    containers = [{"name": name, "resources": {"limits": {"memory": f"{mib}Mi"}}} for name, mib in raised.items()]
    return {"spec": {"template": {"spec": {"containers": containers}}}}


def _raised(limit_bytes: int) -> int:
    """Return the new limit in MiB, rounded up.

    >>> _raised(2 * 2**30)
    3072
    """
    return -int(-limit_bytes * RAISED_RATIO // MIB)


def _some_node_holds(view: ClusterView, mib: int) -> bool:
    wanted = Resources(memory_bytes=mib * MIB)
    return any(fits(wanted, node.allocatable) for node in view.nodes.values())


def _relax(view: ClusterView, workload: Workload) -> Patch:
    """Drop the node selector's key that keeps the workload out; other constraints stand in lists."""
    one = waiting_of(view, workload)
    lifted = lifting(view, one.largest)[0] if one and one.largest else None
    if lifted is None or lifted.constraint is not Constraint.SELECTOR:
        return NOTHING
    if _kind(workload) not in TEMPLATED:
        return NOTHING
    key = lifted.subject.partition("=")[0]
    return {"spec": {"template": {"spec": {"nodeSelector": {key: None}}}}}
