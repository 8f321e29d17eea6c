"""A job's own model of its speed, fitted to the step times it has seen, and its best batch by goodput.

Step times seen so far come in; out comes, for a number of nodes and replicas, the batch with the most statistical
progress a second. Compute time is linear in the local batch, network time constant plus a part that grows with the
replicas, and the two overlap as a p-norm.

Source: Qiao et al., "Pollux", USENIX OSDI 2021, sections 3 and 4.1.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from podlore.simulate.jit import jit

Floats = NDArray[np.float64]

START = np.array([0.1, 0.01, 0.1, 0.01, 0.1, 0.01, 1.001])
LEAST = 1e-8
N_BATCHES = 50


@jit
def network_seconds(p: Floats, nodes: int, replicas: int) -> float:
    """Return the seconds of a step that go to synchronization."""
    further = max(replicas - 2, LEAST)
    if nodes > 1:
        return float(p[2] + p[3] * further)
    if replicas > 1:
        return float(p[4] + p[5] * further)
    return LEAST + LEAST * further


@jit
def _loss(p: Floats, seen: Floats) -> float:
    """Return the root mean square errors of the logarithms, with a pull to simple parameters."""
    compute, step = 0.0, 0.0
    for row in range(seen.shape[0]):
        accumulation = p[0] + p[1] * seen[row, 2]
        network = network_seconds(p, int(seen[row, 0]), int(seen[row, 1]))
        log_step = np.log(accumulation ** p[6] + network ** p[6]) / p[6]
        compute += (np.log(accumulation) - np.log(seen[row, 3])) ** 2
        step += (log_step - np.log(seen[row, 4])) ** 2
    n = seen.shape[0]
    pull = 1e-3 * (p[6] - 1) ** 2 + 1e-2 * ((p[3] / p[2]) ** 2 + (p[5] / p[4]) ** 2)
    return float(np.sqrt(compute / n) + np.sqrt(step / n) + pull)


def fit_speed(seen: Mapping[tuple[int, int, int], tuple[float, float]]) -> Floats:
    """Return the model's 7 parameters from (nodes, replicas, local batch) to (step, synchronization) seconds.

    What was not seen yet is assumed to cost nothing, so that a job explores: parameters without an observation stay at
    their least value.
    """
    from scipy.optimize import minimize  # noqa: PLC0415  (only adaptive policies fit anything)

    table = np.array([[*key, step - sync, step] for key, (step, sync) in seen.items()], np.float64)
    start, low, high = START.copy(), np.array([LEAST] * 6 + [1.0]), np.array([np.inf] * 6 + [10.0])
    fixed: list[int] = []
    if np.unique(table[:, 2]).size == 1:
        start[0] = low[0] = high[0] = table[:, 3].mean() / 2
    if not (table[:, 0] > 1).any():
        fixed += [2, 3]
    if not ((table[:, 0] == 1) & (table[:, 1] > 1)).any():
        fixed += [4, 5]
    if not (table[:, 1] > 2).any():
        fixed += [3, 5]
    start[fixed] = high[fixed] = low[fixed]
    found = minimize(_loss, start, args=(table,), bounds=list(zip(low, high, strict=True)), method="L-BFGS-B").x
    found = np.clip(found, low, high)
    if not (table[:, 0] > 1).any():
        found[2], found[3] = max(found[2], found[4] * 1.1), max(found[3], found[5] * 1.1)
    return found


@jit
def best_batch(p: Floats, square: float, variance: float, limits: Floats, nodes: int, replicas: int) -> Floats:  # noqa: PLR0917  (compiled: no keywords)
    """Return goodput, local batch and further steps of the best of 50 batches in geometric steps; zeros if none fits.

    ``limits`` has the least and the largest batch of all replicas, and of one.
    """
    batch_min, batch_max, local_min, local_max = limits[0], limits[1], limits[2], limits[3]
    least = max(batch_min, local_min * replicas)
    best = np.zeros(3)
    network = network_seconds(p, nodes, replicas)
    for index in range(N_BATCHES):
        batch = least * (batch_max / least) ** (index / (N_BATCHES - 1))
        local = batch / replicas
        further = np.ceil(local / local_max - 1e-8) - 1
        if replicas == 1 and local > batch_min + 1e-8:
            further = max(further, 1.0)
        local = np.ceil(local / (further + 1) - 1e-8)
        if not local_min <= local <= local_max:
            continue
        total = replicas * local * (further + 1)
        accumulation = p[0] + p[1] * local
        seconds = further * accumulation + np.exp(np.log(accumulation ** p[6] + network ** p[6]) / p[6])
        scale = total / batch_min
        gain = (variance + square) / (variance / scale + square)
        goodput = total / seconds * gain / scale
        if goodput > best[0]:
            best[0], best[1], best[2] = goodput, local, further
    return best


@jit
def speedups(p: Floats, square: float, variance: float, limits: Floats, base: float, nodes: int, most: int) -> Floats:  # noqa: PLR0917  (compiled: no keywords)
    """Return the goodput over ``base`` by (nodes, replicas), shape (nodes + 1, most + 1); 0 where nothing runs."""
    table = np.zeros((nodes + 1, most + 1))
    for n in range(1, nodes + 1):
        for r in range(n, min(most, 4 * n) + 1):
            table[n, r] = best_batch(p, square, variance, limits, n, r)[0] / base
    return table
