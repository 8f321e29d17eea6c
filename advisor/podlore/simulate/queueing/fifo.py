"""FIFO: first come, first served; nobody is preempted, and a job that does not fit blocks those behind it."""

from collections.abc import Mapping

from podlore.simulate.queueing.placing import keep_or_place
from podlore.simulate.queueing.training_job import TrainingJob


class Fifo:
    """Strict order of submission."""

    def allocate(
        self, now: int, jobs: Mapping[str, TrainingJob], before: Mapping[str, list[int]], gpus_by_node: list[int]
    ) -> dict[str, list[int]]:
        """Return the node of each replica of each job that runs in the next round."""
        left = sum(gpus_by_node)
        running = []
        for name in sorted(jobs, key=lambda name: jobs[name].submitted_at):
            left -= jobs[name].replicas
            if left < 0:
                break
            running.append(name)
        return keep_or_place(running, jobs, before, gpus_by_node)
