"""A job that runs for a known time: what a trace tells of it, how far it is, and how failures and moves set it back."""

from dataclasses import dataclass

RESTART_SECONDS = 30.0
CHECKPOINT_SECONDS = 1800.0


@dataclass(slots=True)
class FixedJob:
    """One job of a trace; ``duration_seconds`` is known to the simulator and to oracles."""

    name: str
    submitted_at: int
    replicas: int
    duration_seconds: float
    tenant: str = "default"
    product: str = ""
    done_seconds: float = 0.0
    pause_seconds: float = 0.0
    attained_gpu_seconds: float = 0.0
    started_at: float | None = None
    completed_at: float | None = None
    nodes: tuple[int, ...] = ()
    slowdown: float = 1.0
    moves: int = 0

    def remaining_seconds(self, replicas: int | None = None) -> float:
        """Return how long it would still run, undisturbed: an oracle."""
        del replicas  # it runs on what it asked for
        return self.duration_seconds - self.done_seconds

    @property
    def seconds_to_end(self) -> float:
        """Seconds until it ends where it is."""
        return self.pause_seconds + self.remaining_seconds() * self.slowdown

    def advance(self, seconds: float) -> None:
        """Let it run."""
        if self.nodes:
            self.attained_gpu_seconds += seconds * self.replicas
            paused = min(self.pause_seconds, seconds)
            self.pause_seconds -= paused
            self.done_seconds = min(self.done_seconds + (seconds - paused) / self.slowdown, self.duration_seconds)

    def move(self, nodes: tuple[int, ...], now: float) -> None:
        """Give it other GPUs, or none; a job that ran before pays for its restart."""
        self.nodes = nodes
        if nodes:
            self.pause_seconds = 0.0 if self.started_at is None else RESTART_SECONDS
            self.moves += self.started_at is not None
            self.started_at = now if self.started_at is None else self.started_at

    def fail(self) -> None:
        """Fall back to the last checkpoint and start again."""
        self.done_seconds -= self.done_seconds % CHECKPOINT_SECONDS
        self.pause_seconds = RESTART_SECONDS
