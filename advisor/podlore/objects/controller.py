"""Workload objects of every known kind: a Kubernetes object comes in, a `Controller` leaves.

Also PartialObjectMetadata, and kinds that are not in `SHAPES`: their owner references alone serve the roll-up from a
pod to its workload. Called by the reflector for every workload object it sees.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from podlore.clock import Clock
from podlore.errors import BadInput
from podlore.objects.controllers.job import CronJob, Job
from podlore.objects.controllers.jobset import JobSet
from podlore.objects.controllers.kubeflow import TrainingJob, TrainJob
from podlore.objects.controllers.kueue_workload import KueueWorkload
from podlore.objects.controllers.ray import RayCluster, RayOwner
from podlore.objects.controllers.replicated import DaemonSet, LeaderWorkerSet, Replicated
from podlore.objects.controllers.volcano_job import VolcanoJob
from podlore.objects.controllers.workload import Head, PodSet, WorkloadObject
from podlore.objects.metadata import controller_of, created_at, group_and_version
from podlore.objects.node import conditions_of
from podlore.objects.parse import naming, parse, trace_time
from podlore.objects.pod_requests import pod_requests
from podlore.objects.pod_spec import PodTemplate
from podlore.objects.text import clean, clean_map
from podlore.vocabulary import Controller, ObjectRef, Resources

SHAPES: Mapping[tuple[str, str], type[WorkloadObject]] = MappingProxyType(
    {
        ("apps", "DaemonSet"): DaemonSet,
        ("apps", "Deployment"): Replicated,
        ("apps", "ReplicaSet"): Replicated,
        ("apps", "StatefulSet"): Replicated,
        ("batch", "CronJob"): CronJob,
        ("batch", "Job"): Job,
        ("batch.volcano.sh", "Job"): VolcanoJob,
        ("jobset.x-k8s.io", "JobSet"): JobSet,
        ("kubeflow.org", "JAXJob"): TrainingJob,
        ("kubeflow.org", "MPIJob"): TrainingJob,
        ("kubeflow.org", "PaddleJob"): TrainingJob,
        ("kubeflow.org", "PyTorchJob"): TrainingJob,
        ("kubeflow.org", "TFJob"): TrainingJob,
        ("kubeflow.org", "XGBoostJob"): TrainingJob,
        ("kueue.x-k8s.io", "Workload"): KueueWorkload,
        ("leaderworkerset.x-k8s.io", "LeaderWorkerSet"): LeaderWorkerSet,
        ("ray.io", "RayCluster"): RayCluster,
        ("ray.io", "RayJob"): RayOwner,
        ("ray.io", "RayService"): RayOwner,
        ("trainer.kubeflow.org", "TrainJob"): TrainJob,
    }
)


def read_controller(obj: object, clock: Clock, *, api_version: str = "", kind: str = "") -> Controller:
    """Return the workload object that ``obj`` (JSON bytes, or the same parsed) describes.

    Parameters
    ----------
    obj
        The object, or its PartialObjectMetadata.
    clock
        Converts the API server's wall times, and deadlines, to trace time.
    api_version, kind
        What the object is where it does not say so: items of a list, and PartialObjectMetadata.

    Raises
    ------
    BadInput
        With the path of the field that is wrong.

    Examples
    --------
    >>> job = read_controller({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "train", "uid": "u1",
    ...     "namespace": "vision", "creationTimestamp": "2026-11-23T10:00:00Z"}, "spec": {"parallelism": 4}}, Clock())
    >>> str(job.ref), job.pods_wanted
    ('vision/Job/train', 4)
    """
    head = parse(obj, Head)
    if head.kind != "PartialObjectMetadata":
        api_version, kind = api_version or head.api_version, kind or head.kind
    if not kind:
        raise BadInput("a workload object must say its kind - at `$.kind`")
    group, version = group_and_version(clean(api_version, 253) or "v1")
    shape = SHAPES.get((group, kind), WorkloadObject) if head.spec else WorkloadObject
    found = parse(obj, shape)
    with naming(f"{clean(kind, 253)} {found.metadata.namespace}/{found.metadata.name}"):
        metadata = found.metadata
        ref = ObjectRef(group, clean(kind, 253), metadata.namespace or "", metadata.name, version, metadata.uid)
        return _controller(found, ref, clock)


def _controller(found: WorkloadObject, ref: ObjectRef, clock: Clock) -> Controller:
    pod_sets = tuple(found.pod_sets())
    deadline = found.deadline_seconds()
    return Controller(
        ref=ref,
        created_at=created_at(found.metadata, clock),
        controller=controller_of(found.metadata),
        labels=_labels(found),
        annotations=clean_map(found.metadata.annotations),
        pods_wanted=sum(count for count, _ in pod_sets),
        is_suspended=found.is_suspended(),
        finished_at=trace_time(found.finished(), clock),
        deadline_seconds=None if deadline is None else deadline * clock.scale,
        requests=_together(pod_sets),
        conditions=conditions_of(found.status.conditions if found.status else None, clock),
        pods_succeeded=(found.status.succeeded or 0) if found.status else 0,
    )


def _labels(found: WorkloadObject) -> dict[str, str]:
    """Return the labels, with the queue under the label that says it on kinds without such a field."""
    queue = clean(found.queue(), 253)
    return {**clean_map(found.metadata.labels), **({found.queue_label: queue} if queue else {})}


def _together(pod_sets: Iterable[PodSet]) -> Resources:
    total = Resources()
    for count, template in pod_sets:
        one = _template_requests(template)
        total = Resources(
            total.cpu_milli + count * one.cpu_milli,
            total.memory_bytes + count * one.memory_bytes,
            total.gpu_milli + count * one.gpu_milli,
        )
    return total


def _template_requests(template: PodTemplate | None) -> Resources:
    if template is None or template.spec is None:
        return Resources()
    annotations = template.metadata.annotations if template.metadata else None
    return pod_requests(template.spec, clean_map(annotations))[0]
