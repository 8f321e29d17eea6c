"""Draws that the sample's jobs share: tenant, CPU and memory beside the GPUs, and the curve of a training."""

from random import Random
from typing import TypedDict

from podlore.traces.curve import Curve
from podlore.traces.job import Behaviour, Job, Kind, Outcome

TENANTS = ("vision", "nlp", "speech", "recsys", "research", "robotics", "bio", "maps")
TENANT_WEIGHTS = (41_226, 16_091, 9_953, 7_423, 1_934, 1_511, 1_435, 1_137)
"""Jobs of the eight largest virtual clusters of Philly: tenants are as unequal as there."""


class HostRequest(TypedDict):
    """CPU and memory of one pod."""

    cpu_milli: int
    memory_mib: int


def tenant(rng: Random) -> str:
    """Draw who submits."""
    return rng.choices(TENANTS, TENANT_WEIGHTS)[0]


def host_request(rng: Random, gpus: int) -> HostRequest:
    """Draw CPU and memory: about openb's medians for each GPU (9.8 cores, 31 GiB), less where there is none."""
    if not gpus:
        return HostRequest(cpu_milli=rng.randrange(2_000, 6_001, 500), memory_mib=rng.randrange(4_096, 16_385, 1_024))
    return HostRequest(
        cpu_milli=gpus * rng.randrange(8_000, 11_001, 500), memory_mib=gpus * rng.randrange(24_576, 40_961, 2_048)
    )


def training_curve(rng: Random) -> Curve:
    """Return a training's activity: a slow start while data loads, then busy."""
    warm_seconds = float(rng.randrange(60, 601, 30))
    return Curve((0.0, warm_seconds), (0.05, round(rng.uniform(0.55, 0.97), 2)))


def special(
    name: str,
    tenant: str,
    submit_seconds: float,
    *,
    kind: Kind = Kind.JOB,
    pods: int = 1,
    gpus: int = 0,
    products: tuple[str, ...] = (),
    zone: str = "",
    duration_seconds: float | None = None,
    nodes: tuple[str, ...] = (),
    is_gang: bool = False,
) -> Job:
    """Return a job that is there for a reason of its own: nothing about it is drawn. Its behaviour comes later.

    >>> special("train", "vision", 60, gpus=2).cpu_milli
    18000
    """
    return Job(
        name=name,
        tenant=tenant,
        kind=kind,
        submit_seconds=submit_seconds,
        duration_seconds=duration_seconds,
        pods=len(nodes) or pods,
        gpus=gpus,
        cpu_milli=gpus * 9_000 or 4_000,
        memory_mib=gpus * 32_768 or 8_192,
        products=products,
        zone=zone,
        is_gang=is_gang,
        nodes=nodes,
    )


def steady(share: float) -> Behaviour:
    """Return the behaviour of a pod that is busy at one level until it is deleted."""
    return Behaviour(Outcome.RUN, curve=Curve((0.0, 300.0), (0.1, share)))
