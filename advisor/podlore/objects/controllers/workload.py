"""What all workload kinds have in common: the shape that each kind's file fills in."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from podlore.objects.metadata import Metadata
from podlore.objects.node import ConditionObject
from podlore.objects.parse import Count, Few, Instant, Shape
from podlore.objects.pod_spec import PodTemplate

PodSet = tuple[int, PodTemplate | None]

_FINISHED = frozenset({"Complete", "Completed", "Succeeded", "Failed", "Finished"})


class WorkloadStatus(Shape, frozen=True):
    """The part of the status that many kinds share."""

    conditions: Few[ConditionObject] = None
    completion_time: Instant = None
    desired_number_scheduled: Count = 0
    end_time: Instant = None
    succeeded: Count | None = None


class Present(Shape, frozen=True):
    """Something that is there, whatever is in it."""


class Head(Shape, frozen=True):
    """What an object says it is."""

    api_version: str = ""
    kind: str = ""
    spec: Present | None = None


class WorkloadObject(Shape, frozen=True):
    """A workload object; alone it serves objects of which only the metadata was seen."""

    metadata: Metadata
    status: WorkloadStatus | None = None

    # The label under which other kinds name their queue.
    queue_label: ClassVar[str] = ""

    def pod_sets(self) -> Iterable[PodSet]:
        """Return how many pods of which template run at once when all is well."""
        return ()

    def is_suspended(self) -> bool:
        """Say whether somebody or some queue holds the workload back."""
        return False

    def deadline_seconds(self) -> int | None:
        """Return how long it may run, in wall time."""
        return None

    def queue(self) -> str:
        """Return the queue that its specification names."""
        return ""

    def finished(self) -> datetime | None:
        """Return when it ended, well or not."""
        status = self.status or WorkloadStatus()
        ends = (
            condition.last_transition_time
            for condition in status.conditions or ()
            if condition.type in _FINISHED and condition.status == "True"
        )
        return status.completion_time or status.end_time or next(ends, None)


class Suspendable(Shape, frozen=True):
    """A specification that can be held back and bounded in time."""

    suspend: bool | None = None
    active_deadline_seconds: Count | None = None
