"""Reads GPU metrics every so often into ClusterState; a Prometheus that goes away costs metrics, never the loop."""

import asyncio
import logging
from collections.abc import Callable
from typing import Never

from podlore.clock import Clock
from podlore.cluster_state import ClusterState
from podlore_operator.metrics.gpu_windows import GpuReading, Queries, read_gpu_windows
from podlore_operator.serve.telemetry import Telemetry

logger = logging.getLogger(__name__)

READ_TRACE_SECONDS = 60.0
READ_SECONDS_MIN, READ_SECONDS_MAX = 10.0, 60.0
"""A reading takes up to three queries, and there are at most twenty a minute."""


class MetricsLoop:
    """Reads until cancelled; ``has_read`` is set after the first reading, good or not."""

    def __init__(
        self,
        *,
        prometheus: Queries | None,
        state: ClusterState,
        clock: Clock,
        telemetry: Telemetry,
        changed: Callable[[], None],
    ) -> None:
        self._prometheus = prometheus
        self._state = state
        self._clock = clock
        self._telemetry = telemetry
        self._changed = changed
        self._reason = ""
        self.has_read = asyncio.Event()

    async def run(self) -> Never:
        """Read until cancelled; without a Prometheus there is nothing to read, and no end either."""
        while self._prometheus is not None:
            await self.read(self._prometheus)
            seconds = self._clock.wall_seconds(READ_TRACE_SECONDS)
            await asyncio.sleep(min(max(seconds, READ_SECONDS_MIN), READ_SECONDS_MAX))
        self.has_read.set()
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")

    async def read(self, prometheus: Queries) -> None:
        """Read once."""
        seen = self._state.snapshot().pods
        pods = {(pod.namespace, pod.name) for pod in seen if pod.requests.gpu_milli > 0 or pod.claims}
        holds: Callable[[str, str], bool] = lambda namespace, pod: (namespace, pod) in pods  # noqa: E731
        try:
            reading = await read_gpu_windows(prometheus, self._state.policy, self._clock, holds=holds)
        except Exception as error:
            logger.exception("GPU metrics could not be read")
            reading = GpuReading(reason=f"{type(error).__name__}: {error}")
        self._note(reading)
        revision = self._state.revision
        self._state.set_gpu_windows(reading.windows, reading.has_metrics)
        if self._state.revision != revision:
            self._changed()
        self.has_read.set()

    def _note(self, reading: GpuReading) -> None:
        self._telemetry.metrics_reads.labels("ok" if reading.has_metrics else "failed").inc()
        self._telemetry.metrics_available.set(reading.has_metrics)
        for warning in reading.warnings:
            self._telemetry.once(logger, "metrics", warning)
        if reading.reason != self._reason:
            if reading.reason:
                logger.warning("no GPU metrics: %s", reading.reason)
            else:
                logger.info("GPU metrics come in")
        self._reason = reading.reason
