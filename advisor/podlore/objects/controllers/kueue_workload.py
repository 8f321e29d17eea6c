"""Kueue's Workload: the queue's view of a job; its owner is the job itself."""

from collections.abc import Iterable
from typing import ClassVar

from podlore.objects.controllers.workload import PodSet, WorkloadObject
from podlore.objects.parse import Count, Few, Shape
from podlore.objects.pod_spec import PodTemplate


class PodSetSpec(Shape, frozen=True):
    """A number of equal pods."""

    count: Count = 1
    template: PodTemplate | None = None


class KueueSpec(Shape, frozen=True):
    """A Workload's specification."""

    pod_sets: Few[PodSetSpec] = None
    queue_name: str | None = None
    active: bool | None = None


class KueueWorkload(WorkloadObject, frozen=True):
    """A kueue.x-k8s.io Workload; it is held back while it is inactive or has no quota."""

    spec: KueueSpec = KueueSpec()

    queue_label: ClassVar[str] = "kueue.x-k8s.io/queue-name"

    def pod_sets(self) -> Iterable[PodSet]:  # noqa: D102
        return tuple((pods.count, pods.template) for pods in self.spec.pod_sets or ())

    def is_suspended(self) -> bool:  # noqa: D102
        conditions = (self.status.conditions if self.status else None) or ()
        admitted = any(condition.type == "Admitted" and condition.status == "True" for condition in conditions)
        return self.spec.active is False or not admitted

    def queue(self) -> str:  # noqa: D102
        return self.spec.queue_name or ""
