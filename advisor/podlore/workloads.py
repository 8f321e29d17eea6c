"""Pods and controllers come in; the top-level workloads that people know leave.

`top_level` is asked for single pods, by ``podlore.cluster_state`` when it records a start or a failure; `roll_up` for
a whole snapshot, by ``podlore.view``. Advice is about these workloads, never about the third ReplicaSet of one.

A pod belongs to the top of its chain of controllers. Where the chain is cut, because the owner was not seen or is a
pod itself (LeaderWorkerSet), the group labels of the workload APIs tell the rest; bare pods may be gathered by a
scheduler's pod group. The labels are those of the projects' own documentation, read in 2026.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from podlore.vocabulary import Controller, ObjectRef, Pod, Workload


class Api(NamedTuple):
    """A kind of object: its group, kind and version."""

    group: str
    kind: str
    version: str = "v1"

    def named(self, namespace: str, name: str) -> ObjectRef:
        """Return the object of this kind with that name; its uid is not known."""
        return ObjectRef(self.group, self.kind, namespace, name, self.version)


JOB_SET = Api("jobset.x-k8s.io", "JobSet", "v1alpha2")
LEADER_WORKER_SET = Api("leaderworkerset.x-k8s.io", "LeaderWorkerSet")
RAY_CLUSTER = Api("ray.io", "RayCluster")
VOLCANO_JOB = Api("batch.volcano.sh", "Job", "v1alpha1")
KUEUE_WORKLOAD = Api("kueue.x-k8s.io", "Workload", "v1beta1")
KAI_POD_GROUP = Api("scheduling.run.ai", "PodGroup", "v2alpha2")
VOLCANO_POD_GROUP = Api("scheduling.volcano.sh", "PodGroup", "v1beta1")
COSCHEDULING_POD_GROUP = Api("scheduling.x-k8s.io", "PodGroup", "v1alpha1")
DEPLOYMENT = Api("apps", "Deployment")
JOB = Api("batch", "Job")

KUBEFLOW = "kubeflow.org"
KUBEFLOW_KINDS = ("PyTorchJob", "MPIJob", "TFJob", "XGBoostJob", "PaddleJob", "JAXJob")

GANG_KINDS = frozenset(
    {(KUBEFLOW, kind) for kind in KUBEFLOW_KINDS}
    | {
        (api.group, api.kind)
        for api in (
            JOB_SET,
            LEADER_WORKER_SET,
            VOLCANO_JOB,
            KUEUE_WORKLOAD,
            KAI_POD_GROUP,
            VOLCANO_POD_GROUP,
            COSCHEDULING_POD_GROUP,
        )
    }
    | {("trainer.kubeflow.org", "TrainJob")}
)
"""Kinds whose pods only help together."""

ROLL_UP = GANG_KINDS | {
    ("", "Pod"),
    ("", "ReplicationController"),
    ("batch", "Job"),
    ("batch", "CronJob"),
    ("apps", "Deployment"),
    ("apps", "ReplicaSet"),
    ("apps", "StatefulSet"),
    ("apps", "DaemonSet"),
    ("ray.io", "RayCluster"),
    ("ray.io", "RayJob"),
    ("ray.io", "RayService"),
    ("workload.codeflare.dev", "AppWrapper"),
}
"""Kinds (group, kind) that may own advice: they are deleted with the work that the advice is about."""

NO_WORKLOADS = frozenset({"Node", "ClusterPolicy", "NicClusterPolicy"})
"""Kinds that control pods or DaemonSets and are no work of anybody: mirror pods belong to their node."""

GROUP_LABELS: tuple[tuple[str, Api], ...] = (
    ("leaderworkerset.sigs.k8s.io/name", LEADER_WORKER_SET),
    ("jobset.sigs.k8s.io/jobset-name", JOB_SET),
    ("ray.io/cluster", RAY_CLUSTER),
    ("volcano.sh/job-name", VOLCANO_JOB),
    ("batch.kubernetes.io/job-name", JOB),
)
"""Labels that a workload API puts on its pods, for chains that are cut; the widest first."""

POD_GROUP_LABELS: tuple[tuple[str, Api], ...] = (
    ("kueue.x-k8s.io/pod-group-name", KUEUE_WORKLOAD),
    ("pod-group-name", KAI_POD_GROUP),
    ("kai.scheduler/pod-group-name", KAI_POD_GROUP),
    ("scheduling.x-k8s.io/pod-group", COSCHEDULING_POD_GROUP),
    ("scheduling.k8s.io/group-name", VOLCANO_POD_GROUP),
)
"""Labels or annotations that gather pods without a controller for a gang scheduler."""

GANG_LABELS = (
    "kueue.x-k8s.io/pod-group-name",
    "scheduling.x-k8s.io/pod-group",
    "scheduling.k8s.io/group-name",
)
"""Labels or annotations by which people ask for all pods at once, whatever kind controls them."""

POD_GROUP_SIZE = "kueue.x-k8s.io/pod-group-total-count"
COUNT_DIGITS_MAX = 6
COMPLETION_INDEX = "batch.kubernetes.io/job-completion-index"
QUEUE_LABELS = ("kueue.x-k8s.io/queue-name", "kai.scheduler/queue", "volcano.sh/queue-name")


def pod_ref(pod: Pod) -> ObjectRef:
    """Return the reference to a pod."""
    return ObjectRef("", "Pod", pod.namespace, pod.name, "v1", pod.uid)


def top_level(pod: Pod, controllers_by_uid: Mapping[str, Controller]) -> ObjectRef:
    """Return the workload that a pod belongs to; the pod itself where nothing controls or gathers it.

    >>> pod = Pod("vision", "train-7f9c-x2x", "u1", 0.0, labels={"pod-template-hash": "7f9c"},
    ...           controller=ObjectRef("apps", "ReplicaSet", "vision", "train-7f9c"))
    >>> str(top_level(pod, {}))
    'vision/Deployment/train'
    """
    top = _climb(pod.controller, controllers_by_uid)
    if top is not None and top.uid in controllers_by_uid:
        return top
    return _by_label(pod, top) or top or _by_pod_group(pod) or pod_ref(pod)


def roll_up(pods: Iterable[Pod], controllers: Iterable[Controller]) -> tuple[Workload, ...]:
    """Return the top-level workloads, sorted by reference; suspended ones without pods are among them.

    Examples
    --------
    >>> suspended = Controller(ObjectRef("batch", "Job", "nlp", "tune"), 0.0, is_suspended=True)
    >>> [(str(w.ref), len(w.pods)) for w in roll_up([Pod("nlp", "p", "u", 0.0)], [suspended])]
    [('nlp/Pod/p', 1), ('nlp/Job/tune', 0)]
    """
    controllers = sorted(controllers, key=lambda controller: (controller.ref, controller.ref.uid))
    by_uid = {controller.ref.uid: controller for controller in controllers if controller.ref.uid}
    by_ref = {controller.ref: controller for controller in controllers}
    members: defaultdict[ObjectRef, list[Pod]] = defaultdict(list)
    for pod in pods:
        members[top_level(pod, by_uid)].append(pod)
    for ref, controller in by_ref.items():
        if _waits_without_pods(controller):
            members.setdefault(ref, [])
    return tuple(_workload(by_ref.get(ref), ref, members[ref]) for ref in sorted(members))


def is_finished(pod: Pod) -> bool:
    """Say whether a pod has ended for good, so that it holds nothing any more."""
    return pod.phase in {"Succeeded", "Failed"}


def _waits_without_pods(controller: Controller) -> bool:
    """Say whether this is work that was held back; a suspended CronJob is a schedule, and no work."""
    may_wait = (controller.ref.group, controller.ref.kind) in ROLL_UP and controller.ref.kind != "CronJob"
    return may_wait and controller.is_suspended and controller.controller is None and controller.finished_at is None


def _workload(controller: Controller | None, ref: ObjectRef, pods: list[Pod]) -> Workload:
    pods = sorted(pods, key=lambda pod: (pod.namespace, pod.name, pod.uid))
    wanted = _pods_wanted(controller, pods)
    return Workload(
        ref=controller.ref if controller else ref,
        pods=tuple(pods),
        created_at=controller.created_at if controller else min(pod.created_at for pod in pods),
        pods_wanted=wanted,
        is_gang=wanted > 1 and _is_gang(ref, pods),
        is_suspended=controller.is_suspended if controller else False,
        deadline_seconds=controller.deadline_seconds if controller else None,
        queue=_queue(controller, pods),
    )


def _pods_wanted(controller: Controller | None, pods: list[Pod]) -> int:
    """Return how many pods run at once: what the controller says, a pod group's size, else the unfinished pods."""
    if controller and controller.pods_wanted:
        return controller.pods_wanted
    sizes = [int(size) for pod in pods if _is_count(size := pod.annotations.get(POD_GROUP_SIZE, ""))]
    return max([sum(not is_finished(pod) for pod in pods), *sizes])


def _is_count(text: str) -> bool:
    return text.isdecimal() and len(text) <= COUNT_DIGITS_MAX


def _is_gang(ref: ObjectRef, pods: list[Pod]) -> bool:
    if (ref.group, ref.kind) in GANG_KINDS:
        return True
    return any(_tells(pod, COMPLETION_INDEX) or any(_tells(pod, label) for label in GANG_LABELS) for pod in pods)


def _tells(pod: Pod, key: str) -> bool:
    return key in pod.labels or key in pod.annotations


def _queue(controller: Controller | None, pods: list[Pod]) -> str:
    labels = [controller.labels] if controller else []
    labels += [pod.labels for pod in pods[:1]]
    return next((mapping[key] for mapping in labels for key in QUEUE_LABELS if mapping.get(key)), "")


def _climb(ref: ObjectRef | None, controllers_by_uid: Mapping[str, Controller]) -> ObjectRef | None:
    """Follow controllers upwards as far as they are known; a loop, which only hostile objects form, ends the climb."""
    top, visited = None, set[str]()
    while ref is not None and ref.kind not in NO_WORKLOADS and ref.uid not in visited:
        top = ref
        visited.add(ref.uid)
        controller = controllers_by_uid.get(ref.uid) if ref.uid else None
        ref = controller.controller if controller else None
    return top


def _by_label(pod: Pod, cut_at: ObjectRef | None) -> ObjectRef | None:
    """Complete a chain that was cut at an owner which was not seen."""
    if cut_at is None or (cut_at.group, cut_at.kind) in GANG_KINDS:
        return None
    for label, api in GROUP_LABELS:
        if (name := pod.labels.get(label)) and name != cut_at.name:
            return api.named(pod.namespace, name)
    return _deployment_of(pod, cut_at)


def _deployment_of(pod: Pod, cut_at: ObjectRef) -> ObjectRef | None:
    """Name the Deployment of a ReplicaSet that was not seen: it appends the template's hash to its own name."""
    suffix = f"-{pod.labels.get('pod-template-hash', '')}"
    if cut_at.kind != "ReplicaSet" or len(suffix) == 1 or not cut_at.name.endswith(suffix):
        return None
    return DEPLOYMENT.named(pod.namespace, cut_at.name.removesuffix(suffix))


def _by_pod_group(pod: Pod) -> ObjectRef | None:
    for key, api in POD_GROUP_LABELS:
        if name := pod.labels.get(key) or pod.annotations.get(key):
            return api.named(pod.namespace, name)
    return None
