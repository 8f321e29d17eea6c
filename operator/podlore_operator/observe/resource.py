"""What the operator watches: each kind's place in the API, and the reader that turns its objects into nouns."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from podlore.clock import Clock
from podlore.cluster_state import Seen
from podlore.objects import read_controller, read_disruption_budget, read_event, read_node, read_pod

Reader = Callable[[object, Clock], Seen]


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind to watch in all namespaces.

    ``kind`` is the name under which ClusterState files it. Where ``metadata_only``, the server is asked for
    PartialObjectMetadata. An optional kind may be absent, or refused, without anything being wrong.
    """

    kind: str
    path: str
    read: Reader
    metadata_only: bool = False
    optional: bool = False

    def accept(self, as_kind: str) -> str:
        """Return the Accept header; ``as_kind`` is the kind of answer to ask for where metadata is all we want."""
        return f"application/json;as={as_kind};g=meta.k8s.io;v=v1" if self.metadata_only else "application/json"


def controllers(
    api_version: str, kind: str, plural: str, *, metadata_only: bool = False, optional: bool = False
) -> Resource:
    """Return the resource of a workload kind.

    >>> controllers("batch/v1", "Job", "jobs").path, controllers("batch/v1", "Job", "jobs").kind
    ('/apis/batch/v1/jobs', 'Job.batch')
    """
    group = api_version.partition("/")[0]
    read = partial(read_controller, api_version=api_version, kind=kind)
    return Resource(f"{kind}.{group}", f"/apis/{api_version}/{plural}", read, metadata_only, optional)


BASIC: tuple[Resource, ...] = (
    Resource("Node", "/api/v1/nodes", read_node),
    Resource("Pod", "/api/v1/pods", read_pod),
    Resource("Event", "/api/v1/events", read_event),
    Resource("DisruptionBudget", "/apis/policy/v1/poddisruptionbudgets", read_disruption_budget),
    controllers("batch/v1", "Job", "jobs"),
    controllers("batch/v1", "CronJob", "cronjobs"),
    controllers("apps/v1", "Deployment", "deployments"),
    controllers("apps/v1", "StatefulSet", "statefulsets"),
    controllers("apps/v1", "DaemonSet", "daemonsets"),
    # Ten old ones lie around for each Deployment, and all that matters is whose they are.
    controllers("apps/v1", "ReplicaSet", "replicasets", metadata_only=True),
)
"""Kinds that every cluster serves."""

WORKLOADS: tuple[Resource, ...] = tuple(
    controllers(api_version, kind, plural, optional=True)
    for api_version, kind, plural in (
        ("jobset.x-k8s.io/v1alpha2", "JobSet", "jobsets"),
        ("kubeflow.org/v1", "PyTorchJob", "pytorchjobs"),
        ("kubeflow.org/v1", "TFJob", "tfjobs"),
        ("kubeflow.org/v1", "XGBoostJob", "xgboostjobs"),
        ("kubeflow.org/v1", "PaddleJob", "paddlejobs"),
        ("kubeflow.org/v1", "JAXJob", "jaxjobs"),
        ("kubeflow.org/v2beta1", "MPIJob", "mpijobs"),
        ("trainer.kubeflow.org/v1alpha1", "TrainJob", "trainjobs"),
        ("ray.io/v1", "RayCluster", "rayclusters"),
        ("ray.io/v1", "RayJob", "rayjobs"),
        ("ray.io/v1", "RayService", "rayservices"),
        ("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", "leaderworkersets"),
        ("kueue.x-k8s.io/v1beta1", "Workload", "workloads"),
        ("batch.volcano.sh/v1alpha1", "Job", "jobs"),
    )
)
"""Kinds that a cluster serves if somebody installed them."""
