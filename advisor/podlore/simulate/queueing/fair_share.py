"""Fair share with quotas and borrowing between tenants, as Kueue does in a cohort.

Each tenant has the same nominal quota (the cluster divided by the tenants seen so far). A job is admitted within its
tenant's quota, or borrows what others leave idle; who borrows least relative to its quota goes first (Kueue's fair
sharing). A tenant below its quota takes back what others borrowed: their latest admissions are preempted.

Source: Kueue v0.13, "Fair sharing" and "Preemption" (reclaimWithinCohort: Any, borrowing without limit).
"""

from collections import Counter
from collections.abc import Mapping

from podlore.simulate.queueing.placing import keep_or_place
from podlore.simulate.queueing.schedulable import Schedulable


class FairShare:
    """Equal nominal quotas, borrowing within one cohort, reclaim by preemption of borrowers."""

    def __init__(self) -> None:
        self._tenants: set[str] = set()
        self._admitted: dict[str, int] = {}

    def allocate(
        self, now: int, jobs: Mapping[str, Schedulable], before: Mapping[str, list[int]], gpus_by_node: list[int]
    ) -> dict[str, list[int]]:
        """Return the node of each replica of each job that runs in the next round."""
        self._tenants |= {job.tenant for job in jobs.values()}
        total = sum(gpus_by_node)
        quota = total / len(self._tenants)
        self._admitted = {name: at for name, at in self._admitted.items() if name in jobs}
        held = Counter[str]()
        for name in self._admitted:
            held[jobs[name].tenant] += jobs[name].replicas
        waiting = sorted((name for name in jobs if name not in self._admitted), key=lambda n: jobs[n].submitted_at)
        while (first := self._next(waiting, jobs, held, quota)) is not None:
            waiting.remove(first)
            job = jobs[first]
            missing = job.replicas - (total - held.total())
            if missing > 0 and held[job.tenant] + job.replicas <= quota:
                missing -= self._reclaim(job.tenant, missing, jobs, held, quota)
            if missing <= 0:
                held[job.tenant] += job.replicas
                self._admitted[first] = now
        return keep_or_place(self._admitted, jobs, before, gpus_by_node)

    @staticmethod
    def _next(waiting: list[str], jobs: Mapping[str, Schedulable], held: Counter[str], quota: float) -> str | None:
        """Return the first job of the tenant that would use the least of its quota with it."""
        heads: dict[str, str] = {}
        for name in waiting:
            heads.setdefault(jobs[name].tenant, name)
        return min(
            heads.values(),
            key=lambda name: ((held[jobs[name].tenant] + jobs[name].replicas) / quota, jobs[name].submitted_at),
            default=None,
        )

    def _reclaim(
        self, tenant: str, missing: int, jobs: Mapping[str, Schedulable], held: Counter[str], quota: float
    ) -> int:
        """Preempt the latest admissions of borrowers until enough is free, or nothing at all."""
        after = Counter(held)
        victims: list[str] = []
        freed = 0
        for name in sorted(self._admitted, key=lambda name: -self._admitted[name]):
            job = jobs[name]
            if freed < missing and job.tenant != tenant and after[job.tenant] > quota:
                after[job.tenant] -= job.replicas
                freed += job.replicas
                victims.append(name)
        if freed < missing:
            return 0
        for name in victims:
            held[jobs[name].tenant] -= jobs[name].replicas
            del self._admitted[name]
        return freed
