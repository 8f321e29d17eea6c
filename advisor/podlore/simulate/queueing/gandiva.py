"""Gandiva: everybody runs at once, by sharing GPUs where there are not enough, with migration to mend placements.

Where demand exceeds the GPUs, jobs of equal size are packed in pairs on the same GPUs. Each then runs at
`PAIR_SPEED`, the mean of what was measured for pairs on a V100, where nothing is known of the two. What cannot be
packed takes turns. A job spread over more nodes than it needs moves when it can be brought together.

Source: Xiao et al., "Gandiva", USENIX OSDI 2018, sections 3.2-3.4; the rule for pairs as in Gavel's baseline.
"""

from collections.abc import Mapping

from podlore.simulate.queueing.max_min_fairness import MaxMinFairness
from podlore.simulate.queueing.placing import keep_or_place, together
from podlore.simulate.queueing.schedulable import Schedulable

PAIR_SPEED = 1.313 / 2
"""Gavel's measured pairs on a V100: normalised speeds sum to 1.313 on average; a pair pays off above 1."""


class Gandiva(MaxMinFairness):
    """Time-slicing by least received time, packing in pairs, migration towards fewer nodes."""

    def __init__(self) -> None:
        self.partner: dict[str, str] = {}

    def allocate(
        self, now: int, jobs: Mapping[str, Schedulable], before: Mapping[str, list[int]], gpus_by_node: list[int]
    ) -> dict[str, list[int]]:
        """Return the node of each replica; a packed job is not listed, it is in `partner` beside the one it joined."""
        self.partner = {guest: host for guest, host in self.partner.items() if guest in jobs and host in jobs}
        alone = {name: job for name, job in jobs.items() if name not in self.partner}
        names = self.order(now, alone)
        left, running, waiting = sum(gpus_by_node), [], []
        for name in names:
            if jobs[name].replicas <= left:
                left -= jobs[name].replicas
                running.append(name)
            else:
                waiting.append(name)
        self._pack(waiting, running, jobs)
        allocated = keep_or_place(running, jobs, before, gpus_by_node)
        return together(allocated, gpus_by_node)

    def _pack(self, waiting: list[str], running: list[str], jobs: Mapping[str, Schedulable]) -> None:
        hosts = [name for name in running if name not in set(self.partner.values())]
        for guest in waiting:
            for host in hosts:
                if jobs[host].replicas == jobs[guest].replicas:
                    self.partner[guest] = host
                    hosts.remove(host)
                    break
