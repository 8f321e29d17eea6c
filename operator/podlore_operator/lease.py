"""One leader at a time, by a ``coordination.k8s.io`` Lease; the writer asks it before every write.

Comes in: how to read and write one Lease object (`LeaseStore`). Leaves: `Elector.may_write`. Called by the runtime,
which keeps `Elector.run` going, and by ``podlore_operator.apply``.

The protocol is client-go's. A candidate replaces the Lease under its resource version, so of two that try one fails. A
holder counts as gone when its record has not changed for the length it promised, measured by the candidate's own
monotonic clock: clocks of two machines are never compared. The leader writes only within the renew deadline, counted
from before its last successful request was sent; the difference to the Lease's length covers a write that is under way.

These times run on the wall, never in trace time.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from podlore.errors import Unavailable

logger = logging.getLogger(__name__)

JITTER = 1.2
"""Candidates wait between one and 1 + JITTER retry periods, so that they do not come in step."""

Json = dict[str, Any]


class Conflict(Exception):
    """Somebody else wrote the Lease in between."""


class LeaseStore(Protocol):
    """Reads and writes one Lease; raises `Conflict` or `Unavailable`."""

    async def get(self) -> Json | None:
        """Return the Lease, None where there is none."""

    async def create(self, spec: Json) -> Json:
        """Create the Lease; `Conflict` if it exists."""

    async def replace(self, lease: Json) -> Json:
        """Put the Lease back under the resource version it carries; `Conflict` if that is old."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a Lease holds, how long its leader writes without a renewal, and how often all try."""

    lease_seconds: float = 15.0
    renew_seconds: float = 10.0
    retry_seconds: float = 2.0

    def __post_init__(self) -> None:
        if not self.lease_seconds > self.renew_seconds > self.retry_seconds * JITTER:
            raise ValueError(f"{self} must fall from lease to renew to {JITTER} x retry")


class Elector:
    """Stands for election under one identity, renews, and knows until when it may write.

    Parameters
    ----------
    store
        The Lease that all candidates share.
    identity
        Unique among the candidates, e.g. the pod's name.
    monotonic
        Seconds that only grow.
    """

    def __init__(
        self,
        store: LeaseStore,
        identity: str,
        timing: Timing = Timing(),
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        rng: random.Random | None = None,
        on_change: Callable[[bool], None] = lambda _leads: None,
    ) -> None:
        self._store = store
        self.identity = identity
        self._timing = timing
        self._monotonic = monotonic
        self._wall = wall
        self._rng = rng or random.Random()
        self._on_change = on_change
        self._seen: Json = {}
        self._seen_at = float("-inf")
        self._renewed_at = float("-inf")
        self._led = False
        self._problem = ""
        self.predecessor_at: float | None = None
        """Wall time of the last sign of life of whoever led before, None if nobody did."""

    def may_write(self) -> bool:
        """Say whether this candidate leads, and renewed recently enough to be sure of it."""
        return self._monotonic() < self._renewed_at + self._timing.renew_seconds

    async def attempt(self) -> bool:
        """Try once to acquire or to renew; return whether this candidate may write."""
        problem = ""
        try:
            await self._attempt()
        except (Conflict, Unavailable) as error:
            problem = str(error) or "somebody else wrote it in between"
        if problem and problem != self._problem:
            logger.warning("lease, as %s: %s", self.identity, problem)
        self._problem = problem
        return self._report()

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Try for ever; cancel it, then `release`."""
        while True:
            leads = await self.attempt()
            await sleep(self._timing.retry_seconds * (1 if leads else 1 + JITTER * self._rng.random()))

    async def release(self) -> None:
        """Give the Lease up at once, if it is held, so that the next leader need not wait for its end."""
        held, self._renewed_at = self.may_write(), float("-inf")
        self._report()
        if not held:
            return
        try:
            lease = await self._store.get()
            if lease and _spec(lease).get("holderIdentity") == self.identity:
                await self._store.replace(_with(lease, holderIdentity="", leaseDurationSeconds=1))
        except (Conflict, Unavailable) as error:
            logger.info("lease %s was not released and runs out by itself: %s", self.identity, error)

    async def _attempt(self) -> None:
        sent_at = self._monotonic()
        lease = await self._store.get()
        if lease is None:
            written = await self._store.create(self._claim({}))
        else:
            self._observe(lease)
            if not self._is_free(_spec(lease)):
                self._renewed_at = float("-inf")
                return
            self._note_predecessor(_spec(lease))
            sent_at = self._monotonic()
            written = await self._store.replace(_with(lease, **self._claim(_spec(lease))))
        self._observe(written)
        self._renewed_at = sent_at

    def _observe(self, lease: Json) -> None:
        """Note when the record last changed; a fresh holder gets its whole time from now on."""
        if _spec(lease) != self._seen:
            self._seen = _spec(lease)
            self._seen_at = self._monotonic()

    def _note_predecessor(self, spec: Json) -> None:
        if spec.get("holderIdentity") != self.identity and (renewed := spec.get("renewTime")):
            with contextlib.suppress(ValueError, TypeError):
                self.predecessor_at = datetime.fromisoformat(renewed).timestamp()

    def _is_free(self, spec: Json) -> bool:
        holder = spec.get("holderIdentity") or ""
        promised_seconds = float(spec.get("leaseDurationSeconds") or self._timing.lease_seconds)
        return holder in ("", self.identity) or self._monotonic() >= self._seen_at + promised_seconds

    def _claim(self, spec: Json) -> Json:
        now = datetime.fromtimestamp(self._wall(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        is_mine = spec.get("holderIdentity") == self.identity
        return {
            "holderIdentity": self.identity,
            "leaseDurationSeconds": int(self._timing.lease_seconds),
            "acquireTime": spec.get("acquireTime", now) if is_mine else now,
            "renewTime": now,
            "leaseTransitions": int(spec.get("leaseTransitions") or 0) + (not is_mine),
        }

    def _report(self) -> bool:
        leads = self.may_write()
        if leads != self._led:
            self._led = leads
            logger.info("%s %s", self.identity, "leads" if leads else "does not lead")
            self._on_change(leads)
        return leads


def _spec(lease: Json) -> Json:
    return dict(lease.get("spec") or {})


def _with(lease: Json, **changes: object) -> Json:
    return {**lease, "spec": {**_spec(lease), **changes}}
