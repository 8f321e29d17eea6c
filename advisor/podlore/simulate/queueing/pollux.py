"""Pollux: GPUs and batch sizes chosen together, for the best mean of all jobs' speed relative to a fair share.

Each job fits its own model of its speed and statistical efficiency, and runs with the batch that the model finds
best, chosen anew after each round and epoch. Each round a genetic search over who has how many GPUs on which nodes
maximizes the harmonic mean of the speedups, a change of placement counting against itself by the pause it costs. ncf
runs on one GPU with its largest batch, as in the published study.

Source: Qiao et al., "Pollux", USENIX OSDI 2021, section 4. The search is a plain one: fifty states, forty
generations a round, the best survive and are taken over to the next.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from podlore.simulate.queueing.goodput import best_batch, goodputs
from podlore.simulate.queueing.pollux_search import Floats, Ints, search
from podlore.simulate.queueing.speed_model import LEAST
from podlore.simulate.queueing.training_job import RESCALE_SECONDS, TrainingJob

SINGLE, SINGLE_BATCH = "ncf", 32_768
REPLICAS_MAX = 64
POPULATION, GENERATIONS = 50, 40


class Pollux:
    """Goodput-driven sizes and placements; ``seed`` is that of the search."""

    def __init__(self, seed: int = 1) -> None:
        self._seed = seed
        self._states: dict[str, Ints] = {}
        self._known: dict[str, tuple[Floats, tuple[float, ...], Floats]] = {}

    @staticmethod
    def prepare(jobs: Sequence[TrainingJob]) -> None:
        """Let jobs choose their batch."""
        for job in jobs:
            job.learns = True
            job.is_adaptive = job.profile.name != SINGLE
            if not job.is_adaptive:
                job.batch = SINGLE_BATCH

    def allocate(
        self, now: int, jobs: Mapping[str, TrainingJob], before: Mapping[str, list[int]], gpus_by_node: list[int]
    ) -> dict[str, list[int]]:
        """Return the node of each replica of each job that runs in the next round."""
        names = sorted(jobs, key=lambda name: (jobs[name].attained_gpu_seconds, jobs[name].submitted_at))
        n_nodes, total = len(gpus_by_node), sum(gpus_by_node)
        base = np.zeros((len(names), n_nodes), np.int64)
        for row, name in enumerate(names):
            for node in before.get(name, ()):
                base[row, node] += 1
        fair = max(1, -(-total // len(names)))
        speed = np.stack([self._speeds(jobs[name], fair) for name in names]) / gpus_by_node[0]
        keep = np.array([self._keep(jobs[name], now) for name in names])
        most = np.array([self._most(jobs[name]) for name in names], np.int64)
        population = np.stack([base, *self._remembered(names, n_nodes)])[:POPULATION]
        self._seed += 1
        states = search(
            population, base, speed, keep, most, np.array(gpus_by_node), POPULATION, GENERATIONS, self._seed
        )
        self._states = {name: states[:, row] for row, name in enumerate(names)}
        best = states[0]
        return {
            name: [node for node in range(n_nodes) for _ in range(best[row, node])]
            for row, name in enumerate(names)
            if best[row].any()
        }

    def _remembered(self, names: Sequence[str], n_nodes: int) -> list[Ints]:
        """Return the states of the last round with today's jobs; new ones hold nothing."""
        n = len(next(iter(self._states.values()), []))
        nothing = np.zeros((n, n_nodes), np.int64)
        if not n:
            return []
        return list(np.stack([self._states.get(name, nothing) for name in names], axis=1))

    @staticmethod
    def _keep(job: TrainingJob, now: int) -> float:
        """Return the share of its speed that is left to a job if it is moved now."""
        age = now - job.submitted_at
        return float(max(age - max(job.restarts, 0) * RESCALE_SECONDS, 0) / (age + RESCALE_SECONDS))

    @staticmethod
    def _most(job: TrainingJob) -> int:
        if not job.is_adaptive:
            return 1
        profile = job.profile
        return min(max(2 * job.replicas_seen, 1), REPLICAS_MAX, profile.batch_max // profile.local_batch_min)

    def _speeds(self, job: TrainingJob, fair: int) -> Floats:
        """Return the speed as a multiple of that with a fair share of the GPUs, shape (2, replicas + 1)."""
        if job.speed is None:
            return np.tile(np.arange(REPLICAS_MAX + 1) / fair, (2, 1))
        square, variance = job.gradients
        base = float(best_batch(job.speed, square, variance, job.limits, 1, fair)[0])
        return self._goodputs(job, job.speed) / max(base, LEAST)

    def _goodputs(self, job: TrainingJob, model: Floats) -> Floats:
        """Return the goodputs by its own model, computed again only if what it knows has changed."""
        most = self._most(job)
        known = self._known.get(job.name)
        if known is None or known[0] is not model or known[1] != (*job.gradients, most):
            table = np.zeros((2, REPLICAS_MAX + 1))
            table[:, : most + 1] = goodputs(model, *job.gradients, job.limits, most)
            self._known[job.name] = known = (model, (*job.gradients, most), table)
        return known[2]
