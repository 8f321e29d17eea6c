"""A job's own model of its speed, fitted to the step times that it has seen.

Compute time is linear in the local batch, network time constant plus a part that grows with the replicas, and the two
overlap as a p-norm: seven parameters, constant and slope of compute, of the network between nodes and of that within
one, and the norm's exponent.

Source: Qiao et al., "Pollux", USENIX OSDI 2021, section 4.1.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from podlore.simulate.jit import jit

Floats = NDArray[np.float64]

START = np.array([0.1, 0.01, 0.1, 0.01, 0.1, 0.01, 1.001])
LEAST = 1e-8
EXPONENT_MAX = 10.0
STEPS_MAX = 200
SMOOTH = 1e-8
"""Rounds off the kink of a root at 0."""


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
def _loss(p: Floats, seen: Floats) -> tuple[float, Floats]:
    """Return the root mean square errors of the logarithms with a pull to simple parameters, and the gradient."""
    n = seen.shape[0]
    compute, step = 0.0, 0.0
    by_compute, by_step = np.zeros(7), np.zeros(7)
    for row in range(n):
        nodes, replicas, batch = int(seen[row, 0]), int(seen[row, 1]), seen[row, 2]
        accumulation, network = p[0] + p[1] * batch, network_seconds(p, nodes, replicas)
        log_accumulation, log_network = np.log(accumulation), np.log(network)
        share = 1 / (1 + np.exp(p[6] * (log_network - log_accumulation)))  # of the p-norm, that of accumulation
        log_step = log_accumulation - np.log(share) / p[6]
        off_compute, off_step = log_accumulation - np.log(seen[row, 3]), log_step - np.log(seen[row, 4])
        compute += off_compute**2
        step += off_step**2
        by_compute[0] += off_compute / accumulation
        by_compute[1] += off_compute / accumulation * batch
        by_step[0] += off_step * share / accumulation
        by_step[1] += off_step * share / accumulation * batch
        if replicas > 1:
            first = 2 if nodes > 1 else 4
            by_step[first] += off_step * (1 - share) / network
            by_step[first + 1] += off_step * (1 - share) / network * max(replicas - 2, LEAST)
        by_step[6] += off_step * (share * log_accumulation + (1 - share) * log_network - log_step) / p[6]
    compute, step = np.sqrt(compute / n + SMOOTH), np.sqrt(step / n + SMOOTH)
    between, within = p[3] / p[2], p[5] / p[4]
    slope = by_compute / (n * compute) + by_step / (n * step)
    slope[2] -= 2e-2 * between**2 / p[2]
    slope[3] += 2e-2 * between / p[2]
    slope[4] -= 2e-2 * within**2 / p[4]
    slope[5] += 2e-2 * within / p[4]
    slope[6] += 2e-3 * (p[6] - 1)
    return compute + step + 1e-3 * (p[6] - 1) ** 2 + 1e-2 * (between**2 + within**2), slope


@jit
def _descend(start: Floats, is_free: Floats, seen: Floats) -> Floats:
    """Return the parameters that BFGS finds, in logarithms, since they differ by orders of magnitude.

    Compiled, since a study fits thousands of models, and a call of a general optimizer costs more than the fit.
    """
    x = np.log(start)
    high = np.full(7, np.inf)
    high[6] = np.log(EXPONENT_MAX)
    value, slope = _loss(np.exp(x), seen)
    slope = slope * np.exp(x) * is_free
    inverse = np.eye(7)
    is_fresh = True
    for _ in range(STEPS_MAX):
        step = -inverse @ slope
        step *= min(1.0, 2.0 / max(np.abs(step).max(), LEAST))
        rate = 1.0
        while True:
            to = np.minimum(x + rate * step, high)
            to[6] = max(to[6], 0.0)
            at, slope_there = _loss(np.exp(to), seen)
            if at <= value + 1e-4 * (slope @ (to - x)) or rate < 1e-6:
                break
            rate /= 2
        if value - at < 1e-9:
            if is_fresh:
                break
            inverse, is_fresh = np.eye(7), True
            continue
        slope_there = slope_there * np.exp(to) * is_free
        moved, turned = to - x, slope_there - slope
        curved = moved @ turned
        is_fresh = False
        if curved > 1e-12:
            left = np.eye(7) - np.outer(moved, turned) / curved
            inverse = left @ inverse @ left.T + np.outer(moved, moved) / curved
        x, value, slope = to, at, slope_there
    return np.exp(x)


def fit_speed(seen: Mapping[tuple[int, int, int], tuple[float, float]]) -> Floats:
    """Return the model's 7 parameters from (nodes, replicas, local batch) to (step, synchronization) seconds.

    What was not seen yet is assumed to cost nothing, so that a job explores: parameters without an observation stay at
    their least value.
    """
    table = np.array([[*key, step - sync, step] for key, (step, sync) in seen.items()], np.float64)
    start, is_free = START.copy(), np.ones(7)
    is_alone = not (table[:, 0] > 1).any()
    if np.unique(table[:, 2]).size == 1:
        start[0], is_free[0] = table[:, 3].mean() / 2, 0.0
    unseen = {2, 3} if is_alone else set()
    unseen |= {4, 5} if not ((table[:, 0] == 1) & (table[:, 1] > 1)).any() else set()
    unseen |= {3, 5} if not (table[:, 1] > 2).any() else set()
    for index in unseen:
        start[index], is_free[index] = LEAST, 0.0
    found = _descend(start, is_free, table)
    if is_alone:
        found[2], found[3] = max(found[2], found[4] * 1.1), max(found[3], found[5] * 1.1)
    return found
