"""The one writer: it alone changes objects of the cluster, and only while this replica leads.

Comes in: writes from ``reconcile`` and ``announce``, in order. Leaves: requests, one after the other for each object,
a few objects at once, as many a second as a token bucket lets through. Called by ``podlore_operator.loop``.

Nothing is queued: a write that fails is dropped, since the next round sees the same difference and asks again. `Sink`
is what the loop knows of it; in dry run ``dry_run.DryRun`` takes its place.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from http import HTTPStatus
from itertools import groupby
from typing import Protocol

from podlore.errors import BadInput, Unavailable
from podlore_operator.advice_book import AdviceBook
from podlore_operator.breaker import Breaker
from podlore_operator.kubernetes_events import EventTeller
from podlore_operator.observe.connection import Answer, Connection
from podlore_operator.observe.refused import Refused
from podlore_operator.pod_annotations import Annotator
from podlore_operator.serve.telemetry import Telemetry
from podlore_operator.token_bucket import TokenBucket
from podlore_operator.write_requests import WriteRequest, request_of
from podlore_operator.writes import AnnotatePod, ApplyObject, ApplyStatus, Delete, EmitEvent, Write

logger = logging.getLogger(__name__)

WRITES_PER_SECOND, WRITES_BURST = 50.0, 100.0
OBJECTS_AT_ONCE = 8
TRIES = 4
WRITE_SECONDS = 5.0
"""As long as the Lease outlasts its renew deadline: a write under way has ended when another replica may lead."""
PAUSE_SECONDS_FIRST, PAUSE_SECONDS_LAST = 0.25, 5.0
LINE_SECONDS = 2.0, 30.0
"""How long all writes rest where the API server does not answer or stays busy: a round must not stand in a queue."""
AGAIN = frozenset({429, 500, 502, 503, 504})
TERMINATING = "being terminated"
"""In a 403 it speaks of the namespace, not of our rights."""


class Sink(Protocol):
    """Performs writes."""

    async def perform(self, writes: Sequence[Write]) -> int:
        """Perform what can be performed and return how many writes were not."""


class Dropped(Exception):
    """A write was not performed; the reason is counted and, where somebody can do something, logged."""


class Sender:
    """Sends one request that changes something, if this replica may: fenced, throttled, retried, counted.

    Parameters
    ----------
    api
        The line to the API server.
    may_write
        Asked before every single request.
    """

    def __init__(
        self,
        api: Connection,
        may_write: Callable[[], bool],
        telemetry: Telemetry,
        *,
        bucket: TokenBucket | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        rng: random.Random | None = None,
    ) -> None:
        self._api = api
        self._may_write = may_write
        self._telemetry = telemetry
        self._bucket = bucket or TokenBucket(WRITES_PER_SECOND, WRITES_BURST, monotonic=monotonic, sleep=sleep)
        self._breaker = Breaker(monotonic=monotonic)
        self._line = Breaker(first_seconds=LINE_SECONDS[0], last_seconds=LINE_SECONDS[1], monotonic=monotonic)
        self._sleep = sleep
        self._rng = rng or random.Random()

    async def send(self, request: WriteRequest) -> Answer:
        """Send it and return the answer.

        Raises
        ------
        Refused
            For 404 and 409, which the caller understands best.
        Dropped
            If it was not performed for any other reason.
        """
        for attempt in range(TRIES):
            if self._rests(request):
                raise self._dropped(request, "resting")
            self._telemetry.throttled.inc(await self._bucket.take())
            if not self._may_write():
                raise self._dropped(request, "not-leading")
            try:
                answer = await self._ask(request)
            except Refused as refusal:
                pause_seconds = self._judge(request, refusal, attempt)
            except Unavailable as error:
                logger.warning("%s", error)
                pause_seconds = self._pause_seconds(attempt)
            else:
                self._worked(request)
                return answer
            await self._sleep(pause_seconds)
        self._line.refused("line")
        raise self._dropped(request, "failed")

    def _rests(self, request: WriteRequest) -> bool:
        return self._line.is_open("line") or self._breaker.is_open(request.what) or self._breaker.is_open(request.path)

    async def _ask(self, request: WriteRequest) -> Answer:
        return await self._api.request(
            request.method,
            request.path,
            query=request.query,
            body=request.body,
            content_type=request.content_type,
            seconds=WRITE_SECONDS,
        )

    def _judge(self, request: WriteRequest, refusal: Refused, attempt: int) -> float:
        """Return how long to wait before the next try; raise where there is none."""
        status = refusal.status
        if status in AGAIN:
            return max(refusal.retry_after_seconds, self._pause_seconds(attempt))
        if status in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
            self._count(request, "gone" if status == HTTPStatus.NOT_FOUND else "conflict")
            raise refusal
        if status == HTTPStatus.FORBIDDEN and TERMINATING in refusal.details:
            raise self._dropped(request, "gone")
        if status in (HTTPStatus.FORBIDDEN, HTTPStatus.UNAUTHORIZED):
            seconds = self._breaker.refused(request.what)
            self._telemetry.refused.labels(request.what).set(1)
            logger.error("%s (no %s is written for %g s)", refusal, request.what, seconds)
            raise self._dropped(request, "refused")
        self._breaker.refused(request.path)
        self._telemetry.once(logger, "write", refusal)
        raise self._dropped(request, "invalid")

    def _pause_seconds(self, attempt: int) -> float:
        return self._rng.uniform(0.5, 1.0) * min(PAUSE_SECONDS_FIRST * 2.0**attempt, PAUSE_SECONDS_LAST)

    def _worked(self, request: WriteRequest) -> None:
        self._line.worked("line")
        self._breaker.worked(request.what)
        self._breaker.worked(request.path)
        self._telemetry.refused.labels(request.what).set(0)
        self._count(request, "ok")

    def _dropped(self, request: WriteRequest, result: str) -> Dropped:
        self._count(request, result)
        return Dropped(f"{request.method} {request.path}: {result}")

    def _count(self, request: WriteRequest, result: str) -> None:
        self._telemetry.writes.labels(request.what, result).inc()


class Writer:
    """Performs writes through a `Sender`, and tells the book what the API server made of them."""

    def __init__(
        self, sender: Sender, book: AdviceBook, telemetry: Telemetry, annotator: Annotator, teller: EventTeller
    ) -> None:
        self._sender = sender
        self._book = book
        self._telemetry = telemetry
        self._annotator = annotator
        self._teller = teller

    async def perform(self, writes: Sequence[Write]) -> int:
        """Perform what can be performed and return how many writes were not."""
        slots = asyncio.Semaphore(OBJECTS_AT_ONCE)

        async def one_object(its_writes: Iterable[Write]) -> int:
            async with slots:
                return await self._in_order(list(its_writes))

        async with asyncio.TaskGroup() as group:
            ordered = sorted(writes, key=_object)  # stable: the order of one object's writes stays
            tasks = [group.create_task(one_object(list(its))) for _, its in groupby(ordered, key=_object)]
        return sum(task.result() for task in tasks)

    async def _in_order(self, writes: Sequence[Write]) -> int:
        for done, write in enumerate(writes):
            try:
                await self._one(write)
            except Dropped as reason:
                logger.debug("%s", reason)
                return len(writes) - done
        return 0

    async def _one(self, write: Write) -> None:
        match write:
            case AnnotatePod():
                await self._annotator.annotate(write)
            case EmitEvent():
                await self._teller.tell(write)
            case ApplyObject() | ApplyStatus() | Delete():
                await self._advice(write)

    async def _advice(self, write: ApplyObject | ApplyStatus | Delete) -> None:
        try:
            answer = await self._sender.send(request_of(write))
        except Refused as refusal:
            if refusal.status == HTTPStatus.NOT_FOUND:
                self._book.delete(write.key)
            raise Dropped(str(refusal)) from None
        logger.info("%s %s: %s", type(write).__name__, write.key, write.why)
        if isinstance(write, Delete):
            self._book.delete(write.key, write.uid)
            return
        try:
            self._book.put(answer.json())
        except BadInput as error:
            self._telemetry.once(logger, "advice", error)


def _object(write: Write) -> tuple[str, ...]:
    """Return what a write is about: writes about the same thing keep their order."""
    match write:
        case AnnotatePod(namespace, name):
            return "pod", namespace, name
        case EmitEvent(key):
            return "event", *key
        case _:
            return "advice", *write.key
