"""A training job in a queueing study: what it asked for, how far it is, and how it advances while it holds GPUs.

A job runs with the batch it asked for. Where a policy sets ``learns``, it fits a model of its own speed to what it sees
(`podlore.simulate.queueing.speed_model`); where it sets ``is_adaptive``, it runs with the batch that the model finds
best.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from podlore.simulate.queueing.profile import Floats, Placement, Profile

RESCALE_SECONDS = 30


@dataclass(slots=True)
class TrainingJob:
    """One job; ``placement`` is empty while it waits. Times are whole seconds of the study's clock."""

    name: str
    profile: Profile
    submitted_at: int
    replicas: int
    batch: int
    tenant: str = "default"
    completed_at: int | None = None
    placement: Placement = ()
    restarts: int = -1
    attained_gpu_seconds: float = 0.0
    learns: bool = False
    is_adaptive: bool = False
    replicas_seen: int = 0
    slowdown: float = 1.0
    _seen: dict[tuple[int, int, int], tuple[float, float]] = field(default_factory=dict, repr=False)
    _model: Floats | None = field(default=None, repr=False)
    _gradients: tuple[float, float] = field(default=(0.0, 0.0), repr=False)
    _rescale_seconds: float = field(default=0, repr=False)
    _local_batch: int = field(default=0, repr=False)
    _accumulated: int = field(default=0, repr=False)
    _progress: float = field(default=0.0, repr=False)
    _epoch: int = field(default=0, repr=False)

    def move(self, placement: Placement) -> None:
        """Give it other GPUs, or none; starting anew costs a pause."""
        self.placement = placement
        if placement:
            self._choose_batch()
            self._rescale_seconds = RESCALE_SECONDS
            self.restarts += 1

    def _choose_batch(self) -> None:
        replicas = sum(self.placement)
        if self.is_adaptive and self.speed is not None:
            from podlore.simulate.queueing.goodput import best_batch  # noqa: PLC0415  (compiled; only adaptive jobs)

            best = best_batch(self.speed, *self._gradients, self.limits, len(self.placement), replicas)
            local, further = int(best[1]), int(best[2])
            self._accumulated = further
            self._local_batch = min(local, int(self.profile.batch_max / (replicas * (further + 1))))
            return
        batch = max(self.profile.batch_min, self.profile.local_batch_min * replicas) if self.is_adaptive else self.batch
        self._local_batch, self._accumulated = self._split_batch(replicas, batch)

    @property
    def limits(self) -> Floats:
        """The least and the largest batch, of all its replicas and of one."""
        profile = self.profile
        return np.array(
            [profile.batch_min, profile.batch_max, profile.local_batch_min, profile.local_batch_max], np.float64
        )

    @property
    def speed(self) -> Floats | None:
        """Its own model of its speed, fitted to the step times it has seen; None before the first."""
        if self._model is None and self._seen:
            from podlore.simulate.queueing.speed_model import fit_speed  # noqa: PLC0415  (compiled)

            self._model = fit_speed(self._seen)
        return self._model

    @property
    def gradients(self) -> tuple[float, float]:
        """Squared norm and variance of the gradient, as last measured."""
        return self._gradients

    def _split_batch(self, replicas: int, batch: int) -> tuple[int, int]:
        """Return the samples a replica takes at once and how many further times before it synchronizes."""
        wanted = _ceil(batch / replicas)
        further = _ceil(wanted / self.profile.local_batch_max) - 1
        if replicas == 1 and batch > self.profile.batch_min:
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
        self.attained_gpu_seconds += seconds * sum(self.placement)
        while left > 0 and self.completed_at is None:
            goodput = self._goodput() / self.slowdown
            target = self.profile.progress_after(self._epoch + 1)
            if self._progress + goodput * left < target:
                self._progress += goodput * left
                left = 0
            else:
                left -= round((target - self._progress) / goodput)
                self._progress = target
                self._epoch += 1
                if self._epoch >= self.profile.epochs:
                    self.completed_at = int(now + seconds - left)
            if self.is_adaptive:
                self._choose_batch()

    def _goodput(self) -> float:
        """Return progress a second: the statistical gain of the batch size over the time that a step takes."""
        batch = sum(self.placement) * self._local_batch * (self._accumulated + 1)
        step, sync = self.profile.step_times(self.placement, self._local_batch)
        square, variance = self.profile.gradients(batch, self._epoch)
        scale = batch / self.profile.batch_min
        gain = (variance + square) / (variance / scale + square)
        if self.learns:
            self._observe(step, sync, square, variance)
        return gain / (step + (step - sync) * self._accumulated)

    def _observe(self, step: float, sync: float, square: float, variance: float) -> None:
        """Remember a step time; the model is fitted anew when it is next asked for."""
        self._gradients = (square, variance)
        key = (len(self.placement), sum(self.placement), self._local_batch)
        if key not in self._seen:
            self._seen[key] = (step, sync)
            self.replicas_seen = max(self.replicas_seen, key[1])
            self._model = None

    def remaining_seconds(self, replicas: int | None = None) -> float:
        """Return how long it would still run by its measured profile, packed tightly on nodes of 4 GPUs: an oracle.

        Policies that are defined with known running times read it (SJF, SRTF, Optimus); advice never does.
        """
        count = replicas or self.replicas
        local, further = self._split_batch(count, self.batch)
        step, sync = self.profile.step_times((4,) * (count // 4) + ((count % 4,) if count % 4 else ()), local)
        batch = count * local * (further + 1)
        seconds = step + (step - sync) * further
        steps = self.profile.steps_after(batch)
        now = self.profile.progress_after(self._epoch)
        epoch_share = (self._progress - now) / (self.profile.progress_after(self._epoch + 1) - now)
        this_epoch = steps[self._epoch] - steps[self._epoch + 1]
        return float(steps[self._epoch + 1] + this_epoch * (1 - epoch_share)) * seconds


def _ceil(value: float) -> int:
    return math.ceil(value - 1e-8)
