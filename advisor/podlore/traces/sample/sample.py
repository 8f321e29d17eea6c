"""A seed comes in, the whole sample leaves; ``podlore trace sample`` writes it, a test holds the shipped one to it."""

from random import Random

from podlore.traces.job import Trace
from podlore.traces.sample.arrivals import arrivals
from podlore.traces.sample.cluster import cluster
from podlore.traces.sample.near_misses import PARTLY_IDLE, near_misses
from podlore.traces.sample.plants import neighbours, plants
from podlore.traces.sample.residents import residents

END_SECONDS = 16_800.0
"""Four hours and forty minutes: at speed 240, seventy seconds on the wall."""


def sample(seed: int) -> Trace:
    """Return the generated sample: the same seed gives the same trace.

    Only the background depends on the seed; what is planted, and where, does not.

    >>> trace = sample(7)
    >>> len(trace.nodes), sum(job.pods for job in trace.jobs) > 1000
    (154, True)
    """
    rng = Random(seed)
    planted = list(plants())
    misses = list(near_misses(END_SECONDS))
    jobs = [
        *neighbours(),
        *residents(rng, END_SECONDS),
        *arrivals(rng, END_SECONDS),
        *(job for job, _ in planted),
        *(job for job, _ in misses),
    ]
    return Trace(
        name="sample",
        format="generated",
        jobs=tuple(sorted(jobs, key=lambda job: job.submit_seconds or 0.0)),
        nodes=cluster(),
        planted=(*(truth for _, truth in planted), PARTLY_IDLE),
        near_misses=tuple(miss for _, some in misses for miss in some),
    )
