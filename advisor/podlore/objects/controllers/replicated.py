"""Kinds that keep a number of equal pods running: ReplicaSet, Deployment, StatefulSet, DaemonSet, LeaderWorkerSet."""

from collections.abc import Iterable

from podlore.objects.controllers.workload import PodSet, WorkloadObject, WorkloadStatus
from podlore.objects.parse import Count, Shape
from podlore.objects.pod_spec import PodTemplate


class ReplicatedSpec(Shape, frozen=True):
    """A specification with a template and a number."""

    replicas: Count | None = None
    template: PodTemplate | None = None


class LeaderWorkerTemplate(Shape, frozen=True):
    """A group of one leader and its workers; a missing leader template means the worker's."""

    leader_template: PodTemplate | None = None
    worker_template: PodTemplate | None = None
    size: Count | None = None


class LeaderWorkerSetSpec(Shape, frozen=True):
    """A LeaderWorkerSet's specification."""

    replicas: Count | None = None
    leader_worker_template: LeaderWorkerTemplate = LeaderWorkerTemplate()


class Replicated(WorkloadObject, frozen=True):
    """A ReplicaSet, Deployment or StatefulSet."""

    spec: ReplicatedSpec = ReplicatedSpec()

    def pod_sets(self) -> Iterable[PodSet]:  # noqa: D102
        return ((1 if self.spec.replicas is None else self.spec.replicas, self.spec.template),)


class DaemonSet(WorkloadObject, frozen=True):
    """A DaemonSet: its controller says on how many nodes it belongs."""

    spec: ReplicatedSpec = ReplicatedSpec()

    def pod_sets(self) -> Iterable[PodSet]:  # noqa: D102
        return (((self.status or WorkloadStatus()).desired_number_scheduled, self.spec.template),)


class LeaderWorkerSet(WorkloadObject, frozen=True):
    """A leaderworkerset.x-k8s.io LeaderWorkerSet."""

    spec: LeaderWorkerSetSpec = LeaderWorkerSetSpec()

    def pod_sets(self) -> Iterable[PodSet]:  # noqa: D102
        group = self.spec.leader_worker_template
        groups = 1 if self.spec.replicas is None else self.spec.replicas
        workers = max(0, (1 if group.size is None else group.size) - 1)
        return (groups, group.leader_template or group.worker_template), (groups * workers, group.worker_template)
