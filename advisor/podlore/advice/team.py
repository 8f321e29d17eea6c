"""Whose a workload is: the team that reads advice about it.

Told by a label, on the workload or on its pods, else by its queue; `podlore.advice.cap` counts by it.
"""

from podlore.view import ClusterView
from podlore.vocabulary import ObjectRef

TEAM_LABELS = ("podlore.io/team", "app.kubernetes.io/team", "team", "kueue.x-k8s.io/queue-name")


def team_of(view: ClusterView, target: ObjectRef) -> str:
    """Return the team of a target; empty where nothing tells.

    >>> from podlore.testing import job, pod, snapshot
    >>> train = job(labels={"team": "perception"})
    >>> team_of(ClusterView(snapshot(controllers=(train,), pods=(pod(controller=train.ref),))), train.ref)
    'perception'
    """
    controller = view.controllers_by_ref.get(target)
    workload = view.workload_by_ref.get(target)
    labelled = [controller.labels] if controller else []
    labelled += [pod.labels for pod in workload.pods[:1]] if workload else []
    told = next((labels[key] for labels in labelled for key in TEAM_LABELS if labels.get(key)), "")
    return told or (workload.queue if workload else "")
