"""What metrics are computed from: jobs with their times, and the GPUs there were."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class JobRecord:
    """One job of a run, in seconds of its clock; ``gpus`` is what it asked for, a fraction where devices are shared.

    ``started_at`` and ``ended_at`` are None for a job that did not start or end. ``alone_seconds`` is how long it
    takes by itself, None where that is not known. ``active_share`` is the mean activity of its GPUs, None without
    metrics.
    """

    name: str
    tenant: str
    gpus: float
    submitted_at: float
    started_at: float | None
    ended_at: float | None
    alone_seconds: float | None = None
    product: str = ""
    is_constrained: bool = False
    is_newcomer: bool = False
    active_share: float | None = None

    @property
    def wait_seconds(self) -> float | None:
        """Seconds from submission to the first start."""
        return None if self.started_at is None else self.started_at - self.submitted_at

    @property
    def completion_seconds(self) -> float | None:
        """Seconds from submission to the end."""
        return None if self.ended_at is None else self.ended_at - self.submitted_at


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run: its jobs, the GPUs of the cluster by product, and how many were held over time.

    ``held`` has pairs of a time and the GPUs held from then on, ordered by time; without it, each job is taken to
    hold its GPUs from its start to its end.
    """

    jobs: tuple[JobRecord, ...]
    gpus_by_product: Mapping[str, float]
    begins_at: float
    ends_at: float
    held: tuple[tuple[float, float], ...] = field(default=(), repr=False)

    @property
    def gpus(self) -> float:
        """GPUs of the cluster."""
        return sum(self.gpus_by_product.values())
