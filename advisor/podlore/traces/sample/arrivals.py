"""The sample's stream of jobs: what is submitted while it runs, shaped by published statistics of real traces.

Taken from openb's default list (8,152 pods): the split of single-GPU requests into whole and fractions, durations with
a median of 616 s and a 90th percentile of 7,764 s, a third of GPU pods tied to one product. From Philly: how unequal
tenants are. Changed on purpose: jobs of several GPUs are seven times as frequent (openb: 0.9 %), so that whole nodes
are asked for within hours rather than months, and durations are cut at four hours.

References
----------
Weng et al., ATC 2023 (openb); Jeon et al., ATC 2019 (Philly).
"""

import math
from collections.abc import Iterator
from random import Random

from podlore.traces.job import Behaviour, Job, Outcome
from podlore.traces.sample import shapes
from podlore.traces.sample.cluster import A10, A100, L4, L40S, SMALL, T4, V100

JOBS = 760
FIRST_SECONDS = 60.0

GPUS = {0: 0.13, 1: 0.81, 2: 0.04, 4: 0.01, 8: 0.01}
GPU_MILLI = {
    1000: 3911, 810: 1078, 470: 750, 320: 328, 650: 253, 230: 140, 460: 128, 590: 75, 160: 74, 550: 72, 220: 62,
}  # fmt: skip
"""Thousandths of the device that single-GPU pods of openb ask for, with their number."""

DURATION_MEDIAN_SECONDS = 616.0
DURATION_P90_SECONDS = 7_764.0
DURATION_MIN_SECONDS = 30.0
DURATION_MAX_SECONDS = 4 * 3600.0

PINNED_SHARE = 1 / 3
PINNED_TO = {T4: 0.5, A10: 0.2, V100: 0.2, L4: 0.1}
WHOLE_NODE = {2: (V100,), 4: (L40S,), 8: (A100,)}

FAILED_SHARE = 0.2
"""Openb: 1,870 of 8,152 pods failed."""

TRIALS_SHARE = 0.06
TRIALS_MAX = 4

LAST_EIGHT_SECONDS = 10_000.0
"""Later, nobody submits an 8-GPU job: the one that waits for a full pool has nothing to be compared with."""


def arrivals(rng: Random, end_seconds: float) -> Iterator[Job]:
    """Yield jobs in order of submission, a Poisson stream up to the end."""
    submits = sorted(rng.uniform(FIRST_SECONDS, end_seconds - 300) for _ in range(JOBS))
    for number, submit in enumerate(submits):
        yield _job(rng, number, round(submit), end_seconds)


def _job(rng: Random, number: int, submit_seconds: int, end_seconds: float) -> Job:
    gpus = rng.choices(list(GPUS), list(GPUS.values()))[0]
    if gpus == 8 and submit_seconds > LAST_EIGHT_SECONDS:
        gpus = 1
    pods = rng.randint(2, TRIALS_MAX) if gpus == 1 and rng.random() < TRIALS_SHARE else 1
    outcome = Outcome.FAIL if pods == 1 and rng.random() < FAILED_SHARE else Outcome.COMPLETE
    duration_seconds = _duration_seconds(rng)
    return Job(
        name=f"{'trials' if pods > 1 else 'job'}-{number:04d}",
        tenant=shapes.tenant(rng),
        submit_seconds=submit_seconds,
        duration_seconds=duration_seconds if submit_seconds + duration_seconds < end_seconds else None,
        pods=pods,
        gpus=gpus,
        gpu_milli=rng.choices(list(GPU_MILLI), list(GPU_MILLI.values()))[0] if gpus == 1 else 1000,
        products=_products(rng, gpus),
        qos="BE" if rng.random() < 0.42 else "LS",
        behaviour=Behaviour(outcome, curve=shapes.training_curve(rng) if gpus and rng.random() < 0.5 else None),
        **shapes.host_request(rng, gpus),
    )


def _duration_seconds(rng: Random) -> int:
    sigma = math.log(DURATION_P90_SECONDS / DURATION_MEDIAN_SECONDS) / 1.281_552  # the normal's 90th percentile
    drawn = rng.lognormvariate(math.log(DURATION_MEDIAN_SECONDS), sigma)
    return round(min(max(drawn, DURATION_MIN_SECONDS), DURATION_MAX_SECONDS))


def _products(rng: Random, gpus: int) -> tuple[str, ...]:
    """Draw what a job may run on. Even free ones name the four products of small jobs: the rest is spoken for."""
    if not gpus:
        return ()
    if gpus > 1:
        return WHOLE_NODE[gpus]
    if rng.random() < PINNED_SHARE:
        return (rng.choices(list(PINNED_TO), list(PINNED_TO.values()))[0],)
    return SMALL
