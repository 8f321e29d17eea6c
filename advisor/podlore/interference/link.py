"""Jobs that meet on a link: how much longer each iteration takes, and what lying apart costs a model on a fabric.

An iteration computes, then communicates; its communication takes demand over capacity, and longer while others use the
link as well. How often they do depends on how their periods fall together: two periodic jobs can be shifted so that
they miss each other if their duty cycles leave room, else they overlap by chance.

References
----------
Cao et al., "Crux", SIGCOMM 2024: t = max over links of demand over bandwidth.
Rajasekaran et al., "CASSINI", NSDI 2024: periodic demand on a circle, shifted in time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from podlore.errors import BadInput, NotEnoughEvidence

MEASURED_MIN = 3


@dataclass(frozen=True, slots=True)
class Demand:
    """One iteration of a job on a link: seconds of computing, gigabytes sent."""

    compute_seconds: float
    gigabytes: float

    def __post_init__(self) -> None:
        if not (self.compute_seconds >= 0 and self.gigabytes >= 0 and self.compute_seconds + self.gigabytes > 0):
            raise BadInput(f"an iteration of {self.compute_seconds} s and {self.gigabytes} GB is none")


def duty(demand: Demand, gigabytes_per_second: float) -> float:
    """Return the share (0-1) of an iteration in which a job alone uses the link.

    >>> duty(Demand(0.3, 10.0), 100.0)
    0.25
    """
    if not gigabytes_per_second > 0:
        raise BadInput(f"a link of {gigabytes_per_second} GB/s carries nothing")
    sending = demand.gigabytes / gigabytes_per_second
    return sending / (demand.compute_seconds + sending)


def speeds(demands: Sequence[Demand], gigabytes_per_second: float, *, is_shifted: bool = False) -> tuple[float, ...]:
    """Return each job's speed (0-1) on a shared link, relative to having it alone.

    ``is_shifted`` says that somebody staggers the jobs; then only what does not fit side by side is lost. Otherwise a
    job that sends shares the link with each other one for the share of time in which that one sends.
    """
    duties = [duty(demand, gigabytes_per_second) for demand in demands]
    total = sum(duties)
    found = []
    for own in duties:
        others = max(total - own, 0.0)
        stretch = max(total, 1.0) if is_shifted else 1.0 + others
        found.append(1.0 / (1.0 - own + own * stretch))
    return tuple(found)


def locality_penalty(measured: Mapping[tuple[str, str], Sequence[float]], model: str, fabric: str) -> float:
    """Return the share (0-1) of speed that a model keeps on a fabric when it lies apart: what was measured of both.

    Never a constant a hop: on one fabric language models keep a quarter and image models nearly all.

    Raises
    ------
    NotEnoughEvidence
        For fewer than 3 measurements of this model on this fabric.
    """
    found = [ratio for ratio in measured.get((model, fabric), ()) if 0 < ratio <= 2.0]
    if len(found) < MEASURED_MIN:
        raise NotEnoughEvidence(len(found), MEASURED_MIN, f"measurements of {model} on {fabric}")
    return min(median(found), 1.0)
