"""The ends of pods' logs: a snapshot's pods come in, masked lines leave. Only asked for where logs are switched on.

Failing pods come first, then those whose log was looked at longest ago; pods, lines and bytes are bounded. A line is
masked before it is kept: what names a person, a machine or a secret goes no further than this module.
"""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from http import HTTPStatus

from podlore.clock import Clock
from podlore.errors import Unavailable
from podlore.events.mask import mask
from podlore.policy import HOUR_SECONDS, Policy
from podlore.vocabulary import Container, LogLine, Pod, Termination
from podlore.workloads import is_finished
from podlore_operator.observe.connection import Connection
from podlore_operator.observe.refused import Refused

PODS_MAX = 50
"""Looked at in one reading."""
LINES_MAX = 200
"""Of one pod."""
BYTES_MAX = 64 * 1024
"""Of one pod."""
LINE_CHARACTERS_MAX = 1024
KEPT_SECONDS = 6 * HOUR_SECONDS
LINES_KEPT_MAX = 20_000
"""Of all pods together."""
AT_ONCE = 4
NOTHING_THERE = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND})
"""A container that has not started yet, and a pod that has just gone."""

Key = tuple[str, str]
"""Namespace and name of a pod."""


def worth_reading(pods: Iterable[Pod], policy: Policy, read_at: Mapping[Key, float], now: float) -> list[Pod]:
    """Return the pods whose logs to read next: failing ones, then those not read for longest.

    >>> failed = Container("main", restart_count=1, ended_before=Termination(exit_code=1))
    >>> calm = Pod("vision", "calm", "u1", 0.0, "Running", "gpu-1", containers=(Container("main", running_since=1.0),))
    >>> bad = Pod("vision", "bad", "u2", 0.0, "Running", "gpu-1", containers=(failed,))
    >>> [pod.name for pod in worth_reading([calm, bad], Policy(), {}, now=60.0)]
    ['bad', 'calm']
    """
    started = [pod for pod in pods if pod.node and policy.covers(pod.namespace) and _has_log(pod, now)]
    started.sort(key=lambda pod: (not _is_failing(pod), read_at.get((pod.namespace, pod.name), 0.0), pod.uid))
    return started[:PODS_MAX]


async def read_logs(api: Connection, clock: Clock, pods: Iterable[Pod]) -> dict[Key, tuple[LogLine, ...]]:
    """Return the last lines of each pod's log.

    Raises
    ------
    Unavailable
        If logs cannot be had at all: the API server is away, or the account may not read them.
    """
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(pod: Pod) -> tuple[Key, tuple[LogLine, ...]]:
        async with turns:
            text = await _tail(api, pod)
        return (pod.namespace, pod.name), await asyncio.to_thread(_lines, pod, text, clock)

    return dict(await asyncio.gather(*(one(pod) for pod in pods)))


def newest(lines: Mapping[Key, tuple[LogLine, ...]], now: float) -> list[LogLine]:
    """Return the lines of the last hours, by time; the newest where there are too many."""
    recent = [line for found in lines.values() for line in found if line.at >= now - KEPT_SECONDS]
    return sorted(recent, key=lambda line: (line.at, line.namespace, line.pod, line.text))[-LINES_KEPT_MAX:]


async def _tail(api: Connection, pod: Pod) -> bytes:
    path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}/log"
    query = {"container": _telling(pod).name, "timestamps": "true"}
    query |= {"tailLines": str(LINES_MAX), "limitBytes": str(BYTES_MAX)}
    try:
        return (await api.request("GET", path, query=query, accept="*/*")).body[:BYTES_MAX]
    except Refused as refusal:
        if refusal.status == HTTPStatus.FORBIDDEN:
            raise Unavailable(f"{refusal}: set logs.enabled in the chart, or switch logs off in the policy") from None
        if refusal.status in NOTHING_THERE or refusal.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return b""  # also a node whose kubelet does not answer: others do
        raise


def _lines(pod: Pod, text: bytes, clock: Clock) -> tuple[LogLine, ...]:
    lines = text.decode("utf-8", errors="replace").splitlines()[-LINES_MAX:]
    return tuple(line for one in lines if (line := _line(pod, one, clock)))


def _line(pod: Pod, line: str, clock: Clock) -> LogLine | None:
    """Return a line, None if it does not begin with the kubelet's timestamp."""
    stamp, _, text = line.partition(" ")
    try:
        at = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    if at.tzinfo is None or not text.strip():
        return None
    return LogLine(pod.namespace, pod.name, clock.from_wall(at.timestamp()), mask(text)[:LINE_CHARACTERS_MAX])


def _has_log(pod: Pod, now: float) -> bool:
    if is_finished(pod):
        ends = [end.finished_at for c in pod.containers for end in _ends(c) if end.finished_at is not None]
        return pod.phase == "Failed" and max(ends, default=0.0) >= now - HOUR_SECONDS
    return any(container.running_since is not None or any(_ends(container)) for container in pod.containers)


def _is_failing(pod: Pod) -> bool:
    return any(end.exit_code != 0 for container in pod.containers for end in _ends(container))


def _ends(container: Container) -> list[Termination]:
    return [end for end in (container.ended, container.ended_before) if end is not None]


def _telling(pod: Pod) -> Container:
    """Return the container whose log says most: one that fails, else the first that is no init container."""
    order = sorted(pod.containers, key=lambda c: (not any(end.exit_code != 0 for end in _ends(c)), c.is_init))
    return order[0]
