"""Ray clusters, and the jobs and services that bring their own."""

from collections.abc import Iterable

from podlore.objects.controllers.workload import PodSet, Suspendable, WorkloadObject
from podlore.objects.parse import Count, Few, Shape
from podlore.objects.pod_spec import PodTemplate


class HeadGroup(Shape, frozen=True):
    """The head of a cluster: one pod."""

    template: PodTemplate | None = None


class WorkerGroup(Shape, frozen=True):
    """A group of workers; a replica may span several hosts."""

    replicas: Count | None = None
    num_of_hosts: Count | None = None
    template: PodTemplate | None = None


class ClusterSpec(Suspendable, frozen=True):
    """A Ray cluster's specification."""

    head_group_spec: HeadGroup | None = None
    worker_group_specs: Few[WorkerGroup] = None

    def pod_sets(self) -> Iterable[PodSet]:
        """Return the head and the workers."""
        if self.head_group_spec:
            yield 1, self.head_group_spec.template
        for group in self.worker_group_specs or ():
            hosts = 1 if group.num_of_hosts is None else group.num_of_hosts
            yield (group.replicas or 0) * hosts, group.template


class OwnerSpec(Suspendable, frozen=True):
    """A RayJob's or RayService's specification, with the cluster that it makes."""

    ray_cluster_spec: ClusterSpec | None = None
    ray_cluster_config: ClusterSpec | None = None


class RayCluster(WorkloadObject, frozen=True):
    """A ray.io RayCluster."""

    spec: ClusterSpec = ClusterSpec()

    def pod_sets(self) -> Iterable[PodSet]:  # noqa: D102
        return self.spec.pod_sets()

    def is_suspended(self) -> bool:  # noqa: D102
        return bool(self.spec.suspend)


class RayOwner(WorkloadObject, frozen=True):
    """A ray.io RayJob or RayService."""

    spec: OwnerSpec = OwnerSpec()

    def pod_sets(self) -> Iterable[PodSet]:  # noqa: D102
        cluster = self.spec.ray_cluster_spec or self.spec.ray_cluster_config
        return cluster.pod_sets() if cluster else ()

    def is_suspended(self) -> bool:  # noqa: D102
        return bool(self.spec.suspend)

    def deadline_seconds(self) -> int | None:  # noqa: D102
        return self.spec.active_deadline_seconds
