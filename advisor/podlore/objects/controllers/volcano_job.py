"""Volcano's Job: tasks that are scheduled as a gang."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from podlore.objects.controllers.workload import PodSet, WorkloadObject, WorkloadStatus
from podlore.objects.parse import Count, Few, Instant, Shape
from podlore.objects.pod_spec import PodTemplate

_FINISHED = frozenset({"Completed", "Failed", "Terminated", "Aborted"})


class Task(Shape, frozen=True):
    """A number of equal pods."""

    replicas: Count | None = None
    template: PodTemplate | None = None


class VolcanoSpec(Shape, frozen=True):
    """A Volcano Job's specification."""

    tasks: Few[Task] = None
    queue: str | None = None


class Phase(Shape, frozen=True):
    """Where a Volcano Job stands."""

    phase: str | None = None
    last_transition_time: Instant = None


class VolcanoStatus(WorkloadStatus, frozen=True):
    """A Volcano Job's status."""

    state: Phase = Phase()


class VolcanoJob(WorkloadObject, frozen=True):
    """A batch.volcano.sh Job."""

    spec: VolcanoSpec = VolcanoSpec()
    status: VolcanoStatus | None = None

    queue_label: ClassVar[str] = "volcano.sh/queue-name"

    def pod_sets(self) -> Iterable[PodSet]:  # noqa: D102
        return tuple((1 if task.replicas is None else task.replicas, task.template) for task in self.spec.tasks or ())

    def queue(self) -> str:  # noqa: D102
        return self.spec.queue or ""

    def finished(self) -> datetime | None:  # noqa: D102
        state = (self.status or VolcanoStatus()).state
        return state.last_transition_time if state.phase in _FINISHED else None
