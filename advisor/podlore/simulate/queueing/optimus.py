"""Optimus: one GPU for each job, then one more to whoever's end comes nearest by it, as long as there are GPUs.

Remaining time is known by the job's measured profile at every number of replicas, as in the published comparison
(Optimus with an oracle and tuned batches); the batch stays what was asked for. ncf cannot be distributed there.

Source: Peng et al., "Optimus", EuroSys 2018, section 4; comparison in Qiao et al., "Pollux", USENIX OSDI 2021.
"""

from collections.abc import Mapping
from heapq import heapify, heappop, heapreplace

from podlore.simulate.queueing.placing import keep_or_place_counts
from podlore.simulate.queueing.training_job import TrainingJob

SINGLE = "ncf"


class Optimus:
    """Greedy marginal gain in completion time."""

    def allocate(
        self, now: int, jobs: Mapping[str, TrainingJob], before: Mapping[str, list[int]], gpus_by_node: list[int]
    ) -> dict[str, list[int]]:
        """Return the node of each replica of each job that runs in the next round."""
        del now
        left = sum(gpus_by_node)
        first = sorted(jobs, key=lambda name: jobs[name].remaining_seconds(1))[:left]
        counts = dict.fromkeys(first, 1)
        left -= len(first)
        gains = [(-self._gain(jobs[name], 1), name) for name in first if self._most(jobs[name]) > 1]
        heapify(gains)
        while left > 0 and gains and gains[0][0] < 0:
            name = gains[0][1]
            counts[name] += 1
            left -= 1
            if counts[name] < self._most(jobs[name]):
                heapreplace(gains, (-self._gain(jobs[name], counts[name]), name))
            else:
                heappop(gains)
        return keep_or_place_counts(counts, before, gpus_by_node)

    @staticmethod
    def _most(job: TrainingJob) -> int:
        return 1 if job.profile.name == SINGLE else max(1, job.batch // job.profile.local_batch_min)

    @staticmethod
    def _gain(job: TrainingJob, count: int) -> float:
        """Return the seconds that one replica more saves."""
        return job.remaining_seconds(count) - job.remaining_seconds(count + 1)
