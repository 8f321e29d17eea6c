"""Removes what replays created, and nothing else: told by its label."""

import asyncio
import time

from podlore.errors import Unavailable
from podlore_lab.patient_api import Json, PatientApi
from podlore_lab.replay.manifest import REPLAY_LABEL

COLLECTIONS = ("apis/batch/v1/{}jobs", "apis/apps/v1/{}deployments")
AT_ONCE = 16
PAUSE_SECONDS = 0.2


async def clean(api: PatientApi, timeout_seconds: float = 120.0) -> int:
    """Delete every Job and Deployment that a replay created, wait for their pods to go, then the namespaces it made.

    Returns how many Jobs and Deployments there were. A namespace that was there before a replay stays.

    Raises
    ------
    Unavailable
        If something is still there when time is up.
    """
    deadline = time.monotonic() + timeout_seconds
    paths = [_path(pattern, item) for pattern in COLLECTIONS for item in await owned(api, pattern)]
    await _delete_all(api, paths)
    await _until_none(api, "api/v1/{}pods", deadline)
    namespaces = [item["metadata"]["name"] for item in await owned(api, "api/v1/namespaces")]
    await _delete_all(api, [f"/api/v1/namespaces/{name}" for name in namespaces])
    await _until_none(api, "api/v1/namespaces", deadline)
    return len(paths)


async def owned(api: PatientApi, pattern: str) -> list[Json]:
    """Return the objects of a kind, in all namespaces, that a replay created."""
    items, _ = await api.list_all(f"/{pattern.format('')}", labelSelector=REPLAY_LABEL)
    return items


async def _delete_all(api: PatientApi, paths: list[str]) -> None:
    limit = asyncio.Semaphore(AT_ONCE)

    async def delete(path: str) -> None:
        async with limit:
            await api.delete(path)

    await asyncio.gather(*(delete(path) for path in paths), return_exceptions=True)  # whoever is gone is gone


async def _until_none(api: PatientApi, pattern: str, deadline: float) -> None:
    while left := await owned(api, pattern):
        if time.monotonic() > deadline:
            first = left[0]["metadata"]
            raise Unavailable(
                f"{len(left)} {pattern.rsplit('/', 1)[-1].strip('{}')} do not go, such as {first['name']}"
            )
        await asyncio.sleep(PAUSE_SECONDS)


def _path(pattern: str, item: Json) -> str:
    metadata = item["metadata"]
    namespace = f"namespaces/{metadata['namespace']}/"
    return f"/{pattern.format(namespace)}/{metadata['name']}"
