"""Whether this process may write, and through what: asked by the loop before each round, by the writer each time.

======================  ========================================  ==================================================
mode                    Lease                                     what a round's writes go through
======================  ========================================  ==================================================
DryRun                  none: given back if it was held           `DryRun`: kept in mind, nothing is asked for
Advise, Assist          held by this replica                      the writer
Advise, Assist          held by another, or not yet               nothing: there is no round
======================  ========================================  ==================================================

Whoever takes office reads first what the cluster holds and what the last holder remembered.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from enum import Enum

from podlore.clock import Clock
from podlore.cluster_state import ClusterState
from podlore.impact.day_samples import DaySamples
from podlore.policy import Mode
from podlore.snapshot import History, Snapshot
from podlore_operator.advice_book import KINDS, AdviceBook
from podlore_operator.apply import Sink
from podlore_operator.dry_run import DryRun
from podlore_operator.lease import Elector
from podlore_operator.listing import list_all
from podlore_operator.observe.connection import Connection
from podlore_operator.policy_keeper import PolicyKeeper
from podlore_operator.remembered import Remembered
from podlore_operator.serve.telemetry import Telemetry
from podlore_operator.silence import Silence
from podlore_operator.state_store import StateStore
from podlore_operator.write_requests import collection

logger = logging.getLogger(__name__)

GAP_SECONDS_MAX = 300.0
"""A restart on another node takes no longer; what happens meanwhile shows in the objects all the same."""
LIST_SECONDS = 600.0
"""Once in a while the advice is listed although it is watched: what a watch missed must not stay wrong."""


class Duty(Enum):
    """What this process does at present."""

    NONE = "none"
    STANDBY = "standby"
    DRY_RUN = "dry run"
    LEADS = "leads"


class Office:
    """Takes and leaves office as mode and Lease say.

    Parameters
    ----------
    elector
        None where no Lease is wanted: this process is alone.
    """

    def __init__(
        self,
        *,
        api: Connection,
        keeper: PolicyKeeper,
        state: ClusterState,
        book: AdviceBook,
        telemetry: Telemetry,
        elector: Elector | None,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._keeper = keeper
        self._state = state
        self._book = book
        self._telemetry = telemetry
        self._elector = elector
        self._clock = clock
        self._monotonic = monotonic
        self._election: asyncio.Task[None] | None = None
        self._listed_at = float("-inf")
        self._dry = DryRun(book)
        self.duty = Duty.NONE
        self.silence = Silence()
        self.observed_since: float | None = None
        self.samples = DaySamples()

    def snapshot(self) -> Snapshot:
        """Return the cluster as it is now, watched since the last holder began if nobody slept in between."""
        snapshot = self._state.snapshot()
        return snapshot if self.observed_since is None else replace(snapshot, observed_since=self.observed_since)

    def record(self, history: History) -> None:
        """Remember what was given, and what came of it, as a round left it."""
        self._state.set_told(history)

    def may_write(self) -> bool:
        """Say whether anything may be written at this very moment."""
        if self._keeper.in_force.mode is Mode.DRY_RUN:
            return False
        return self._elector is None or self._elector.may_write()

    async def sink(self, writer: Sink, store: StateStore) -> Sink | None:
        """Return what this round's writes go through, None if there is to be no round.

        Raises
        ------
        Unavailable
            If the cluster does not tell what it holds; then nothing can be decided either.
        """
        if self._keeper.in_force.mode is Mode.DRY_RUN:
            await self.resign()
            await self._enter(Duty.DRY_RUN, store)
            return self._dry
        if self.duty is Duty.DRY_RUN:
            self._book.clear()  # what was only kept in mind
            self._listed_at = float("-inf")
        self._stand_for_election()
        if not self.may_write():
            self._become(Duty.STANDBY)
            return None
        await self._enter(Duty.LEADS, store)
        return writer

    async def resign(self) -> None:
        """Give the Lease back."""
        if self._election is None or self._elector is None:
            return
        self._election.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._election
        self._election = None
        await self._elector.release()

    def remembered(self) -> Remembered:
        """Return what the next holder should know."""
        clock = self._clock
        since = self.snapshot().observed_since
        history, silences, policy = self._state.history, self.silence.lengths(), self._keeper.last_good
        samples = self.samples.all
        return Remembered(history, silences, since, clock.scale, clock.anchor, policy=policy, samples=samples)

    def _stand_for_election(self) -> None:
        if self._elector is not None and self._election is None:
            self._election = asyncio.create_task(self._elector.run(), name="election")

    async def _enter(self, duty: Duty, store: StateStore) -> None:
        if self.duty is not duty or self._monotonic() - self._listed_at >= LIST_SECONDS:
            await self._read_advice()
        if self.duty is not duty:
            await self._recall(store)
        self._become(duty)

    async def _read_advice(self) -> None:
        for kind in KINDS.values():
            objs, version = await list_all(self._api, collection(kind))
            for error in self._book.replace(kind, objs, version):
                self._telemetry.once(logger, "advice", error)
        self._listed_at = self._monotonic()

    async def _recall(self, store: StateStore) -> None:
        may_read = self._keeper.grants.max_mode is not Mode.DRY_RUN
        remembered = (await store.load() if may_read else None) or Remembered()
        self._state.restore(remembered.history)
        self.samples = DaySamples(remembered.samples)
        if remembered.policy is not None:
            self._keeper.recall(remembered.policy)
            self._state.set_policy(self._keeper.in_force)
        self.silence = Silence.resumed(remembered.silences, self._clock.now())
        if self._took_over_at_once():
            self.observed_since = remembered.observed_since

    def _took_over_at_once(self) -> bool:
        """Say whether the last holder was alive until just now: then watching has hardly been interrupted."""
        left_at = self._elector.predecessor_at if self._elector else None
        return left_at is not None and self._clock.read() - left_at <= GAP_SECONDS_MAX

    def _become(self, duty: Duty) -> None:
        if duty is not self.duty:
            logger.info("duty: %s", duty.value)
        self.duty = duty
        self._telemetry.leader.set(duty is Duty.LEADS)
