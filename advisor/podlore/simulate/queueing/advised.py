"""A queueing policy with podlore's advisor on top: it learns from jobs that ended, and defers who is in the way.

What is known: who was submitted so far and how long jobs that ended had run; never how long a job will run. A job is
expected to take what ended jobs of its tenant and size took (the median; else of its tenant, of its size, of all). Two
kinds of advice are given, as a `Recommendation` about an accessibility barrier:

- ``Blocked``, where the policy is strict: the first job that does not fit lets those behind it go that are expected to
  end before it could start, or that fit beside it then, with the GPUs of the next large one set aside too;
- ``LongAhead``: a job of fewer than 8 GPUs that is expected to take far longer than those that wait with it lets them
  go first.

Who has waited for long is deferred no more, nobody who runs is touched, and large jobs are never sent back.

Letting others pass a blocked job by expected times is EASY backfilling: Lifka, "The ANL/IBM SP Scheduling System",
JSSPP 1995.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from statistics import median

from podlore.simulate.queueing.ordered import Ordered
from podlore.simulate.queueing.schedulable import Schedulable
from podlore.vocabulary import Action, Evidence, EvidenceSource, Finding, ObjectRef, Pattern, Recommendation, Severity

RATIO = 2.0
PATIENCE_SECONDS = 2 * 3600.0
SAMPLES_MIN = 5
REMEMBERED = 200
LARGE_GPUS = 8
SURE = 0.8
"""Quantile of like jobs' running times within which a job is taken to end that passes another."""


class Advised(Ordered):
    """Reorders what the policy would do by the advice of this moment; ``advice`` is what was given last."""

    def __init__(self, policy: Ordered, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self.policy = policy
        self.patience_seconds = patience_seconds
        self.advice: tuple[Recommendation, ...] = ()
        self.given = 0
        self._order: list[str] = []
        self._seen: dict[str, Schedulable] = {}
        self._took: defaultdict[tuple[str, int], list[float]] = defaultdict(list)
        self._ranked: dict[tuple[str, int], list[float]] = {}

    def order(self, now: int, jobs: Mapping[str, Schedulable]) -> list[str]:
        """Return the policy's order, deferred jobs behind all others."""
        del now
        deferred = {advice.target.name for advice in self.advice}
        return [name for name in self._order if name not in deferred] + [
            name for name in self._order if name in deferred
        ]

    def allocate(
        self, now: int, jobs: Mapping[str, Schedulable], before: Mapping[str, list[int]], gpus_by_node: list[int]
    ) -> dict[str, list[int]]:
        """Learn, advise, and let the policy serve the jobs in the order that results."""
        before = {name: nodes for name, nodes in before.items() if name in jobs}
        self._learn(jobs)
        self._order = self.policy.order(now, jobs)
        free = sum(gpus_by_node) - sum(map(len, before.values()))
        waiting = [jobs[name] for name in self._order if name not in before]
        running = [jobs[name] for name in before]
        blocked = self._blocked(waiting, running, free) if self.policy.is_strict else []
        self.advice = (*self._long_ahead(now, waiting), *blocked)
        self.given += len(self.advice)
        return self.policy.serve(self.order(now, jobs), jobs, before, gpus_by_node)

    def _learn(self, jobs: Mapping[str, Schedulable]) -> None:
        """Remember how long jobs that are gone had run."""
        for name in [name for name in self._seen if name not in jobs]:
            job = self._seen.pop(name)
            for key in _likes(job):
                self._took[key] = [*self._took[key][-REMEMBERED:], _ran_seconds(job)]
                self._ranked[key] = sorted(self._took[key])
        self._seen |= jobs

    def expected_seconds(self, job: Schedulable, share: float = 0.5) -> tuple[float, int] | None:
        """Return how long a job will run at most with this chance, as was learned, and the number of jobs that says so.

        A job that runs already is compared with those that ran at least as long.
        """
        ran = _ran_seconds(job)
        for key in _likes(job):
            ranked = self._ranked.get(key, [])
            first = bisect_left(ranked, ran)
            if (samples := len(ranked) - first) >= SAMPLES_MIN:
                return ranked[first + int(share * (samples - 1) + 0.5)], samples
        return None

    def _long_ahead(self, now: int, waiting: list[Schedulable]) -> list[Recommendation]:
        expected = {job.name: found for job in waiting if (found := self.expected_seconds(job))}
        if len(expected) < 2:
            return []
        usual = median(seconds for seconds, _ in expected.values())
        threshold = f"{RATIO:g} times the {usual:.0f} s of those that wait with it"
        return [
            _defer(job, "LongAhead", *expected[job.name], threshold)
            for job in waiting
            if job.name in expected
            and job.replicas < LARGE_GPUS
            and expected[job.name][0] > RATIO * usual
            and now - job.submitted_at < self.patience_seconds
        ]

    def _blocked(self, waiting: list[Schedulable], running: list[Schedulable], free: int) -> list[Recommendation]:
        """Defer the first job that does not fit, and those behind it that could delay it."""
        place = 0
        while place < len(waiting) and waiting[place].replicas <= free:
            free -= waiting[place].replicas
            place += 1
        if place == len(waiting):
            return []
        first, behind = waiting[place], waiting[place + 1 :]
        starts_in, spare = self._start_of(first, running, free)
        spare -= next((job.replicas for job in behind if job.replicas >= LARGE_GPUS), 0)
        deferred = [_defer(first, "Blocked", starts_in, len(running), f"{free} GPUs are free now")]
        for job in behind:
            expected = self.expected_seconds(job, SURE)
            is_short = expected is not None and expected[0] <= starts_in
            if job.replicas <= free and (is_short or job.replicas <= spare):
                free -= job.replicas
                spare -= 0 if is_short else job.replicas
            else:
                deferred.append(_defer(job, "Blocked", *(expected or (0.0, 0)), f"{starts_in:.0f} s"))
        return deferred

    def _start_of(self, job: Schedulable, running: list[Schedulable], free: int) -> tuple[float, int]:
        """Return the seconds until enough jobs are expected to have ended for this one, and the GPUs to spare then."""
        ends = []
        for other in running:
            expected = self.expected_seconds(other)
            ends.append((max(expected[0] - _ran_seconds(other), 0.0) if expected else 0.0, other.replicas))
        for seconds, replicas in sorted(ends):
            free += replicas
            if free >= job.replicas:
                return seconds, free - job.replicas
        return 0.0, 0


def _likes(job: Schedulable) -> tuple[tuple[str, int], ...]:
    """Return the groups of jobs that say how long one takes, the closest first."""
    return (job.tenant, job.replicas), (job.tenant, 0), ("", job.replicas), ("", 0)


def _ran_seconds(job: Schedulable) -> float:
    return job.attained_gpu_seconds / job.replicas


def _defer(job: Schedulable, cause: str, seconds: float, samples: int, threshold: str) -> Recommendation:
    evidence = Evidence(
        EvidenceSource.MODEL, "running times of jobs like it that ended", f"{seconds:.0f} s", threshold, samples=samples
    )
    finding = Finding(
        Pattern.ACCESSIBILITY_BARRIER,
        cause,
        ObjectRef("batch", "Job", job.tenant, job.name),
        Severity.LOW,
        "Jobs behind it could start and end before it is worse off.",
        (evidence,),
        confidence=0.5,
    )
    return Recommendation(finding, Action.DEFER, "Let the jobs behind it start first.")
