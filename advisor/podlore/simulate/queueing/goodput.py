"""A job's best batch by goodput: statistical progress a second, by its own model of its speed.

Source: Qiao et al., "Pollux", USENIX OSDI 2021, section 3.
"""

import numpy as np

from podlore.simulate.jit import jit
from podlore.simulate.queueing.speed_model import Floats, network_seconds

N_BATCHES = 50


@jit
def best_batch(p: Floats, square: float, variance: float, limits: Floats, nodes: int, replicas: int) -> Floats:  # noqa: PLR0917  (compiled: no keywords)
    """Return goodput, local batch and further steps of the best of 50 batches in geometric steps; zeros if none fits.

    ``limits`` has the least and the largest batch of all replicas, and of one.
    """
    batch_min, batch_max, local_min, local_max = limits[0], limits[1], limits[2], limits[3]
    least = max(batch_min, local_min * replicas)
    best = np.zeros(3)
    log_network = np.log(network_seconds(p, nodes, replicas))
    ratio = np.log(batch_max / least) / (N_BATCHES - 1)
    for index in range(N_BATCHES):
        batch = least * np.exp(ratio * index)
        local = batch / replicas
        further = np.ceil(local / local_max - 1e-8) - 1
        if replicas == 1 and local > batch_min + 1e-8:
            further = max(further, 1.0)
        local = np.ceil(local / (further + 1) - 1e-8)
        if not local_min <= local <= local_max:
            continue
        total = replicas * local * (further + 1)
        accumulation = p[0] + p[1] * local
        overlap = np.log1p(np.exp(p[6] * (log_network - np.log(accumulation)))) / p[6]
        seconds = accumulation * (further + np.exp(overlap))
        scale = total / batch_min
        gain = (variance + square) / (variance / scale + square)
        goodput = total / seconds * gain / scale
        if goodput > best[0]:
            best[0], best[1], best[2] = goodput, local, further
    return best


@jit
def goodputs(p: Floats, square: float, variance: float, limits: Floats, most: int) -> Floats:
    """Return the best goodput on one node and on several (rows) by replicas, shape (2, most + 1)."""
    table = np.zeros((2, most + 1))
    for replicas in range(1, most + 1):
        table[0, replicas] = best_batch(p, square, variance, limits, 1, replicas)[0]
        table[1, replicas] = best_batch(p, square, variance, limits, 2, replicas)[0]
    return table
