"""The genetic search of Pollux, compiled: states of shape (jobs, nodes) in, the fittest first out.

A child takes the jobs up to a point from one parent and the others from another, is changed at random and repaired.
Jobs come in the order in which they are served when a node is full. Two states of equal fitness count as one.
"""

import numpy as np
from numpy.typing import NDArray

from podlore.simulate.jit import jit

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

TINY = 1e-3


@jit
def fitness(state: Ints, base: Ints, speed: Floats, keep: Floats) -> float:
    """Return the negative sum of inverse speeds.

    ``speed`` has shape (jobs, 2, replicas): on one node, and on several; ``keep`` is what is left to a moved job.
    """
    total = 0.0
    for job in range(state.shape[0]):
        nodes, replicas, moved = 0, 0, 0
        for node in range(state.shape[1]):
            nodes += state[job, node] > 0
            replicas += state[job, node]
            moved += state[job, node] != base[job, node]
        value = speed[job, int(nodes > 1), replicas]
        total += 1.0 / ((value if moved == 0 else value * keep[job]) + TINY)
    return -total


@jit
def _skipped(chance: float) -> int:
    """Return how many are passed over before the next that is drawn with this chance."""
    return int(np.log(1.0 - np.random.random()) / np.log1p(-chance))


@jit
def _mutate(state: Ints, base: Ints, gpus: Ints) -> None:
    """Set some jobs back to where they are, take some GPUs away, and give out those that are free."""
    n_jobs, n_nodes = state.shape
    for job in range(n_jobs):
        if np.random.random() < 0.1:
            state[job] = base[job]
        if np.random.random() < 0.1:
            for node in range(n_nodes):
                if np.random.random() < 0.1:
                    state[job, node] = 0
    for node in range(n_nodes):
        free = gpus[node] - state[:, node].sum()
        if free > 0:
            _give(state, node, gpus[node])


@jit
def _give(state: Ints, node: int, gpus: int) -> None:
    """Let about one job of all and one of those on the node hold more of it."""
    n_jobs = state.shape[0]
    holding = 0
    for job in range(n_jobs):
        holding += state[job, node] > 0
    if holding:
        to_pass = _skipped(1.0 / holding)
        for job in range(n_jobs):
            if state[job, node] > 0:
                if to_pass == 0:
                    state[job, node] = np.random.randint(state[job, node], gpus + 1)
                    to_pass = _skipped(1.0 / holding) + 1
                to_pass -= 1
    job = _skipped(1.0 / n_jobs)
    while job < n_jobs:
        state[job, node] = np.random.randint(state[job, node], gpus + 1)
        job += 1 + _skipped(1.0 / n_jobs)


@jit
def _repair(state: Ints, most: Ints, gpus: Ints) -> None:
    """Keep one distributed job a node, at most ``most`` replicas a job, and no more GPUs than there are."""
    n_jobs, n_nodes = state.shape
    free = gpus.copy()
    taken = np.zeros(n_nodes, np.bool_)
    for job in range(n_jobs):
        nodes, replicas = 0, 0
        for node in range(n_nodes):
            nodes += state[job, node] > 0
        for node in range(n_nodes):
            if nodes > 1 and state[job, node] > 0:
                if taken[node]:
                    state[job, node] = 0
                taken[node] = True
            replicas += state[job, node]
        if replicas > most[job]:
            _cut(state[job], most[job])
        for node in range(n_nodes):
            state[job, node] = min(state[job, node], free[node])
            free[node] -= state[job, node]


@jit
def _cut(row: Ints, most: int) -> None:
    """Keep the first ``most`` replicas of nodes in an order that is drawn."""
    for node in np.random.permutation(row.size):
        row[node] = min(row[node], most)
        most -= row[node]


@jit
def search(  # noqa: PLR0917  (compiled: no keywords)
    first: Ints, base: Ints, speed: Floats, keep: Floats, most: Ints, gpus: Ints, size: int, generations: int, seed: int
) -> Ints:
    """Return ``size`` states after so many generations, the fittest first; ``first`` has shape (n, jobs, nodes)."""
    np.random.seed(seed)
    n_jobs, n_nodes = base.shape
    states = np.zeros((2 * size, n_jobs, n_nodes), np.int64)
    fit = np.full(2 * size, -np.inf)
    for index in range(size):
        states[index] = first[index % first.shape[0]]
        if index >= first.shape[0]:
            _mutate(states[index], base, gpus)
        _repair(states[index], most, gpus)
        fit[index] = fitness(states[index], base, speed, keep)
    order = np.argsort(-fit)
    for _ in range(generations):
        for place in range(size, 2 * size):
            child = states[order[place]]
            point = np.random.randint(n_jobs)
            child[:point] = states[order[_parent(size)], :point]
            child[point:] = states[order[_parent(size)], point:]
            _mutate(child, base, gpus)
            _repair(child, most, gpus)
            fit[order[place]] = _unlike(fitness(child, base, speed, keep), fit, order[:place])
        order = order[np.argsort(-fit[order])]
    return states[order[:size]]


@jit
def _parent(size: int) -> int:
    """Return the fitter of two that are drawn; the fittest have the lowest places."""
    return min(np.random.randint(size), np.random.randint(size))


@jit
def _unlike(value: float, fit: Floats, others: Ints) -> float:
    """Return the fitness, or nothing worth keeping if another has the same."""
    for other in others:
        if fit[other] == value:
            return -np.inf
    return value
