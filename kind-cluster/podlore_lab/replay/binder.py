"""Binds the pods whose placement a trace recorded, as a scheduler of their own: pods come in, bindings go out.

The kube-scheduler leaves a pod with another scheduler's name alone and counts it once it is bound. So nothing in the
pod's spec betrays where it was meant to run, and a detector sees an ordinary placement.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable

from podlore.traces import Job
from podlore_lab.patient_api import Json, PatientApi
from podlore_lab.replay.manifest import JOB_LABEL, PLACED_LABEL
from podlore_operator.observe.connection import Refused

CONFLICT, MISSING = 409, 404

Key = tuple[str, str]


class Binder:
    """Gives each pod of a job the next of its recorded nodes that none of its siblings has."""

    def __init__(self, api: PatientApi, jobs: Iterable[Job]) -> None:
        self._api = api
        self._nodes = {(job.tenant, job.name): job.nodes for job in jobs if job.nodes}
        self._placed: dict[Key, dict[str, str]] = {}
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
            while any(len(self._placed.get(key, ())) < pods for key, pods in waiting.items()):
                self._changed.clear()
                await self._changed.wait()

        try:
            await asyncio.wait_for(placed(), timeout_seconds)
        except TimeoutError:
            return False
        return True

    def _replace(self, pods: list[Json]) -> None:
        self._placed.clear()
        for pod in sorted(pods, key=lambda pod: not pod["spec"].get("nodeName")):
            self._apply("MODIFIED", pod)

    def _apply(self, kind: str, pod: Json) -> None:
        metadata = pod["metadata"]
        key = (metadata["namespace"], (metadata.get("labels") or {}).get(JOB_LABEL, ""))
        if (nodes := self._nodes.get(key)) is None:
            return
        placed = self._placed.setdefault(key, {})
        if kind == "DELETED" or (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            placed.pop(metadata["uid"], None)
        elif node := pod["spec"].get("nodeName"):
            placed[metadata["uid"]] = node
            self._changed.set()
        elif metadata["uid"] not in placed and (node := _next(nodes, placed.values())):
            placed[metadata["uid"]] = node
            self._start(pod, node, placed)

    def _start(self, pod: Json, node: str, placed: dict[str, str]) -> None:
        task = asyncio.create_task(self._bind(pod, node, placed))
        self._bindings.add(task)
        task.add_done_callback(self._bindings.discard)

    async def _bind(self, pod: Json, node: str, placed: dict[str, str]) -> None:
        metadata = pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/binding"
        target = {"apiVersion": "v1", "kind": "Node", "name": node}
        body: Json = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": metadata["name"]}, "target": target}
        try:
            await self._api.create(path, body)
        except Refused as refused:
            placed.pop(metadata["uid"], None)
            if refused.status not in (CONFLICT, MISSING):  # bound already, or deleted meanwhile: the watch will tell
                self.failed.append(str(refused))


def _next(nodes: tuple[str, ...], taken: Iterable[str]) -> str | None:
    """Return the first recorded node that is left, a node counting as often as it was recorded.

    >>> _next(("a", "a", "b"), ["a"]), _next(("a", "b"), ["a", "b"])
    ('a', None)
    """
    left = Counter(nodes) - Counter(taken)
    return next((node for node in nodes if left[node]), None)
