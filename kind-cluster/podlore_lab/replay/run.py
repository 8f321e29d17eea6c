"""Carries out a plan: creates and deletes at the trace's pace, asks as many things at once as the server takes, ends.

The trace's clock starts when what ran before the trace (its first jobs) is there. Whatever happens, no request is cut
off half-way: Ctrl-C stops the clock, not the request under way.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from podlore.errors import BadInput, Unavailable
from podlore.traces import Job
from podlore_lab.patient_api import Json, PatientApi
from podlore_lab.replay.binder import Binder
from podlore_lab.replay.clean import COLLECTIONS, clean, owned
from podlore_lab.replay.manifest import REPLAY_LABEL, collection, manifest
from podlore_lab.replay.plan import Do, Plan, Step
from podlore_operator.observe.connection import Refused

AT_ONCE = 32
SETTLE_SECONDS = 60.0
TICK_SECONDS = 0.25
PAUSE_SECONDS = 0.1
CONFLICT, MISSING = 409, 404


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a replay is: trace seconds since its begin, and how much has been done."""

    trace_seconds: float
    created: int
    deleted: int


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did; ``started_at`` is the wall time of its trace second 0.

    Lags say how late steps were, in wall time. ``waited_for_server`` is how often the API server asked to wait,
    ``cleaned`` how many Jobs and Deployments were deleted at the end.
    """

    started_at: float
    ended_at: float
    created: int
    deleted: int
    lag_p50_seconds: float
    lag_p95_seconds: float
    lag_max_seconds: float
    waited_for_server: int
    is_interrupted: bool = False
    cleaned: int | None = None
    notes: tuple[str, ...] = ()


def _say_nothing(_progress: Progress) -> None:
    pass


async def replay(
    plan: Plan,
    kubeconfig: Path,
    *,
    stop: asyncio.Event | None = None,
    on_start: Callable[[float], None] = lambda _started_at: None,
    on_progress: Callable[[Progress], None] = _say_nothing,
    clean_up: bool = False,
) -> Replayed:
    """Replay a trace; return when its time is over, or when ``stop`` is set.

    Parameters
    ----------
    on_start
        Called once with the wall time of trace second 0.
    clean_up
        Delete at the end whatever this and earlier replays created.

    Raises
    ------
    BadInput
        If an earlier replay's jobs are still there.
    Unavailable
        If the API server does not answer, or the first jobs' recorded places cannot be had.
    """
    async with PatientApi(kubeconfig) as api:
        running = _Replay(plan, api, stop or asyncio.Event(), on_progress)
        done = await running.run(on_start)
        return replace(done, cleaned=await clean(api)) if clean_up else done


@dataclass(slots=True)
class _Replay:
    plan: Plan
    api: PatientApi
    stop: asyncio.Event
    on_progress: Callable[[Progress], None]
    created: int = 0
    deleted: int = 0
    lags: list[float] = field(default_factory=list)
    started: float = 0.0
    under_way: set[asyncio.Task[None]] = field(default_factory=set)
    limit: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def run(self, on_start: Callable[[float], None]) -> Replayed:
        if left := [item for pattern in COLLECTIONS for item in await owned(self.api, pattern)]:
            raise BadInput(f"{len(left)} jobs of an earlier replay are there; remove them: podlore lab replay --clean")
        await self._make_namespaces()
        jobs, missing = await self._on_known_nodes()
        binder = Binder(self.api, jobs.values())
        binding = asyncio.create_task(binder.follow())
        ticking = asyncio.create_task(self._tick())
        try:
            await self._place_first(binder)
            self.started = time.monotonic()
            started_at = time.time()
            on_start(started_at)
            await self._play()
            await binder.wait_placed([jobs[job.target] for job in self._placed_so_far()], SETTLE_SECONDS)
        finally:
            await _end(binding, ticking)
            await binder.finish()
        notes = (f"{missing} jobs name nodes that are not there: the scheduler placed them",) if missing else ()
        return self._replayed(started_at, (*notes, *binder.failed))

    # --- before the clock starts -------------------------------------------------------------------------------------

    async def _make_namespaces(self) -> None:
        for name in self.plan.namespaces:
            body: Json = {"metadata": {"name": name, "labels": {REPLAY_LABEL: self.plan.name}}}
            try:
                await self.api.create("/api/v1/namespaces", body)
            except Refused as refused:
                if refused.status != CONFLICT:
                    raise
        for name in self.plan.namespaces:  # pods are refused until the controllers have made it
            await self._until_there(f"/api/v1/namespaces/{name}/serviceaccounts/default")

    async def _until_there(self, path: str) -> None:
        deadline = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < deadline:
            try:
                await self.api.get(path)
            except Refused as refused:
                if refused.status != MISSING:
                    raise
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                return
        raise Unavailable(f"waited {SETTLE_SECONDS:g} s for {path}; do the controllers run?")

    async def _on_known_nodes(self) -> tuple[dict[str, Job], int]:
        """Return the jobs by target; a job whose recorded nodes are not all there is left to the scheduler."""
        items, _ = await self.api.list_all("/api/v1/nodes")
        names = {item["metadata"]["name"] for item in items}
        missing = [job for job in self.plan.jobs if not set(job.nodes) <= names]
        known = {job.target: job for job in self.plan.jobs}
        known |= {job.target: replace(job, nodes=()) for job in missing}
        self.plan = _with_jobs(self.plan, known)
        return known, len(missing)

    async def _place_first(self, binder: Binder) -> None:
        """Create what ran before the trace began, recorded placements first, so that nobody else takes their room."""
        recorded = [job for job in self.plan.first if job.nodes]
        await asyncio.gather(*(self._create(job) for job in recorded))
        if not await binder.wait_placed(recorded, SETTLE_SECONDS):
            said = f": {binder.failed[0]}" if binder.failed else "; do the controllers run?"
            raise Unavailable(f"waited {SETTLE_SECONDS:g} s for {len(recorded)} recorded jobs to be placed{said}")
        await asyncio.gather(*(self._create(job) for job in self.plan.first if not job.nodes))

    # --- while it runs -----------------------------------------------------------------------------------------------

    async def _play(self) -> None:
        for step in self.plan.steps:
            if not await self._reach(step.seconds):
                break
            await self.limit.acquire()  # the server sets the pace where it is slower than the trace
            task = asyncio.create_task(self._do(step))
            self.under_way.add(task)
            task.add_done_callback(self._finished)
        else:
            await self._reach(self.plan.ends_seconds)
        if self.under_way:
            await asyncio.gather(*self.under_way)

    async def _reach(self, trace_seconds: float) -> bool:
        """Wait for a moment of the trace; False if somebody says stop before."""
        wait_seconds = self.started + self.plan.wall_seconds(trace_seconds) - time.monotonic()
        if wait_seconds > 0 and not self.stop.is_set():
            try:
                await asyncio.wait_for(self.stop.wait(), wait_seconds)
            except TimeoutError:
                return True
        return not self.stop.is_set()

    async def _do(self, step: Step) -> None:
        if step.do is Do.CREATE:
            await self._create(step.job)
        else:
            await self._delete(step.job)
        due = self.started + self.plan.wall_seconds(step.seconds)
        self.lags.append(max(0.0, time.monotonic() - due))

    def _finished(self, task: asyncio.Task[None]) -> None:
        self.limit.release()
        if not task.cancelled() and task.exception() is not None:
            self.stop.set()  # the error itself is raised by whoever gathers
        else:
            self.under_way.discard(task)

    async def _create(self, job: Job) -> None:
        try:
            await self.api.create(collection(job), manifest(job, self.plan))
        except Refused as refused:
            if refused.status == CONFLICT:
                raise BadInput(f"{job.target} is there already; remove it, or use --namespace-prefix") from None
            raise
        self.created += 1

    async def _delete(self, job: Job) -> None:
        try:
            await self.api.delete(f"{collection(job)}/{job.name}")
        except Refused as refused:
            if refused.status != MISSING:  # somebody was quicker
                raise
        self.deleted += 1

    async def _tick(self) -> None:
        while True:
            self.on_progress(Progress(self._trace_seconds(), self.created, self.deleted))
            await asyncio.sleep(TICK_SECONDS)

    def _trace_seconds(self) -> float:
        return (time.monotonic() - self.started) * self.plan.speed if self.started else 0.0

    def _placed_so_far(self) -> Sequence[Job]:
        """Return the jobs whose recorded places are owed to them now: created, and not deleted since."""
        now = self._trace_seconds()
        done = [step for step in self.plan.steps if step.seconds <= now]
        gone = {step.job.target for step in done if step.do is Do.DELETE}
        created = [*self.plan.first, *(step.job for step in done if step.do is Do.CREATE)]
        return [job for job in created if job.target not in gone]

    def _replayed(self, started_at: float, notes: tuple[str, ...]) -> Replayed:
        ordered = sorted(self.lags) or [0.0]
        return Replayed(
            started_at=started_at,
            ended_at=time.time(),
            created=self.created,
            deleted=self.deleted,
            lag_p50_seconds=ordered[len(ordered) // 2],
            lag_p95_seconds=ordered[int(len(ordered) * 0.95)],
            lag_max_seconds=ordered[-1],
            waited_for_server=self.api.waited_for_server,
            is_interrupted=self.stop.is_set(),
            notes=notes,
        )


async def _end(*tasks: asyncio.Task[None]) -> None:
    """End tasks that run for ever; one that had ended by itself had a reason, which is raised."""
    for task in tasks:
        task.cancel()
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(ended, Exception):
            raise ended


def _with_jobs(plan: Plan, jobs: dict[str, Job]) -> Plan:
    return replace(
        plan,
        first=tuple(jobs[job.target] for job in plan.first),
        steps=tuple(replace(step, job=jobs[step.job.target]) for step in plan.steps),
    )
