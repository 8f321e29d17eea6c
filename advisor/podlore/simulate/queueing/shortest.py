"""SJF and SRTF: the job that is over soonest goes first; both know running times, which no real cluster does.

SJF orders by the whole running time and never preempts; SRTF orders by what remains and does.
"""

from collections.abc import Mapping

from podlore.simulate.queueing.ordered import Ordered
from podlore.simulate.queueing.schedulable import Schedulable


class ShortestRemainingTimeFirst(Ordered):
    """Least remaining running time first, with preemption."""

    def order(self, now: int, jobs: Mapping[str, Schedulable]) -> list[str]:
        """Return the jobs by what remains, equals by submission."""
        return sorted(jobs, key=lambda name: (jobs[name].remaining_seconds(), jobs[name].submitted_at))


class ShortestJobFirst(Ordered):
    """Least running time first among those that wait; whoever runs goes on."""

    def __init__(self) -> None:
        self._running: set[str] = set()
        self._whole_seconds: dict[str, float] = {}

    def order(self, now: int, jobs: Mapping[str, Schedulable]) -> list[str]:
        """Return those that run, then the others by their whole running time."""
        for name in jobs:
            if name not in self._whole_seconds:
                self._whole_seconds[name] = jobs[name].remaining_seconds()
        return sorted(jobs, key=lambda name: (name not in self._running, self._whole_seconds[name]))

    def allocate(
        self, now: int, jobs: Mapping[str, Schedulable], before: Mapping[str, list[int]], gpus_by_node: list[int]
    ) -> dict[str, list[int]]:
        """Return the node of each replica of each job that runs in the next round."""
        self._running = set(before)
        return super().allocate(now, jobs, before, gpus_by_node)
