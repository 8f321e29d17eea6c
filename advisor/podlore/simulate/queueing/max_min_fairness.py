"""Max-min fairness over jobs: whoever has had the least GPU time per GPU asked for goes first, in rounds.

Source: Narayanan et al., "Gavel", USENIX OSDI 2020: least attained service, with one GPU type, as time-sharing by
rounds.
"""

from collections.abc import Mapping

from podlore.simulate.queueing.ordered import Ordered
from podlore.simulate.queueing.schedulable import Schedulable

LEASE_SECONDS = 360.0


class MaxMinFairness(Ordered):
    """Least received share first; shares count in whole leases of 6 minutes, to be worth a restart."""

    def order(self, now: int, jobs: Mapping[str, Schedulable]) -> list[str]:
        """Return the jobs by what they received of the time since submission, equals by submission."""
        return sorted(jobs, key=lambda name: (self._received(jobs[name], now), jobs[name].submitted_at, name))

    def _received(self, job: Schedulable, now: int) -> float:
        """Return the share of its waiting and running time in which it held its GPUs, in steps of a lease."""
        held = job.attained_gpu_seconds / job.replicas // LEASE_SECONDS
        return held / max((now - job.submitted_at) // LEASE_SECONDS, 1.0)
