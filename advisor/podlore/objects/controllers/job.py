"""Jobs and cron jobs of the batch API."""

from collections.abc import Iterable

from podlore.objects.controllers.workload import PodSet, Suspendable, WorkloadObject
from podlore.objects.parse import Count, Shape
from podlore.objects.pod_spec import PodTemplate


class JobSpec(Suspendable, frozen=True):
    """A Job's specification; at most ``completions`` pods of ``parallelism`` are of use."""

    parallelism: Count | None = None
    completions: Count | None = None
    template: PodTemplate | None = None

    def pod_set(self) -> PodSet:
        """Return how many pods of the template run at once."""
        wanted = 1 if self.parallelism is None else self.parallelism
        return (wanted if self.completions is None else min(wanted, self.completions)), self.template


class JobTemplate(Shape, frozen=True):
    """What a cron job or a JobSet makes Jobs from."""

    spec: JobSpec = JobSpec()


class CronJobSpec(Shape, frozen=True):
    """A CronJob's specification."""

    suspend: bool | None = None
    job_template: JobTemplate = JobTemplate()


class Job(WorkloadObject, frozen=True):
    """A batch/v1 Job."""

    spec: JobSpec = JobSpec()

    def pod_sets(self) -> Iterable[PodSet]:  # noqa: D102
        return (self.spec.pod_set(),)

    def is_suspended(self) -> bool:  # noqa: D102
        return bool(self.spec.suspend)

    def deadline_seconds(self) -> int | None:  # noqa: D102
        return self.spec.active_deadline_seconds


class CronJob(WorkloadObject, frozen=True):
    """A batch/v1 CronJob: one run of it."""

    spec: CronJobSpec = CronJobSpec()

    def pod_sets(self) -> Iterable[PodSet]:  # noqa: D102
        return (self.spec.job_template.spec.pod_set(),)

    def is_suspended(self) -> bool:  # noqa: D102
        return bool(self.spec.suspend)

    def deadline_seconds(self) -> int | None:  # noqa: D102
        return self.spec.job_template.spec.active_deadline_seconds
