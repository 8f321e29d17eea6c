"""The operator's loop: the cluster changes, the advisor is asked, what differs is written.

It waits for a change, lets it settle for a moment, and runs a round: a snapshot, a decision in a thread, the writes. A
round depends on what is, not on what woke it, so nothing is lost by rounds that fail or are skipped; and since patterns
depend on time, there is one every so often even where nothing changes.
"""

import asyncio
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from typing import Never

from prometheus_client import Gauge

from podlore.advice import Classifies
from podlore.advice.lacks import lacks
from podlore.again import Advisor
from podlore.clock import Clock
from podlore.errors import Unavailable
from podlore_operator.advice_book import AdviceBook
from podlore_operator.api.advice import State
from podlore_operator.apply import Sink
from podlore_operator.decide import Decision, decide
from podlore_operator.impact_reports import ImpactReports
from podlore_operator.office import Duty, Office
from podlore_operator.policy_status import PolicyStatusWriter
from podlore_operator.serve.telemetry import Telemetry
from podlore_operator.state_store import StateStore

logger = logging.getLogger(__name__)

SETTLE_SECONDS = 0.4
"""Changes come in flocks: a pod's end, its event, its owner's status."""
REST_SHARE = 0.5
REST_SECONDS_MAX = 2.0
ROUND_TRACE_SECONDS = 60.0
ROUND_SECONDS_MIN, ROUND_SECONDS_MAX = 1.0, 30.0


class AdviceLoop:
    """Runs rounds.

    Parameters
    ----------
    writer
        Performs writes when this process leads.
    model_version
        Returns which podlore and which classifier speak: the classifier may be exchanged.
    classifier
        Tells what events are about.
    """

    def __init__(
        self,
        *,
        book: AdviceBook,
        office: Office,
        writer: Sink,
        store: StateStore,
        policy_status: PolicyStatusWriter,
        reports: ImpactReports,
        telemetry: Telemetry,
        clock: Clock,
        model_version: Callable[[], str],
        classifier: Classifies | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._book = book
        self._office = office
        self._writer = writer
        self._store = store
        self._policy_status = policy_status
        self._reports = reports
        self._telemetry = telemetry
        self._clock = clock
        self._model_version = model_version
        self._advisor = Advisor(classifier)
        self._monotonic = monotonic
        self._woken = asyncio.Event()
        self._woken_at = monotonic()
        self._watching_since = clock.now()
        self._has_metrics = False
        self.decision: Decision | None = None
        self._finished_at = monotonic()

    @property
    def age_seconds(self) -> float:
        """How long ago the last round ended."""
        return self._monotonic() - self._finished_at

    def wake(self) -> None:
        """Ask for a round: something has changed."""
        if not self._woken.is_set():
            self._woken_at = self._monotonic()
            self._woken.set()

    async def run(self) -> Never:
        """Run rounds until cancelled."""
        while True:
            began_at = self._monotonic()
            woken_at = self._woken_at if self._woken.is_set() else None
            self._woken.clear()
            try:
                await self.round(woken_at)
            except Unavailable as error:
                self._telemetry.rounds_failed.inc()
                logger.warning("%s", error)
            except Exception:
                self._telemetry.rounds_failed.inc()
                logger.exception("a round failed; the next one tries again")
            self._finished_at = self._monotonic()
            await self._rest(self._finished_at - began_at)

    async def round(self, woken_at: float | None = None) -> Decision | None:
        """Decide and write once; None where it is not this process's turn."""
        sink = await self._office.sink(self._writer, self._store)
        if sink is None:
            return None
        decision = await self._decide()
        self._office.silence, self.decision = decision.silence, decision
        self._office.record(decision.history)
        if self._store.is_due(advice_follows=bool(decision.writes)):
            await self.save()  # first: whoever reads the advice finds what it rests on
        if decision.writes:
            await sink.perform([write for write in decision.writes if not self._is_unreadable(write)])
            if woken_at is not None:
                self._telemetry.latency_seconds.observe(self._monotonic() - woken_at)
        self._tell(decision)
        await self._policy_status.write(self._has_metrics, self._office.may_write(), decision.withheld)
        await self._report()
        return decision

    async def _report(self) -> None:
        """Take a sample of the cluster's GPUs, and report the day that is over."""
        snapshot = self._office.snapshot()
        samples = self._office.samples
        samples.see(snapshot)
        if self._office.may_write():
            await self._reports.write(samples, snapshot, self._book.held.values(), self._model_version())

    async def save(self) -> None:
        """Write down what should outlive this process, if it may write."""
        if self._office.duty is Duty.LEADS and self._office.may_write():
            await self._store.save(self._office.remembered())

    async def _decide(self) -> Decision:
        snapshot, held, silence = self._office.snapshot(), self._book.held, self._office.silence
        self._has_metrics = snapshot.has_metrics
        with self._telemetry.advise_seconds.time():
            think = partial(decide, advisor=self._advisor, watching_since=self._watching_since)
            decision = await asyncio.to_thread(think, snapshot, held, silence, self._clock, self._model_version())
        self._telemetry.rounds.inc()
        self._telemetry.quick_rounds.inc(self._advisor.full_at != snapshot.now)
        for problem in decision.problems:
            self._telemetry.once(logger, "advisor", problem)
        return decision

    def _is_unreadable(self, write: object) -> bool:
        return getattr(write, "key", None) in self._book.unreadable

    def _tell(self, decision: Decision) -> None:
        """Say in metrics what there is now."""
        by_state, feedback = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        gpu_hours: defaultdict[str, float] = defaultdict(float)
        for advice in self._book.held.values():
            if status := advice.status:
                by_state[status.pattern, status.state] += 1
                if status.state is State.ACTIVE:
                    gpu_hours[status.pattern] += float(status.gpu_hours_at_stake)
                if advice.spec.feedback:
                    feedback[status.pattern, advice.spec.feedback] += 1
        telemetry = self._telemetry
        _set(telemetry.advice, by_state.items())
        _set(telemetry.feedback, feedback.items())
        _set(telemetry.gpu_hours, (((pattern,), value) for pattern, value in gpu_hours.items()))
        _set(telemetry.withheld, (((reason,), value) for reason, value in decision.withheld.items()))
        lacking = Counter(lack for one in decision.advised.recommendations for lack in lacks(one))
        _set(telemetry.lacking, (((reason,), value) for reason, value in lacking.items()))
        came = Counter((one.given.pattern, one.followed) for one in decision.history.outcomes)
        _set(telemetry.outcomes, came.items())

    async def _rest(self, round_seconds: float) -> None:
        """Wait for a change, let it settle, and rest for a while after a long round."""
        seconds = min(max(self._clock.wall_seconds(ROUND_TRACE_SECONDS), ROUND_SECONDS_MIN), ROUND_SECONDS_MAX)
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return
        await asyncio.sleep(min(max(SETTLE_SECONDS, REST_SHARE * round_seconds), REST_SECONDS_MAX))


def _set(gauge: Gauge, values: Iterable[tuple[tuple[str, ...], float]]) -> None:
    gauge.clear()
    for labels, value in values:
        gauge.labels(*labels).set(value)
