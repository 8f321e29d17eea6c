"""Reads the ends of pods' logs into ClusterState every so often, for as long as the policy has logs switched on."""

import asyncio
import logging
from collections.abc import Callable
from typing import Never

from podlore.clock import Clock
from podlore.cluster_state import ClusterState
from podlore.errors import Unavailable
from podlore.vocabulary import LogLine
from podlore_operator.breaker import Breaker
from podlore_operator.observe.connection import Connection
from podlore_operator.observe.pod_logs import Key, newest, read_logs, worth_reading
from podlore_operator.serve.telemetry import Telemetry

logger = logging.getLogger(__name__)

READ_TRACE_SECONDS = 60.0
READ_SECONDS_MIN, READ_SECONDS_MAX = 10.0, 60.0
WHAT = "logs"


class LogsLoop:
    """Reads until cancelled; what is known of a pod's log is what was read last, while the pod is there."""

    def __init__(
        self, *, api: Connection, state: ClusterState, clock: Clock, telemetry: Telemetry, changed: Callable[[], None]
    ) -> None:
        self._api = api
        self._state = state
        self._clock = clock
        self._telemetry = telemetry
        self._changed = changed
        self._breaker = Breaker()
        self._lines: dict[Key, tuple[LogLine, ...]] = {}
        self._read_at: dict[Key, float] = {}

    async def run(self) -> Never:
        """Read until cancelled."""
        while True:
            await self.read()
            seconds = self._clock.wall_seconds(READ_TRACE_SECONDS)
            await asyncio.sleep(min(max(seconds, READ_SECONDS_MIN), READ_SECONDS_MAX))

    async def read(self) -> None:
        """Read once; where logs are switched off, forget what was read."""
        if not self._state.policy.logs_enabled:
            self._lines.clear()
        elif not self._breaker.is_open(WHAT):
            await self._read()
        revision = self._state.revision
        self._state.set_logs(newest(self._lines, self._clock.now()))
        if self._state.revision != revision:
            self._changed()

    async def _read(self) -> None:
        snapshot = self._state.snapshot()
        there = {(pod.namespace, pod.name) for pod in snapshot.pods}
        self._lines = {key: lines for key, lines in self._lines.items() if key in there}
        self._read_at = {key: at for key, at in self._read_at.items() if key in there}
        chosen = worth_reading(snapshot.pods, snapshot.policy, self._read_at, snapshot.now)
        try:
            self._lines |= await read_logs(self._api, self._clock, chosen)
        except Unavailable as error:
            self._telemetry.once(logger, WHAT, error)
            self._breaker.refused(WHAT)
        else:
            self._breaker.worked(WHAT)
        self._read_at |= {(pod.namespace, pod.name): snapshot.now for pod in chosen}
