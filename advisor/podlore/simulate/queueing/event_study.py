"""Jobs of known length on a cluster, event by event: jobs and a policy in, a `RunRecord` for the impact metrics out.

The policy is asked at each arrival and end, and every ``slice_seconds`` while somebody waits. Gangs run whole;
whoever spans more nodes than it must is slowed by ``spread_slowdown`` (measured: `SPREAD`), packed jobs by what pairs
were measured to lose, moves and failures cost a restart and the work since the last checkpoint.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from podlore.errors import BadInput
from podlore.impact.record import JobRecord, RunRecord
from podlore.simulate.queueing.fixed_job import FixedJob
from podlore.simulate.queueing.gandiva import PAIR_SPEED
from podlore.simulate.queueing.study import QueueingPolicy
from podlore.simulate.timeline import Timeline

SPREAD = 1.16
"""Median of Gavel's unconsolidated over consolidated running times, 2-8 GPUs."""


@dataclass(slots=True)
class EventStudy:
    """One run; `run` may be called once.

    ``failures_per_gpu_day`` is the mean rate at which a running job fails, drawn with ``seed``.
    """

    jobs: Sequence[FixedJob]
    policy: QueueingPolicy
    nodes: int
    gpus_per_node: int
    slice_seconds: float = 360.0
    spread_slowdown: float = SPREAD
    failures_per_gpu_day: float = 0.0
    seed: int = 0
    product: str = "GPU"
    _timeline: Timeline = field(default_factory=Timeline)
    _active: dict[str, FixedJob] = field(default_factory=dict)
    _before: dict[str, list[int]] = field(default_factory=dict)
    _told_at: float = 0.0
    _turn: int = 0
    _slice_planned: bool = False
    _asked_at: float = -1.0
    _held: list[tuple[float, float]] = field(default_factory=list)

    def run(self) -> RunRecord:
        """Play all jobs to their end.

        Raises
        ------
        BadInput
            If a job is larger than the cluster, or there is none.
        """
        if not self.jobs:
            raise BadInput("no jobs")
        if large := next((job for job in self.jobs if job.replicas > self.nodes * self.gpus_per_node), None):
            raise BadInput(f"{large.name} wants {large.replicas} GPUs of {self.nodes * self.gpus_per_node}")
        rng = np.random.default_rng(self.seed)
        for job in self.jobs:
            self._timeline.at(job.submitted_at, lambda job=job: self._arrive(job))  # type: ignore[misc]
            self._plan_failures(job, rng)
        self._timeline.run()
        return self._record()

    def _plan_failures(self, job: FixedJob, rng: np.random.Generator) -> None:
        if self.failures_per_gpu_day:
            mean_seconds = 86_400 / (self.failures_per_gpu_day * job.replicas)
            at = job.submitted_at + float(rng.exponential(mean_seconds))
            self._timeline.at(at, lambda: self._fail(job))

    def _arrive(self, job: FixedJob) -> None:
        self._active[job.name] = job
        self._ask_once()

    def _fail(self, job: FixedJob) -> None:
        if job.nodes and job.completed_at is None:
            self._advance()
            job.fail()
            self._ask_once()

    def _ask_once(self) -> None:
        """Ask the policy after everything else that happens at this moment."""
        if self._asked_at != self._timeline.now_seconds:
            self._asked_at = self._timeline.now_seconds
            self._timeline.at(self._asked_at, self._decide)

    def _advance(self) -> None:
        now = self._timeline.now_seconds
        for job in self._active.values():
            job.advance(now - self._told_at)
        self._told_at = now

    def _decide(self) -> None:
        """Bring all jobs to now, end those that are done, ask the policy, and plan what comes next."""
        self._asked_at = -1.0
        now = self._timeline.now_seconds
        self._advance()
        for name in [name for name, job in self._active.items() if job.remaining_seconds() <= 1e-6]:
            self._active.pop(name).completed_at = now
            self._before.pop(name, None)
        if self._active:
            self._before = self.policy.allocate(int(now), self._active, self._before, [self.gpus_per_node] * self.nodes)
            self._apply(now)
        self._held.append((now, sum(len(nodes) for nodes in self._before.values())))
        self._turn += 1
        self._plan(now)

    def _apply(self, now: float) -> None:
        partner: Mapping[str, str] = getattr(self.policy, "partner", {})
        packed = {name for guest, host in partner.items() if host in self._before for name in (guest, host)}
        for name, job in self._active.items():
            nodes = tuple(self._before.get(partner.get(name, name), ()))
            if nodes != job.nodes:
                job.move(nodes, now)
            fewest = -(-job.replicas // self.gpus_per_node)
            job.slowdown = self.spread_slowdown if len(set(nodes)) > fewest else 1.0
            job.slowdown /= PAIR_SPEED if name in packed else 1.0

    def _plan(self, now: float) -> None:
        """Plan the next end, and the next turn where somebody waits; an older plan finds that its turn is over."""
        turn = self._turn
        ends = [now + job.seconds_to_end for job in self._active.values() if job.nodes]
        if any(not job.nodes for job in self._active.values()):
            ends.append(now + self.slice_seconds)
        if ends:
            self._timeline.at(min(ends), lambda: self._decide() if turn == self._turn else None)

    def _record(self) -> RunRecord:
        end = self._timeline.now_seconds
        begin = min(job.submitted_at for job in self.jobs)
        return RunRecord(
            tuple(_job_record(job) for job in _newcomers_marked(self.jobs)),
            {self.product: float(self.nodes * self.gpus_per_node)},
            float(begin),
            float(max(job.completed_at or end for job in self.jobs)),
            tuple(self._held),
        )


def _newcomers_marked(jobs: Sequence[FixedJob]) -> list[tuple[FixedJob, bool]]:
    """Return each job with whether it is among the first five of its tenant."""
    seen: dict[str, int] = {}
    marked = []
    for job in sorted(jobs, key=lambda job: job.submitted_at):
        seen[job.tenant] = seen.get(job.tenant, 0) + 1
        marked.append((job, seen[job.tenant] <= 5))
    return marked


def _job_record(marked: tuple[FixedJob, bool]) -> JobRecord:
    job, is_newcomer = marked
    return JobRecord(
        job.name,
        job.tenant,
        job.replicas,
        job.submitted_at,
        job.started_at,
        job.completed_at,
        alone_seconds=job.duration_seconds,
        product=job.product,
        is_constrained=bool(job.product),
        is_newcomer=is_newcomer,
    )
