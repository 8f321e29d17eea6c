"""Reads GPU metrics every so often into ClusterState; a Prometheus that goes away costs metrics, never the loop."""

import asyncio
import logging
from collections.abc import Callable
from typing import Never, Protocol

from podlore.clock import Clock
from podlore.cluster_state import ClusterState
from podlore.errors import BadInput, Unavailable
from podlore.snapshot import Snapshot
from podlore_operator.metrics import gpu_windows, read_steps
from podlore_operator.metrics.gpu_windows import GpuReading, read_gpu_windows
from podlore_operator.metrics.read_steps import STEPS_KEPT, Known, StepReader, last_step
from podlore_operator.metrics.series_book import SeriesBook
from podlore_operator.serve.telemetry import Telemetry

logger = logging.getLogger(__name__)

READ_TRACE_SECONDS = 60.0
READ_SECONDS_MIN, READ_SECONDS_MAX = 10.0, 60.0
"""A reading takes up to five queries, rarely more than four, and there are at most twenty a minute."""
OVERLAP_STEPS = 2
"""Steps that are read again: the last one may not have been whole, and a counter moves from one step to the next."""
MEASURED_CPU_MILLI, MEASURED_MEMORY_BYTES = 8_000, 32 * 2**30
"""Pods that ask for less, and for no GPU, waste too little to be measured."""


class Queries(gpu_windows.Queries, read_steps.Queries, Protocol):
    """What answers both kinds of queries."""


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
        self._book = SeriesBook()
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
        """Read once: the windows of devices, and what is new of how metrics went."""
        snapshot, revision = self._state.snapshot(), self._state.revision
        known = known_of(snapshot)
        try:
            reading = await read_gpu_windows(prometheus, self._state.policy, self._clock, holds=known.holds_now)
            if reading.has_metrics:
                await self._read_steps(StepReader(prometheus, self._state.policy, self._clock, known))
        except Exception as error:
            logger.exception("GPU metrics could not be read")
            reading = GpuReading(reason=f"{type(error).__name__}: {error}")
        self._note(reading)
        self._state.set_gpu_windows(reading.windows, reading.has_metrics)
        if self._state.revision != revision:
            self._changed()
        self.has_read.set()

    async def _read_steps(self, reader: StepReader) -> None:
        """Read the steps that are over since the last time; what fails is read the next time."""
        last, done = last_step(self._clock), self._book.last
        if done == last:
            return
        first = last - STEPS_KEPT + 1 if done is None else max(done - OVERLAP_STEPS + 1, last - STEPS_KEPT + 1)
        try:
            rows, warnings = await reader.read(first, last)
        except (Unavailable, BadInput) as error:
            logger.warning("how metrics went could not be read: %s", error)
            return
        for warning in warnings:
            self._telemetry.once(logger, "metrics", warning)
        self._book.put(last, rows)
        if self._book.left_out:
            self._telemetry.once(logger, "metrics", "there are more series than are kept; the rest is left out")
        self._state.set_series(self._book.series())

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


def known_of(snapshot: Snapshot) -> Known:
    """Return which pods and nodes the names in metrics may mean: pods that are gone held devices, too."""
    holding = {(pod.namespace, pod.name) for pod in snapshot.pods if pod.requests.gpu_milli > 0 or pod.claims}
    lately = {(start.namespace, start.pod) for start in snapshot.history.starts if start.requests.gpu_milli > 0}
    large = {
        (pod.namespace, pod.name)
        for pod in snapshot.pods
        if pod.requests.cpu_milli >= MEASURED_CPU_MILLI or pod.requests.memory_bytes >= MEASURED_MEMORY_BYTES
    }
    pods, measured = holding | lately, holding | large
    return Known(
        holds=lambda namespace, pod: (namespace, pod) in pods,
        holds_now=lambda namespace, pod: (namespace, pod) in holding,
        measured=lambda namespace, pod: (namespace, pod) in measured,
        nodes={node.name for node in snapshot.nodes},
    )
