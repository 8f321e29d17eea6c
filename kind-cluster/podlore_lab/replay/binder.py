"""Binds the pods whose placement a trace recorded, as a scheduler of their own: pods come in, bindings go out.

The kube-scheduler leaves a pod with another scheduler's name alone and counts it once it is bound. So nothing in the
pod's spec betrays where it was meant to run, and a detector sees an ordinary placement.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from podlore.errors import Unavailable
from podlore.traces import Job
from podlore_lab.patient_api import Json, PatientApi
from podlore_lab.replay.manifest import JOB_LABEL, PLACED_LABEL
from podlore_operator.observe.connection import Refused

CONFLICT, MISSING = 409, 404

Key = tuple[str, str]
"""Namespace and name of a job."""


@dataclass(slots=True)
class _Placement:
    """The recorded nodes of one job, which of its pods was given which, which wait for one, and which are bound."""

    nodes: tuple[str, ...]
    given: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, Json] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)

    def forget(self, uid: str) -> None:
        self.given.pop(uid, None)
        self.waiting.pop(uid, None)
        self.bound.discard(uid)


class Binder:
    """Gives each pod of a job the next of its recorded nodes that none of its siblings has."""

    def __init__(self, api: PatientApi, jobs: Iterable[Job]) -> None:
        self._api = api
        self._placements = {(job.tenant, job.name): _Placement(job.nodes) for job in jobs if job.nodes}
        self._bindings: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self.failed: list[str] = []
        """What the API server said where a pod could not be bound."""

    async def follow(self) -> None:
        """Bind pods as they appear, until cancelled."""
        await self._api.follow("/api/v1/pods", self._replace, self._apply, labelSelector=PLACED_LABEL)

    async def wait_placed(self, jobs: Iterable[Job], timeout_seconds: float) -> bool:
        """Return True when all pods of these jobs are bound, False when time is up."""
        waiting = {(job.tenant, job.name): job.pods for job in jobs if job.nodes}

        async def placed() -> None:
            while any(len(self._placements[key].bound) < pods for key, pods in waiting.items()):
                self._changed.clear()
                await self._changed.wait()

        try:
            await asyncio.wait_for(placed(), timeout_seconds)
        except TimeoutError:
            return False
        return True

    async def finish(self) -> None:
        """Wait for the bindings under way."""
        await asyncio.gather(*self._bindings)

    def _replace(self, pods: list[Json]) -> None:
        for placement in self._placements.values():
            for uid in [*placement.given, *placement.waiting]:
                placement.forget(uid)
        for pod in sorted(pods, key=lambda pod: not pod["spec"].get("nodeName")):
            self._apply("MODIFIED", pod)

    def _apply(self, kind: str, pod: Json) -> None:
        metadata = pod["metadata"]
        uid, labels = metadata["uid"], metadata.get("labels") or {}
        placement = self._placements.get((metadata["namespace"], labels.get(JOB_LABEL, "")))
        if placement is None:
            return
        if kind == "DELETED" or (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            placement.forget(uid)
        elif node := pod["spec"].get("nodeName"):
            placement.forget(uid)
            placement.given[uid] = node
            placement.bound.add(uid)
        elif uid not in placement.given:
            placement.waiting[uid] = pod
        self._serve(placement)
        self._changed.set()

    def _serve(self, placement: _Placement) -> None:
        """Bind those that wait to the nodes that are left; a successor waits until its predecessor is gone."""
        for uid, pod in list(placement.waiting.items()):
            if node := _next(placement.nodes, placement.given.values()):
                placement.given[uid] = node
                del placement.waiting[uid]
                task = asyncio.create_task(self._bind(pod, node, placement))
                self._bindings.add(task)
                task.add_done_callback(self._bindings.discard)

    async def _bind(self, pod: Json, node: str, placement: _Placement) -> None:
        metadata = pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/binding"
        target = {"apiVersion": "v1", "kind": "Node", "name": node}
        body: Json = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": metadata["name"]}, "target": target}
        try:
            await self._api.create(path, body)
        except Unavailable as error:
            if not (isinstance(error, Refused) and error.status in (CONFLICT, MISSING)):  # else the watch will tell
                placement.forget(metadata["uid"])
                self.failed.append(str(error))


def _next(nodes: tuple[str, ...], taken: Iterable[str]) -> str | None:
    """Return the first recorded node that is left, a node counting as often as it was recorded.

    >>> _next(("a", "a", "b"), ["a"]), _next(("a", "b"), ["a", "b"])
    ('a', None)
    """
    left = Counter(nodes) - Counter(taken)
    return next((node for node in nodes if left[node]), None)
