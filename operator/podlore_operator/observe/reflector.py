"""One kind of object, kept in step with the API server: a paged list, then a watch, for ever.

Objects are read into nouns as they are parsed and handed to a `Sink`, which is ClusterState. The list replaces what the
sink holds, so a deletion that nobody saw is noticed; the watch is resumed from the last version that was heard. What
the server does, and what follows:

==================================================  ==============================================================
it ends a watch                                     watch on from the last version
410 (version too old), in the stream or as status   list anew
expired continue token                              list anew; after the second time in a row without pages
429, 5xx, a broken or silent line                   back off (with Retry-After), watch on; after the third time list
404, or 403 for an optional kind                    the kind is absent: quiet, ask again every five minutes
an object that cannot be read                       counted, logged once for each reason, not known from then on
a line that is no event                             counted, back off, watch on from the last version
==================================================  ==============================================================
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import aclosing
from typing import Never, Protocol

import msgspec

from podlore.clock import Clock
from podlore.cluster_state import Seen
from podlore.errors import BadInput, Unavailable
from podlore_operator.observe.back_off import BackOff
from podlore_operator.observe.connection import Connection
from podlore_operator.observe.progress import Progress
from podlore_operator.observe.refused import Refused, read_status
from podlore_operator.observe.resource import Resource

PAGE_LIMIT = 500
WHOLE_LIST_SECONDS = 60.0
WATCH_SECONDS = (240, 360)
ABSENT_SECONDS = 300.0
SHORT_WATCH_SECONDS = 1.0
FAILURES_BEFORE_LIST = 3

GONE = 410
CHANGES = frozenset({"ADDED", "MODIFIED"})
KNOWN_TYPES = CHANGES | {"DELETED", "BOOKMARK"}
TRANSIENT = frozenset({401, 408, 429, 500, 502, 503, 504})


class Sink(Protocol):
    """Where objects go; `podlore.cluster_state.ClusterState` is one."""

    def apply(self, obj: Seen) -> None:
        """Take in an object as it is now."""

    def delete(self, kind: str, key: str) -> None:
        """Forget an object by kind and uid."""

    def replace(self, kind: str, objs: Iterable[Seen]) -> None:
        """Take in a complete list of a kind."""


class _ListMeta(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")


class _Page(msgspec.Struct):
    metadata: _ListMeta
    items: list[msgspec.Raw] | None = None


class _Event(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _Meta(msgspec.Struct, rename="camel"):
    resource_version: str
    uid: str = ""


class _Identity(msgspec.Struct):
    metadata: _Meta


_decode_page = msgspec.json.Decoder(_Page).decode
_decode_event = msgspec.json.Decoder(_Event).decode
_decode_identity = msgspec.json.Decoder(_Identity).decode

NOT_PARSED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Reflector:
    """Keeps a sink in step with one resource.

    Parameters
    ----------
    sleep, monotonic, rng
        How to wait, and by what; for tests.
    """

    def __init__(
        self,
        api: Connection,
        resource: Resource,
        clock: Clock,
        sink: Sink,
        *,
        rng: random.Random | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.resource = resource
        self.progress = Progress(resource.kind, monotonic)
        self.synced = asyncio.Event()
        self._api = api
        self._clock = clock
        self._sink = sink
        self._rng = rng or random.Random()
        self._sleep = sleep
        self._monotonic = monotonic
        self._back_off = BackOff(self._rng)
        self._version = ""
        self._failures_in_a_row = 0
        self._expired_in_a_row = 0

    async def run(self) -> Never:
        """List and watch until cancelled."""
        while True:
            try:
                if not self._version:
                    await self._list()
                await self._watch()
            except Refused as refused:
                await self._after_refusal(refused)
            except (Unavailable, BadInput) as error:
                await self._after_failure("line", error)

    async def _list(self) -> None:
        objs: list[Seen] = []
        token = ""
        while True:
            page = await self._page(token)
            objs += filter(None, map(self._read, page.items or ()))
            self.progress.heard()
            if not (token := page.metadata.continue_):
                break
        self._sink.replace(self.resource.kind, objs)
        self._version, self._expired_in_a_row = page.metadata.resource_version, 0
        self.progress.is_absent = False
        self.synced.set()

    async def _page(self, token: str) -> _Page:
        is_paged = self._expired_in_a_row < 2
        query = ({"limit": str(PAGE_LIMIT)} if is_paged else {}) | ({"continue": token} if token else {})
        accept = self.resource.accept("PartialObjectMetadataList")
        seconds = None if is_paged else WHOLE_LIST_SECONDS
        answer = await self._api.request("GET", self.resource.path, query=query, accept=accept, seconds=seconds)
        try:
            return _decode_page(answer.body)
        except NOT_PARSED as error:
            raise Unavailable(f"{self.resource.path} answered with something else than a list: {error}") from None

    async def _watch(self) -> None:
        query = {
            "watch": "1",
            "resourceVersion": self._version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(self._rng.randint(*WATCH_SECONDS)),
        }
        began_at, lines = self._monotonic(), 0
        accept = self.resource.accept("PartialObjectMetadata")
        async with aclosing(self._api.watch(self.resource.path, query, accept=accept)) as stream:
            async for line in stream:
                lines += 1
                self._take(line)
        self.progress.heard()
        if not lines and self._monotonic() - began_at < SHORT_WATCH_SECONDS:
            raise Unavailable(f"{self.resource.path}: the server ended a watch at once")

    def _take(self, line: bytes) -> None:
        """Take in one line of a watch; raises `Refused` where it is an error."""
        try:
            event = _decode_event(line)
            if event.type == "ERROR":
                status = read_status(event.object)
                raise Refused(f"{self.resource.path}: {status.message}", status=status.code, reason=status.reason)
            identity = _decode_identity(event.object).metadata
        except NOT_PARSED as error:
            raise Unavailable(f"{self.resource.path}: a line of the watch is no event: {error}") from None
        self.progress.heard()
        self.progress.events[event.type if event.type in KNOWN_TYPES else "other"] += 1
        if event.type in CHANGES and (obj := self._read(event.object)) is not None:
            self._sink.apply(obj)
        elif event.type in CHANGES or event.type == "DELETED":
            self._sink.delete(self.resource.kind, identity.uid)
        self._version = identity.resource_version
        self._failures_in_a_row = 0
        self._back_off.reset()

    def _read(self, raw: msgspec.Raw) -> Seen | None:
        try:
            return self.resource.read(raw, self._clock)
        except BadInput as error:
            self.progress.bad_object(error)
            return None

    async def _after_refusal(self, refused: Refused) -> None:
        if refused.status == 404 or (refused.status == 403 and self.resource.optional):
            await self._while_absent()
        elif refused.status in TRANSIENT:
            await self._after_failure(str(refused.status), refused, refused.retry_after_seconds)
        else:
            self._expired_in_a_row += refused.status == GONE and not self._version
            self._list_anew(str(refused.status))
            if refused.status != GONE:
                self.progress.failed(str(refused.status), refused)
            await self._sleep(self._back_off.next_seconds())

    async def _while_absent(self) -> None:
        self.progress.is_absent = True
        self.progress.heard()
        self._version = ""
        self._sink.replace(self.resource.kind, ())
        self.synced.set()
        await self._sleep(ABSENT_SECONDS * self._rng.uniform(0.8, 1.2))

    async def _after_failure(self, reason: str, error: Exception, retry_after_seconds: float = 0.0) -> None:
        self.progress.failed(reason, error)
        self._failures_in_a_row += 1
        if self._failures_in_a_row >= FAILURES_BEFORE_LIST and self._version:
            self._list_anew(reason)  # the version itself may be what the server stumbles over
        await self._sleep(self._back_off.next_seconds(at_least=retry_after_seconds))

    def _list_anew(self, reason: str) -> None:
        if self._version:
            self.progress.relists[reason] += 1
        self._version, self._failures_in_a_row = "", 0
