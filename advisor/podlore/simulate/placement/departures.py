"""The compiled loop with departures: pods come and go in time, wait where nothing fits, and start in order of arrival.

Pods that wait are tried again at each departure, the first to arrive first; one that fits may start before another that
does not. The expected mix and the terms change by epoch of arrivals, so that a policy may be given what has come so
far. Called by `podlore.simulate.placement.timed_study`.
"""

from collections.abc import Callable
from functools import cache
from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np

from podlore.simulate.jit import jit_closure
from podlore.simulate.placement.cluster import Floats, Ints, Masks, Mix, Nodes, Shapes
from podlore.simulate.placement.occupancy import leave, nobody, take
from podlore.simulate.placement.score_cache import Score, changed, empty_scores, first_best, looking


class Arrivals(NamedTuple):
    """Pods in order of arrival: shape, seconds of arrival, seconds of running, and the epoch whose mix is expected."""

    shape: Ints
    at_seconds: Floats
    runs_seconds: Floats
    epoch: Ints


class Expected(NamedTuple):
    """What is expected: requests of all epochs, the share of each by (epoch, request), and terms by epoch."""

    cpu_milli: Ints
    gpus: Ints
    gpu_milli: Ints
    models: Masks
    share: Floats
    terms: Ints


RunTimed = Callable[[Nodes, Shapes, Expected, Arrivals], Floats]


@cache
def compiled_timed(score: Score) -> RunTimed:
    """Compile the loop around a policy's score; it returns when each pod started, infinity for never."""
    look = looking(score)

    @jit_closure
    def run(nodes: Nodes, shapes: Shapes, expected: Expected, arrivals: Arrivals) -> Floats:
        n_pods = arrivals.shape.size
        stands = nobody(nodes.gpus.size, n_pods)
        scores = empty_scores(shapes.gpus.size, nodes.gpus.size, 2 * n_pods)
        started = np.full(n_pods, np.inf)
        waiting = np.zeros(n_pods, np.int64)
        n_waiting = 0
        ends = [(np.inf, -1)]
        tried = np.full(shapes.gpus.size, -1, np.int64)
        looks, epoch, arrived = 0, -1, 0
        mix = Mix(
            expected.share[0], expected.cpu_milli, expected.gpus, expected.gpu_milli, expected.models, expected.terms[0]
        )
        while arrived < n_pods or n_waiting > 0:
            arrives = arrived < n_pods and arrivals.at_seconds[arrived] < ends[0][0]
            if arrives:
                now = arrivals.at_seconds[arrived]
                waiting[n_waiting] = arrived
                first, n_waiting = n_waiting, n_waiting + 1
                if arrivals.epoch[arrived] != epoch:
                    epoch = arrivals.epoch[arrived]
                    mix = Mix(
                        expected.share[epoch],
                        expected.cpu_milli,
                        expected.gpus,
                        expected.gpu_milli,
                        expected.models,
                        expected.terms[epoch],
                    )
                    scores.read[:] = -1
                arrived += 1
            else:
                now, gone = heappop(ends)
                if gone < 0:
                    break
                node = stands.node[gone]
                leave(nodes, shapes, stands, arrivals.shape[gone], gone)
                changed(scores, node)
                first = 0
            looks += 1
            kept = first
            for index in range(first, n_waiting):
                pod = waiting[index]
                shape = arrivals.shape[pod]
                node = -1
                if tried[shape] != looks:
                    look(nodes, shapes, mix, scores, shape)
                    node = first_best(scores.value[shape])
                if node < 0:
                    tried[shape] = looks
                    waiting[kept] = pod
                    kept += 1
                    continue
                take(nodes, shapes, stands, node, shape, scores.gpu[shape, node], pod)
                changed(scores, node)
                started[pod] = now
                heappush(ends, (now + arrivals.runs_seconds[pod], pod))
            n_waiting = kept
        return started

    return run
