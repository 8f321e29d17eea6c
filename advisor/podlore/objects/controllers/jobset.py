"""JobSets: several kinds of Jobs that run as one."""

from collections.abc import Iterable

from podlore.objects.controllers.job import JobTemplate
from podlore.objects.controllers.workload import PodSet, Suspendable, WorkloadObject
from podlore.objects.parse import Count, Few, Shape


class ReplicatedJob(Shape, frozen=True):
    """A number of equal Jobs."""

    replicas: Count | None = None
    template: JobTemplate = JobTemplate()


class JobSetSpec(Suspendable, frozen=True):
    """A JobSet's specification."""

    replicated_jobs: Few[ReplicatedJob] = None


class JobSet(WorkloadObject, frozen=True):
    """A jobset.x-k8s.io JobSet."""

    spec: JobSetSpec = JobSetSpec()

    def pod_sets(self) -> Iterable[PodSet]:  # noqa: D102
        for jobs in self.spec.replicated_jobs or ():
            pods, template = jobs.template.spec.pod_set()
            yield (1 if jobs.replicas is None else jobs.replicas) * pods, template

    def is_suspended(self) -> bool:  # noqa: D102
        return bool(self.spec.suspend)
