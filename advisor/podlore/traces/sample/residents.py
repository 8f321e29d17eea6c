"""What already runs when the sample begins, and runs to its end: services and long trainings that keep it busy."""

from collections.abc import Iterator
from random import Random

from podlore.traces.curve import Curve
from podlore.traces.job import Behaviour, Job, Kind, Outcome
from podlore.traces.sample import shapes
from podlore.traces.sample.cluster import A100, L40S, SMALL, V100

SERVICES = 26
LONG_JOBS = ((8, A100, 6), (4, L40S, 3), (2, V100, 8))
"""GPUs of the single pod, product, how many such jobs."""

CPU_SERVICES = 4


def residents(rng: Random, end_seconds: float) -> Iterator[Job]:
    """Yield jobs submitted at second 0 that last to the end."""
    for number in range(SERVICES):
        tenant = shapes.tenant(rng)
        pods = rng.randint(3, 9)
        yield Job(
            name=f"serve-{number:02d}",
            tenant=tenant,
            kind=Kind.DEPLOYMENT,
            submit_seconds=0,
            duration_seconds=end_seconds,
            pods=pods,
            gpus=1,
            products=SMALL,
            qos="LS",
            behaviour=Behaviour(Outcome.RUN, curve=_traffic(rng, end_seconds)),
            **shapes.host_request(rng, 1),
        )
    for gpus, product, jobs in LONG_JOBS:
        for number in range(jobs):
            yield Job(
                name=f"train-{gpus}gpu-{number:02d}",
                tenant=shapes.tenant(rng),
                submit_seconds=0,
                duration_seconds=end_seconds,
                gpus=gpus,
                products=(product,),
                qos="LS",
                behaviour=Behaviour(Outcome.RUN, curve=shapes.training_curve(rng)),
                **shapes.host_request(rng, gpus),
            )
    for number in range(CPU_SERVICES):
        yield Job(
            name=f"gateway-{number:02d}",
            tenant=shapes.tenant(rng),
            kind=Kind.DEPLOYMENT,
            submit_seconds=0,
            duration_seconds=end_seconds,
            pods=4,
            qos="LS",
            behaviour=Behaviour(Outcome.RUN),
            **shapes.host_request(rng, 0),
        )


def _traffic(rng: Random, end_seconds: float) -> Curve:
    """Return a service's activity: requests come and go, and never stop."""
    times = range(0, int(end_seconds) + 1, 1800)
    return Curve(tuple(map(float, times)), tuple(round(rng.uniform(0.15, 0.75), 2) for _ in times))
