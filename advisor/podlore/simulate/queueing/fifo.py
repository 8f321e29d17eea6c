"""FIFO: first come, first served; nobody is preempted, and a job that does not fit blocks those behind it."""

from collections.abc import Mapping
from typing import ClassVar

from podlore.simulate.queueing.ordered import Ordered
from podlore.simulate.queueing.schedulable import Schedulable


class Fifo(Ordered):
    """Strict order of submission."""

    is_strict: ClassVar[bool] = True

    def order(self, now: int, jobs: Mapping[str, Schedulable]) -> list[str]:
        """Return the jobs by submission."""
        return sorted(jobs, key=lambda name: jobs[name].submitted_at)
