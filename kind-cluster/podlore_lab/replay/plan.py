"""A trace comes in, what is to be done and when leaves: pure, so ``--dry-run`` shows exactly what would happen.

`podlore_lab.replay.run` carries it out. Times stay trace seconds here; only `wall_seconds` knows the speed.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from podlore.errors import BadInput
from podlore.traces import Job, Kind, Outcome, Trace
from podlore_lab.replay.names import kubernetes_name


class Fractions(StrEnum):
    """What a job gets that asks for a part of a GPU."""

    WHOLE = "whole"
    TIME_SLICED = "time-sliced"


class Do(StrEnum):
    """What a step does."""

    CREATE = "create"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, so many trace seconds after the replay began."""

    seconds: float
    do: Do
    job: Job


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a replay does. ``first`` is what already runs when the trace's clock starts, ``steps`` what follows.

    ``ends_seconds`` counts from the begin of the replay. ``n_fractions`` jobs ask for a part of a GPU and get what
    ``fractions`` says, on nodes whose GPUs have ``slices`` units each. ``left_out`` jobs cannot be replayed: they have
    no submit time, or lie outside the span.
    """

    name: str
    speed: float
    fractions: Fractions
    slices: int
    first: tuple[Job, ...]
    steps: tuple[Step, ...]
    ends_seconds: float
    n_fractions: int
    left_out: int

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Every job that is created, in order."""
        return (*self.first, *(step.job for step in self.steps if step.do is Do.CREATE))

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The namespaces of its jobs, sorted."""
        return tuple(sorted({job.tenant for job in self.jobs}))

    @property
    def pods(self) -> int:
        """How many pods its jobs have together."""
        return sum(job.pods for job in self.jobs)

    def wall_seconds(self, trace_seconds: float) -> float:
        """Return how long a span of the trace takes."""
        return trace_seconds / self.speed


def plan(
    trace: Trace,
    *,
    speed: float,
    begin_seconds: float = 0.0,
    until_seconds: float | None = None,
    namespace_prefix: str = "",
    fractions: Fractions = Fractions.WHOLE,
    slices: int = 1,
) -> Plan:
    """Decide what to create and delete, and when.

    Parameters
    ----------
    begin_seconds, until_seconds
        The part of the trace to replay. A job that was submitted before and still ran then is there from the start,
        for the rest of its duration.
    namespace_prefix
        Put before each tenant's name.
    slices
        Units that each GPU of the cluster is time-sliced into; 1 if it is not.

    Raises
    ------
    BadInput
        If no job lies in that part.
    """
    if speed <= 0:
        raise BadInput(f"speed {speed:g} is not positive")
    if fractions is Fractions.TIME_SLICED and slices == 1:
        raise BadInput("no GPU of this lab is time-sliced; start it with: podlore lab up --slices 10")
    until = _end(trace.jobs) if until_seconds is None else until_seconds
    if all(job.submit_seconds is None for job in trace.jobs):
        raise BadInput(f"{trace.name} tells no submit times: it cannot be replayed, only simulated in order of arrival")
    if begin_seconds >= until:
        raise BadInput(f"{trace.name}: {begin_seconds:g} s is not before its end at {until:g} s")
    timed = [job for job in trace.jobs if job.submit_seconds is not None and job.submit_seconds < until]
    kept = [shifted for job in timed if (shifted := _shifted(job, begin_seconds, until)) is not None]
    if not kept:
        raise BadInput(
            f"{trace.name}: no job lies between {begin_seconds:g} s and {until:g} s; see: podlore trace describe"
        )
    named = [_named(job, namespace_prefix) for job in kept]
    ordered = sorted(named, key=lambda job: job.submit_seconds or 0.0)
    _check_unique(ordered)
    first = tuple(sorted((job for job in ordered if not job.submit_seconds), key=lambda job: not job.nodes))
    return Plan(
        name=kubernetes_name(trace.name),
        speed=speed,
        fractions=fractions,
        slices=slices,
        first=first,
        steps=_steps(ordered, ends_seconds=until - begin_seconds),
        ends_seconds=until - begin_seconds,
        n_fractions=sum(job.gpus > 0 and job.gpu_milli < 1000 for job in ordered),
        left_out=len(trace.jobs) - len(kept),
    )


def _end(jobs: Iterable[Job]) -> float:
    """Return when the last job whose end is known ends; else when the last one is submitted."""
    return max(
        ((job.submit_seconds or 0.0) + (job.wait_seconds or 0.0) + (job.duration_seconds or 0.0) for job in jobs),
        default=0.0,
    )


def _shifted(job: Job, begin: float, until: float) -> Job | None:
    """Return the job as seen from the begin of the replay; None if it had ended before."""
    submit = job.submit_seconds or 0.0
    if submit >= begin:
        return replace(job, submit_seconds=submit - begin)
    if job.duration_seconds is None:
        return replace(job, submit_seconds=0.0)
    rest = submit + (job.wait_seconds or 0.0) + job.duration_seconds - begin
    return replace(job, submit_seconds=0.0, duration_seconds=rest, wait_seconds=0.0) if rest > 0 else None


def _named(job: Job, prefix: str) -> Job:
    return replace(job, name=kubernetes_name(job.name), tenant=kubernetes_name(prefix + job.tenant))


def _check_unique(jobs: Sequence[Job]) -> None:
    twice = [target for target, count in Counter(job.target for job in jobs).items() if count > 1]
    if twice:
        raise BadInput(f"{twice[0]} comes {Counter(job.target for job in jobs)[twice[0]]} times; names must be unique")


def _steps(jobs: Sequence[Job], *, ends_seconds: float) -> tuple[Step, ...]:
    creations = [Step(job.submit_seconds or 0.0, Do.CREATE, job) for job in jobs if job.submit_seconds]
    deletions = [
        Step(seconds, Do.DELETE, job)
        for job in jobs
        if (seconds := _deleted_seconds(job)) is not None and seconds < ends_seconds
    ]
    return tuple(sorted([*creations, *deletions], key=lambda step: step.seconds))


def _deleted_seconds(job: Job) -> float | None:
    """Return when somebody deletes a job that would not end by itself; None if it ends, or nobody knows when."""
    if job.duration_seconds is None or ends_by_itself(job):
        return None
    return (job.submit_seconds or 0.0) + (job.wait_seconds or 0.0) + job.duration_seconds


def ends_by_itself(job: Job) -> bool:
    """Say whether a job's pods end without being deleted; without a duration they outlast the trace."""
    ends = job.behaviour.outcome in (Outcome.COMPLETE, Outcome.FAIL)
    return ends and job.kind is Kind.JOB and job.duration_seconds is not None


def units(job: Job, plan: Plan) -> int:
    """Return how many units of ``nvidia.com/gpu`` each pod of a job asks for.

    >>> sliced = Plan("t", 1.0, Fractions.TIME_SLICED, 10, (), (), 0.0, 0, 0)
    >>> units(Job("a", gpus=1, gpu_milli=470), sliced), units(Job("b", gpus=2), sliced)
    (5, 20)
    """
    if plan.fractions is Fractions.TIME_SLICED:
        return job.gpus * math.ceil(job.gpu_milli * plan.slices / 1000)
    return job.gpus * plan.slices
