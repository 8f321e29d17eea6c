"""What a queueing policy may know of a job, whether it runs by a measured profile or for a fixed time."""

from typing import Protocol


class Schedulable(Protocol):
    """A job as policies see it; only those defined with known running times call `remaining_seconds`."""

    name: str
    submitted_at: int
    replicas: int
    tenant: str
    attained_gpu_seconds: float

    def remaining_seconds(self, replicas: int | None = None) -> float:
        """Return how long it would still run, undisturbed: an oracle."""
