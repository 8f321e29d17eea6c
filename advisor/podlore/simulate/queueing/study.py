"""One queueing study: a workload and a policy in, completion times out."""

import csv
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

from podlore.errors import BadInput
from podlore.simulate.queueing.gandiva import PAIR_SPEED
from podlore.simulate.queueing.profile import Profile
from podlore.simulate.queueing.training_job import TrainingJob

GROUP = "podlore.queueing_policies"
ROUND_SECONDS = 60
ROUNDS_MAX = 100_000


class QueueingPolicy(Protocol):
    """Decides each round which jobs run, and on which nodes.

    Two more attributes may be there: ``prepare(jobs)``, called once before the run, and ``partner``, which names for
    a job the one whose GPUs it shares.
    """

    def allocate(
        self, now: int, jobs: Mapping[str, Any], before: Mapping[str, list[int]], gpus_by_node: list[int]
    ) -> dict[str, list[int]]:
        """Return the node of each replica of each job that runs; ``jobs`` are those submitted and unfinished."""


def load_policy(name: str) -> QueueingPolicy:
    """Return a new policy of an installed kind; the entry point names a class without arguments."""
    for point in entry_points(group=GROUP, name=name):
        policy: QueueingPolicy = point.load()()
        return policy
    installed = ", ".join(sorted(point.name for point in entry_points(group=GROUP)))
    raise BadInput(f"no queueing policy {name!r}; installed: {installed}")


@dataclass(frozen=True, slots=True)
class QueueingResult:
    """Seconds from submission to completion by job, in the workload's order."""

    completion_seconds: Mapping[str, int]
    makespan_seconds: int
    wall_seconds: float

    @property
    def mean_completion_seconds(self) -> float:
        """The mean job completion time."""
        return sum(self.completion_seconds.values()) / len(self.completion_seconds)


def read_workload(path: Path, profiles: Path) -> list[TrainingJob]:
    """Read ``name,time,application,num_replicas,batch_size`` rows, each with its application's profile.

    Raises
    ------
    BadInput
        If a row is malformed (its number is said) or an application has no profile.
    """
    known: dict[str, Profile] = {}
    jobs: list[TrainingJob] = []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for number, row in enumerate(csv.DictReader(file), 2):
                jobs.append(_job(row, known, profiles, f"{path} row {number}"))
    except OSError as error:
        raise BadInput(f"cannot read the workload {path}: {error}") from None
    if len({job.name for job in jobs}) != len(jobs) or not jobs:
        raise BadInput(f"{path}: {'two jobs have one name' if jobs else 'no jobs'}")
    return jobs


def _job(row: dict[str, str], known: dict[str, Profile], profiles: Path, place: str) -> TrainingJob:
    try:
        application = row["application"]
        submitted_at, replicas, batch = (int(row[column]) for column in ("time", "num_replicas", "batch_size"))
    except (KeyError, ValueError, TypeError) as error:
        raise BadInput(f"{place}: {error!r}; wanted name,time,application,num_replicas,batch_size") from None
    if submitted_at < 0 or replicas < 1 or batch < 1:
        raise BadInput(f"{place}: negative time, or no replicas, or no batch")
    if application not in known:
        known[application] = Profile(profiles / application)
    return TrainingJob(row["name"], known[application], submitted_at, replicas, batch)


def run_study(
    jobs: Sequence[TrainingJob], policy: QueueingPolicy, *, nodes: int = 16, gpus_per_node: int = 4
) -> QueueingResult:
    """Let the jobs arrive and run until all are done; the jobs are changed in place."""
    if too_large := next((job for job in jobs if job.replicas > nodes * gpus_per_node), None):
        raise BadInput(f"{too_large.name} wants {too_large.replicas} GPUs of {nodes * gpus_per_node}")
    started = time.perf_counter()
    getattr(policy, "prepare", list)(jobs)
    gpus_by_node = [gpus_per_node] * nodes
    allocations: dict[str, list[int]] = {}
    placed: dict[str, list[int]] = {}
    left = list(jobs)
    for turn in range(ROUNDS_MAX):
        now = turn * ROUND_SECONDS
        for job in left:
            job.advance(now, ROUND_SECONDS)
        now += ROUND_SECONDS
        left = [job for job in left if job.completed_at is None]
        if not left:
            return _result(jobs, time.perf_counter() - started)
        active = {job.name: job for job in left if job.submitted_at <= now}
        allocated = policy.allocate(now, active, allocations, gpus_by_node) if active else allocations
        partner: Mapping[str, str] = getattr(policy, "partner", {})
        shared = _with_guests(allocated, partner)
        paired = {name for pair in partner.items() for name in pair}
        for name, job in active.items():
            if shared.get(name) != placed.get(name):
                job.move(tuple(len(list(same)) for _, same in groupby(shared.get(name, []))))
            job.slowdown = 1 / PAIR_SPEED if name in paired else 1.0
        allocations, placed = allocated, shared
    raise BadInput(f"the workload is not done after {ROUNDS_MAX * ROUND_SECONDS / 86400:.0f} days")


def _with_guests(allocated: Mapping[str, list[int]], partner: Mapping[str, str]) -> dict[str, list[int]]:
    """Add the jobs that share another's GPUs."""
    return {**allocated, **{guest: allocated[host] for guest, host in partner.items() if host in allocated}}


def _result(jobs: Sequence[TrainingJob], wall_seconds: float) -> QueueingResult:
    completed = {job.name: (job.completed_at or 0) - job.submitted_at for job in jobs}
    return QueueingResult(completed, max(job.completed_at or 0 for job in jobs), wall_seconds)
