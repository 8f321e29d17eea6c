"""An API server of a few collections: real versions, pages, watches and bookmarks, and faults where asked for.

Objects are put in and removed by the test; clients list and watch them over HTTP as they would a real server's. Only
what a reflector needs is there: no writes, no validation, no selectors.
"""

import asyncio
import ssl
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import msgspec
from aiohttp import web

from podlore_operator.observe.testing.faults import Fault, Stream

Json = dict[str, Any]
Key = tuple[str, str]
encode = msgspec.json.encode


@dataclass(slots=True)
class Collection:
    """The objects at one path, and what happened to them since the server last forgot."""

    objects: dict[Key, Json] = field(default_factory=dict)
    history: list[tuple[int, bytes]] = field(default_factory=list)
    forgotten: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that arrived; ``verb`` is list, continue or watch."""

    verb: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


class FakeApiServer:
    """A server on loopback; an asynchronous context manager.

    Parameters
    ----------
    paths
        The collections that it serves.
    documents
        What it answers on other paths, such as those of discovery; all else is 404.
    tokens
        The bearer tokens that it accepts; by default it asks for none.

    Attributes
    ----------
    asked
        The requests that arrived, in order.
    """

    def __init__(
        self,
        paths: Iterable[str],
        *,
        documents: Mapping[str, Json] | None = None,
        tokens: frozenset[str] = frozenset(),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.asked: list[Asked] = []
        self.tokens = tokens
        self.url = ""
        self._documents = documents or {}
        self._collections = {path: Collection() for path in paths}
        self._faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._pages: dict[str, tuple[list[Json], int]] = {}
        self._version = 1
        self._news = asyncio.Condition()
        self._watchers: set[asyncio.Task[Any]] = set()
        self._tls = tls
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"{'https' if self._tls else 'http'}://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.end_watches()
        if self._runner is not None:
            await self._runner.cleanup()

    # --- what happens in the cluster --------------------------------------------------------------------------------

    async def put(self, path: str, obj: Json) -> Json:
        """Create or change an object; returns it with its new version."""
        collection, key = self._collections[path], _key(obj)
        kind = "MODIFIED" if key in collection.objects else "ADDED"
        return await self._tell(path, kind, obj)

    async def remove(self, path: str, name: str, namespace: str = "") -> None:
        """Delete an object."""
        obj = self._collections[path].objects.pop((namespace, name))
        await self._tell(path, "DELETED", obj)

    async def bookmark(self, path: str) -> None:
        """Tell all watchers how far they are, as the real one does every minute."""
        await self._tell(path, "BOOKMARK", {"metadata": {}})

    def remove_unseen(self, path: str, name: str, namespace: str = "") -> None:
        """Delete an object whose deletion no watch will tell of, because the server forgets its history."""
        del self._collections[path].objects[namespace, name]
        self.forget(path)

    def forget(self, path: str) -> None:
        """Drop the history, so that versions before now are gone (410); open watches do not notice."""
        self._version += 1
        collection = self._collections[path]
        collection.history, collection.forgotten = [], self._version

    # --- what goes wrong --------------------------------------------------------------------------------------------

    def fail(self, verb: str, *faults: Fault) -> None:
        """Have the next requests of a verb (list, continue or watch) go wrong, one fault each."""
        self._faults[verb].extend(faults)

    def end_watches(self) -> None:
        """Break the lines of all watches."""
        for watcher in self._watchers:
            watcher.cancel()

    @property
    def open_watches(self) -> int:
        """How many watches are open."""
        return len(self._watchers)

    async def watched(self, path: str) -> None:
        """Wait until somebody watches this collection."""
        async with self._news:
            await self._news.wait_for(lambda: any(a.verb == "watch" and a.path == path for a in self.asked))

    def count(self, verb: str) -> int:
        """Return how many requests of a verb arrived."""
        return sum(asked.verb == verb for asked in self.asked)

    # --- answers ----------------------------------------------------------------------------------------------------

    async def _tell(self, path: str, kind: str, obj: Json) -> Json:
        self._version += 1
        obj = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self._version)}}
        collection = self._collections[path]
        if kind in {"ADDED", "MODIFIED"}:
            collection.objects[_key(obj)] = obj
        collection.history.append((self._version, encode({"type": kind, "object": obj}) + b"\n"))
        async with self._news:
            self._news.notify_all()
        return obj

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        verb = "watch" if "watch" in request.query else "continue" if "continue" in request.query else "list"
        self.asked.append(Asked(verb, request.path, dict(request.query), dict(request.headers)))
        async with self._news:
            self._news.notify_all()
        fault = self._faults[verb].popleft() if self._faults[verb] else Fault()
        if self.tokens and request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            fault = Fault(status=401)
        if fault.reset and request.transport:
            request.transport.abort()
            raise asyncio.CancelledError
        if fault.status:
            return _status(fault.status, fault.retry_after_seconds)
        if fault.body is not None:
            return web.Response(body=fault.body)
        if (document := self._documents.get(request.path)) is not None:
            return web.Response(body=encode(document), content_type="application/json")
        if (collection := self._collections.get(request.path)) is None:
            return _status(404)
        return await self._watch(request, collection, fault) if verb == "watch" else self._list(request, collection)

    def _list(self, request: web.Request, collection: Collection) -> web.Response:
        items, version = self._pages.get(
            request.query.get("continue", ""), (list(collection.objects.values()), self._version)
        )
        limit = int(request.query.get("limit", 0)) or len(items)
        page, rest = items[:limit], items[limit:]
        metadata: Json = {"resourceVersion": str(version)}
        if rest:
            metadata["continue"] = f"page-{len(self._pages)}"
            self._pages[metadata["continue"]] = (rest, version)
        return web.Response(body=encode({"metadata": metadata, "items": page}), content_type="application/json")

    async def _watch(self, request: web.Request, collection: Collection, fault: Fault) -> web.StreamResponse:
        version = int(request.query["resourceVersion"])
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        if version < collection.forgotten:
            fault = Fault(in_stream=410)
        if fault.in_stream:
            await response.write(encode({"type": "ERROR", "object": _failure(fault.in_stream)}) + b"\n")
        if fault.stream is Stream.GARBAGE:
            await response.write(b'{"type": "ADDED", "object": \n')
        if fault.in_stream or fault.stream in {Stream.ENDED, Stream.GARBAGE}:
            return response
        task = asyncio.current_task()
        if task is not None:
            self._watchers.add(task)
            task.add_done_callback(self._watchers.discard)
        await self._stream(request, response, collection, version, fault.stream)
        return response

    async def _stream(
        self,
        request: web.Request,
        response: web.StreamResponse,
        collection: Collection,
        version: int,
        stream: Stream | None,
    ) -> None:
        while True:
            async with self._news:
                await self._news.wait_for(_is_newer(collection, version, stream))
            news = [(at, line) for at, line in collection.history if at > version]
            version = news[-1][0]
            if stream is Stream.CUT and request.transport:
                await response.write(news[0][1][:-10])
                request.transport.abort()
                return
            for _, line in news:
                for _ in range(2 if stream is Stream.TWICE else 1):
                    await response.write(line)  # a chunk for each event, as the real one sends them


def _is_newer(collection: Collection, version: int, stream: Stream | None) -> Callable[[], bool]:
    def is_newer() -> bool:
        return stream is not Stream.SILENT and bool(collection.history) and collection.history[-1][0] > version

    return is_newer


def _key(obj: Json) -> Key:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def _failure(code: int) -> Json:
    return {"kind": "Status", "status": "Failure", "code": code, "reason": f"Fake{code}", "message": f"fault {code}"}


def _status(code: int, retry_after_seconds: int = 0) -> web.Response:
    headers = {"Retry-After": str(retry_after_seconds)} if retry_after_seconds else {}
    return web.Response(status=code, body=encode(_failure(code)), headers=headers, content_type="application/json")
