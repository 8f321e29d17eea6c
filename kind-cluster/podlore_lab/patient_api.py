"""An asynchronous client of the lab's API server for its exporter and its replay: patient requests, and a watch.

It asks through the operator's `Connection`, asks again when the server says "too many requests", and follows a
collection over relists. The operator's reflector is not used: it reads objects into nouns, and these want them whole.
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import Any, Never, Self

import msgspec

from podlore.errors import Unavailable
from podlore_operator.observe.connection import JSON, MERGE_PATCH, Connection, Refused

Json = dict[str, Any]

PAGE_LIMIT = 500
TRIES = 6
FIRST_PAUSE_SECONDS = 0.1
LAST_PAUSE_SECONDS = 5.0
WATCH_SECONDS = 240
GONE = 410
AGAIN = frozenset({429, 500, 502, 503, 504})
"""Answers that mean: ask again, a little later."""


class PatientApi:
    """An API server, asked as the user of a kubeconfig's current context; an asynchronous context manager."""

    def __init__(self, kubeconfig: Path) -> None:
        self._connection = Connection.open(kubeconfig)
        self.waited_for_server = 0
        """How often a request was sent again."""

    async def __aenter__(self) -> Self:
        await self._connection.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connection.__aexit__(kind, error, trace)

    async def get(self, path: str, **query: str) -> Json:
        """Return the object or list at this path."""
        return await self._request("GET", path, query=query)

    async def create(self, path: str, body: Json) -> Json:
        """Create an object in the collection at this path."""
        return await self._request("POST", path, body=body)

    async def patch(self, path: str, body: Json) -> Json:
        """Merge a patch into the object at this path."""
        return await self._request("PATCH", path, body=body, content_type=MERGE_PATCH)

    async def delete(self, path: str) -> Json:
        """Delete the object at this path, and in the background what it owns."""
        return await self._request("DELETE", path, body={"propagationPolicy": "Background"})

    async def _request(
        self, method: str, path: str, *, query: Json | None = None, body: Json | None = None, content_type: str = JSON
    ) -> Json:
        """Ask, and ask again where the server says so or the line breaks; raises `Refused` or `Unavailable`."""
        for attempt in range(TRIES - 1):
            try:
                answer = await self._connection.request(method, path, query=query, body=body, content_type=content_type)
                return answer.json()
            except Refused as refused:
                if refused.status not in AGAIN:
                    raise
                pause_seconds = refused.retry_after_seconds or _pause_seconds(attempt)
            except Unavailable:
                pause_seconds = _pause_seconds(attempt)
            self.waited_for_server += 1
            await asyncio.sleep(min(pause_seconds, LAST_PAUSE_SECONDS))
        return (await self._connection.request(method, path, query=query, body=body, content_type=content_type)).json()

    async def list_all(self, path: str, **query: str) -> tuple[list[Json], str]:
        """Return all objects of a collection, page by page, and the version from which to watch."""
        items: list[Json] = []
        more: dict[str, str] = {}
        while True:
            page = await self.get(path, limit=str(PAGE_LIMIT), **query, **more)
            items += page.get("items") or []
            metadata = page.get("metadata") or {}
            if not metadata.get("continue"):
                return items, str(metadata.get("resourceVersion", ""))
            more = {"continue": metadata["continue"]}

    async def follow(
        self, path: str, replace: Callable[[list[Json]], None], apply: Callable[[str, Json], None], **query: str
    ) -> Never:
        """Tell what a collection holds, until cancelled: all of it after each list, then every change by its type.

        Raises
        ------
        Refused
            If the server says no for good.
        """
        failures = 0
        while True:
            try:
                items, version = await self.list_all(path, **query)
                replace(items)
                failures = 0
                while True:
                    version = await self._watch(path, version, apply, query)
                    await asyncio.sleep(FIRST_PAUSE_SECONDS)  # a server that ends each watch at once is not stormed
            except Refused as refused:
                if refused.status != GONE and refused.status not in AGAIN:
                    raise
            except Unavailable:
                failures += 1
            await asyncio.sleep(_pause_seconds(failures))

    async def _watch(self, path: str, version: str, apply: Callable[[str, Json], None], query: dict[str, str]) -> str:
        """Apply changes from ``version`` on until the server ends the watch; return the last version."""
        asked = {"watch": "1", "resourceVersion": version, "timeoutSeconds": str(WATCH_SECONDS), **query}
        async with aclosing(self._connection.watch(path, {**asked, "allowWatchBookmarks": "true"})) as lines:
            async for line in lines:
                event = _event(line)
                found = event["object"]
                if event["type"] == "ERROR":
                    raise Refused(f"{path}: {found.get('message', '')}", status=int(found.get("code", 500)))
                version = found["metadata"]["resourceVersion"]
                if event["type"] != "BOOKMARK":
                    apply(event["type"], found)
        return version


def _event(line: bytes) -> Json:
    try:
        event: Json = msgspec.json.decode(line)
    except msgspec.DecodeError as error:
        raise Unavailable(f"a line of a watch is no event: {error}") from None
    return event


def _pause_seconds(attempt: int) -> float:
    return min(FIRST_PAUSE_SECONDS * 2.0**attempt, LAST_PAUSE_SECONDS)
