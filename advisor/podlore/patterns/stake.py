"""How many GPU-hours following an advice frees or saves.

They count from now until the target's expected end, 24 h at most, each device once. Where a deadline is set, it is the
end. Else the work is taken to go on for as long as it has gone on (Lindy's law): run times of GPU jobs are
heavy-tailed, and for a Pareto tail with exponent 1 the median of what remains equals the age. Philly's published
quantiles (p50 1,144 s, p90 11,265 s, p99 254,758 s) give exponents of 0.70 and 0.74 between them, for which the rest
is longer still: the figure is cautious. Hours move in steps, so that they rarely change.

References
----------
Jeon et al., "Analysis of Large-Scale Multi-Tenant GPU Clusters for DNN Training Workloads", ATC 2019, for the trace.
"""

from podlore.policy import HOUR_SECONDS
from podlore.vocabulary import Gain, Workload

STEPS_HOURS = (1.0, 2.0, 4.0, 8.0, 16.0, 24.0)
DAY_HOURS = STEPS_HOURS[-1]
LOW_SHARE, HIGH_RATIO = 1 / 19, 19.0
"""The 5 % and 95 % quantiles of what remains, as ratios of the age: P(rest > r) = age / (age + r)."""


def expected_hours(age_seconds: float, rest_seconds: float | None = None) -> float:
    """Return how much longer something that is this old goes on; ``rest_seconds`` is what a deadline leaves it.

    >>> expected_hours(5 * HOUR_SECONDS), expected_hours(60.0), expected_hours(90 * HOUR_SECONDS)
    (4.0, 1.0, 24.0)
    >>> expected_hours(5 * HOUR_SECONDS, rest_seconds=2.5 * HOUR_SECONDS)
    2.0
    """
    if rest_seconds is None:
        return _step(age_seconds)
    return _step(rest_seconds) if rest_seconds > 0 else 0.0


def rest_seconds(workload: Workload, now: float) -> float | None:
    """Return how long the workload's deadline leaves it; None where it has none."""
    if workload.deadline_seconds is None:
        return None
    began_at = min((pod.started_at for pod in workload.pods if pod.started_at is not None), default=workload.created_at)
    return began_at + workload.deadline_seconds - now


def _step(seconds: float) -> float:
    return max((step for step in STEPS_HOURS if step * HOUR_SECONDS <= seconds), default=STEPS_HOURS[0])


def gain(gpus: float, gpu_hours: float) -> Gain | None:
    """Return GPU-hours with a 90 % interval by the same law; None where no GPU is at stake."""
    if gpu_hours <= 0:
        return None
    low, high = gpu_hours * LOW_SHARE, min(gpu_hours * HIGH_RATIO, gpus * DAY_HOURS)
    return Gain("GPUHours", two_digits(gpu_hours), two_digits(low), two_digits(max(high, gpu_hours)))


def two_digits(value: float) -> float:
    """Round to two significant digits: a score that is written down must not flicker.

    >>> two_digits(1234.0), two_digits(0.0567), two_digits(0.0)
    (1200.0, 0.057, 0.0)
    """
    return float(f"{value:.2g}")
