"""The part that most queueing policies share: jobs in an order, run as many as fit, where they were before.

A subclass says the order. With ``is_strict`` the first job that does not fit blocks those behind it.
"""

from collections.abc import Iterable, Mapping
from typing import ClassVar

from podlore.simulate.queueing.placing import keep_or_place
from podlore.simulate.queueing.schedulable import Schedulable


class Ordered:
    """Runs jobs in the order that `order` gives; advice may reorder what it returns."""

    is_strict: ClassVar[bool] = False

    def order(self, now: int, jobs: Mapping[str, Schedulable]) -> list[str]:
        """Return the names of the jobs, first to be served first."""
        raise NotImplementedError

    def allocate(
        self, now: int, jobs: Mapping[str, Schedulable], before: Mapping[str, list[int]], gpus_by_node: list[int]
    ) -> dict[str, list[int]]:
        """Return the node of each replica of each job that runs in the next round."""
        return self.serve(self.order(now, jobs), jobs, before, gpus_by_node)

    def serve(
        self,
        names: Iterable[str],
        jobs: Mapping[str, Schedulable],
        before: Mapping[str, list[int]],
        gpus_by_node: list[int],
    ) -> dict[str, list[int]]:
        """Run the jobs in this order as far as GPUs go."""
        left = sum(gpus_by_node)
        running = []
        for name in names:
            if jobs[name].replicas <= left:
                left -= jobs[name].replicas
                running.append(name)
            elif self.is_strict:
                break
        return keep_or_place(running, jobs, before, gpus_by_node)
