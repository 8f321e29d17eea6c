"""A training job in a queueing study: what it asked for, how far it is, and how it advances while it holds GPUs."""

import math
from dataclasses import dataclass, field

from podlore.simulate.queueing.profile import Placement, Profile

RESCALE_SECONDS = 30


@dataclass(slots=True)
class TrainingJob:
    """One job; ``placement`` is empty while it waits. Times are whole seconds of the study's clock."""

    name: str
    profile: Profile
    submitted_at: int
    replicas: int
    batch: int
    completed_at: int | None = None
    placement: Placement = ()
    restarts: int = -1
    _rescale_seconds: float = field(default=0, repr=False)
    _local_batch: int = field(default=0, repr=False)
    _accumulated: int = field(default=0, repr=False)
    _progress: float = field(default=0.0, repr=False)
    _epoch: int = field(default=0, repr=False)

    def move(self, placement: Placement) -> None:
        """Give it other GPUs, or none; starting anew costs a pause."""
        self.placement = placement
        if placement:
            self._local_batch, self._accumulated = self._split_batch(sum(placement))
            self._rescale_seconds = RESCALE_SECONDS
            self.restarts += 1

    def _split_batch(self, replicas: int) -> tuple[int, int]:
        """Return the samples a replica takes at once and how many further times before it synchronizes."""
        wanted = _ceil(self.batch / replicas)
        further = _ceil(wanted / self.profile.local_batch_max) - 1
        if replicas == 1 and self.batch > self.profile.batch_min:
            further = max(1, further)
        local_batch = _ceil(wanted / (further + 1))
        return min(local_batch, int(self.profile.batch_max / (replicas * (further + 1)))), further

    def advance(self, now: int, seconds: int) -> None:
        """Let it run from ``now`` for so many seconds; sets ``completed_at`` when its last epoch ends within them."""
        if not self.placement or self.completed_at is not None:
            return
        pause = min(self._rescale_seconds, seconds)
        self._rescale_seconds -= pause
        left = seconds - pause
        while left > 0 and self.completed_at is None:
            goodput = self._goodput()
            target = self.profile.progress_after(self._epoch + 1)
            if self._progress + goodput * left < target:
                self._progress += goodput * left
                return
            left -= round((target - self._progress) / goodput)
            self._progress = target
            self._epoch += 1
            if self._epoch >= self.profile.epochs:
                self.completed_at = int(now + seconds - left)

    def _goodput(self) -> float:
        """Return progress a second: the statistical gain of the batch size over the time that a step takes."""
        batch = sum(self.placement) * self._local_batch * (self._accumulated + 1)
        step, sync = self.profile.step_times(self.placement, self._local_batch)
        square, variance = self.profile.gradients(batch, self._epoch)
        scale = batch / self.profile.batch_min
        gain = (variance + square) / (variance / scale + square)
        return gain / (step + (step - sync) * self._accumulated)


def _ceil(value: float) -> int:
    return math.ceil(value - 1e-8)
