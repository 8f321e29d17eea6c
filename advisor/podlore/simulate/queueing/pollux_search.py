"""The genetic search of Pollux, compiled: states of shape (jobs, nodes) in, the fittest first out."""

import numpy as np
from numpy.typing import NDArray

from podlore.simulate.jit import jit

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

TINY = 1e-3


@jit
def fitness(state: Ints, base: Ints, speed: Floats, keep: Floats) -> float:
    """Return the negative sum of inverse speeds; ``speed`` is by (job, nodes, replicas), ``keep`` of the moved."""
    total = 0.0
    for job in range(state.shape[0]):
        nodes, replicas, moved = 0, 0, False
        for node in range(state.shape[1]):
            nodes += state[job, node] > 0
            replicas += state[job, node]
            moved |= state[job, node] != base[job, node]
        value = speed[job, nodes, replicas]
        if moved:
            value *= keep[job]
        total += 1.0 / (value + TINY)
    return -total


@jit
def _mutate(state: Ints, base: Ints, gpus: Ints) -> None:
    n_jobs, n_nodes = state.shape
    for job in range(n_jobs):
        if np.random.random() < 0.1:
            state[job] = base[job]
        if np.random.random() < 0.1:
            for node in range(n_nodes):
                if np.random.random() < 0.1:
                    state[job, node] = 0
    free = gpus - state.sum(axis=0)
    for node in range(n_nodes):
        if free[node] <= 0:
            continue
        holding = (state[:, node] > 0).sum()
        for job in range(n_jobs):
            chance = 1.0 / n_jobs
            if state[job, node] > 0:
                chance = chance + 1.0 / holding - chance / holding
            if np.random.random() < chance:
                state[job, node] = np.random.randint(state[job, node], gpus[node] + 1)


@jit
def _repair(state: Ints, most: Ints, gpus: Ints) -> None:
    """Keep one distributed job a node, at most ``most`` replicas a job, and no more GPUs than there are."""
    n_jobs, n_nodes = state.shape
    free = gpus.copy()
    taken = np.zeros(n_nodes, np.bool_)
    for job in range(n_jobs):
        if (state[job] > 0).sum() > 1:
            for node in range(n_nodes):
                if state[job, node] > 0:
                    if taken[node]:
                        state[job, node] = 0
                    taken[node] = True
    for job in range(n_jobs):
        left = most[job]
        start = np.random.randint(n_nodes)
        for offset in range(n_nodes):
            node = (start + offset) % n_nodes
            state[job, node] = max(0, min(state[job, node], left))
            left -= state[job, node]
        for node in range(n_nodes):
            state[job, node] = min(state[job, node], free[node])
            free[node] -= state[job, node]


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
    for _ in range(generations):
        for child in range(size, 2 * size):
            mother = _fitter(fit, size)
            father = _fitter(fit, size)
            point = np.random.randint(n_jobs)
            states[child, :point] = states[mother, :point]
            states[child, point:] = states[father, point:]
            _mutate(states[child], base, gpus)
            _repair(states[child], most, gpus)
            fit[child] = fitness(states[child], base, speed, keep)
            for other in range(child):
                if fit[other] == fit[child]:
                    fit[child] = -np.inf  # an equal state is there already
                    break
        order = np.argsort(-fit)
        states = states[order]
        fit = fit[order]
    return states[:size]


@jit
def _fitter(fit: Floats, size: int) -> int:
    one, other = np.random.randint(size), np.random.randint(size)
    return one if fit[one] >= fit[other] else other
