"""Tiresias: two queues by attained service, first come first served in each, jobs never promoted again.

Source: Gu et al., "Tiresias", USENIX NSDI 2019 (2D-LAS with one threshold); the threshold of 16 GPU-hours and the
placement on the emptiest nodes are those of the published comparison in Qiao et al., USENIX OSDI 2021.
"""

from collections.abc import Iterable, Mapping

from podlore.simulate.queueing.ordered import Ordered
from podlore.simulate.queueing.schedulable import Schedulable

THRESHOLD_GPU_SECONDS = 16 * 3600


class Tiresias(Ordered):
    """Least attained service first, discretized into two queues."""

    def __init__(self) -> None:
        self._queues: tuple[list[str], list[str]] = ([], [])
        self._running: dict[str, bool] = {}
        self._checked_at: dict[str, int] = {}
        self._run_seconds: dict[str, int] = {}

    def order(self, now: int, jobs: Mapping[str, Schedulable]) -> list[str]:
        """Return the first queue, then the second, each by arrival there."""
        self._settle(now, jobs)
        return [name for queue in self._queues for name in queue]

    def serve(
        self,
        names: Iterable[str],
        jobs: Mapping[str, Schedulable],
        before: Mapping[str, list[int]],
        gpus_by_node: list[int],
    ) -> dict[str, list[int]]:
        """Run the jobs in this order as far as GPUs go, and remember who runs."""
        allocations = super().serve(names, jobs, before, gpus_by_node)
        self._running = {name: name in allocations for name in jobs}
        return allocations

    def _settle(self, now: int, jobs: Mapping[str, Schedulable]) -> None:
        """Forget finished jobs, queue new ones, and demote those whose attained service has passed the threshold."""
        for queue in self._queues:
            queue[:] = [name for name in queue if name in jobs]
        self._running = {name: running for name, running in self._running.items() if name in jobs}
        for name, job in jobs.items():
            if name not in self._running:
                self._running[name] = False
                self._queues[0].append(name)
            elif self._running[name]:
                self._run_seconds[name] = self._run_seconds.get(name, 0) + now - self._checked_at[name]
                if self._run_seconds[name] * job.replicas >= THRESHOLD_GPU_SECONDS and name in self._queues[0]:
                    self._queues[0].remove(name)
                    self._queues[1].append(name)
            self._checked_at[name] = now
