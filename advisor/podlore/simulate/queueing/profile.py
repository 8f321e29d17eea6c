"""What was measured of one training application: step times by placement, and progress by batch size and epoch.

A profile is a folder with ``placements.csv`` (placement, local_bsz, step_time, sync_time), ``scalability.csv`` (the
same by numbers of nodes and replicas) and ``validation-<batch>.csv`` (progress, iteration, metric, grad_sqr, grad_var,
a row an epoch).
"""

import csv
import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from podlore.errors import BadInput

Floats = NDArray[np.float64]
Placement = tuple[int, ...]

# Epochs until the target metric is reached, and the largest local batch where memory and not the profile limits it:
# constants of the published study.
EPOCHS: Mapping[str, int] = {
    "bert": 2,
    "cifar10": 100,
    "ncf": 10,
    "imagenet": 90,
    "deepspeech2": 80,
    "yolov3": 50,
}
LOCAL_BATCH_MAX: Mapping[str, int] = {"yolov3": 8}

_NODES_MAX = 16


class Profile:
    """One application's measurements, with linear interpolation between those that were made.

    ``batch_min`` is the batch a job starts with, ``batch_max`` the largest; both count samples over all replicas.
    """

    def __init__(self, folder: Path) -> None:
        self.name = folder.name
        self._validation = {
            int(path.stem.rpartition("-")[2]): _columns(path)
            for path in sorted(folder.glob("validation-*.csv"), key=lambda path: int(path.stem.rpartition("-")[2]))
        }
        if not self._validation or folder.name not in EPOCHS:
            raise BadInput(f"{folder} is no profile; known applications: {', '.join(EPOCHS)}")
        self._batches = list(self._validation)
        self.batch_min, self.batch_max = self._batches[0], self._batches[-1]
        self.epochs = EPOCHS[folder.name]
        self._by_placement = _by_placement(folder / "placements.csv")
        self.local_batch_max = LOCAL_BATCH_MAX.get(
            self.name, int(max(batches[-1] for batches, _ in self._by_placement.values()))
        )
        self.local_batch_min = int(min(batches[0] for batches, _ in self._by_placement.values()))
        self._scalability = _columns(folder / "scalability.csv")
        self._times: dict[tuple[Placement, int], tuple[float, float]] = {}
        self._gradients: dict[tuple[int, int], tuple[float, float]] = {}
        self._steps: dict[int, Floats] = {}
        self._interpolator: Callable[[list[list[int]]], Floats] | None = None
        self._progress = [
            0.0,
            *np.min([table["progress"][: self.epochs] for table in self._validation.values()], axis=0),
        ]

    def progress_after(self, epoch: int) -> float:
        """Return the progress at which so many epochs are done, the least over the measured batch sizes."""
        return float(self._progress[epoch])

    def gradients(self, batch: int, epoch: int) -> tuple[float, float]:
        """Return the squared norm and the variance of the gradient, as estimated at this batch size and epoch."""
        if (batch, epoch) not in self._gradients:
            self._gradients[batch, epoch] = self._interpolated(batch, epoch)
        return self._gradients[batch, epoch]

    def steps_after(self, batch: int) -> Floats:
        """Return the steps that remain at this batch after each epoch, from none done to all."""
        if batch not in self._steps:
            scale = batch / self.batch_min
            pairs = np.array([self.gradients(batch, epoch) for epoch in range(self.epochs)])
            gain = pairs.sum(axis=1) / (pairs[:, 1] / scale + pairs[:, 0])
            steps = np.diff(self._progress) / gain
            self._steps[batch] = np.append(np.cumsum(steps[::-1])[::-1], 0.0)
        return self._steps[batch]

    def _interpolated(self, batch: int, epoch: int) -> tuple[float, float]:
        low = self._batches[bisect_right(self._batches, batch) - 1]
        high = self._batches[bisect_left(self._batches, batch)]
        (low_square, low_variance), (high_square, high_variance) = (
            (float(self._validation[size]["grad_sqr"][epoch]), float(self._validation[size]["grad_var"][epoch]))
            for size in (low, high)
        )
        if low == high:
            return low_square, low_variance
        weights = (batch - low, high - batch)
        return (
            (weights[0] * high_square + weights[1] * low_square) / (high - low),
            (weights[0] * high_variance + weights[1] * low_variance) / (high - low),
        )

    def step_times(self, placement: Placement, local_batch: int) -> tuple[float, float]:
        """Return seconds a step and the part of them spent in synchronization.

        ``placement`` has the replicas on each node; rotations are the same. Where it was not measured itself, times are
        interpolated over (nodes, replicas, local batch).
        """
        found = self._times.get((placement, local_batch))
        if found is None:
            first = min(placement[i:] + placement[:i] for i in range(len(placement)))
            found = self._measured(first, local_batch) or self._between(first, local_batch)
            self._times[placement, local_batch] = found
        return found

    def _measured(self, placement: Placement, local_batch: int) -> tuple[float, float] | None:
        if placement not in self._by_placement:
            return None
        batches, times = self._by_placement[placement]
        if not batches[0] <= local_batch <= batches[-1]:
            raise BadInput(f"{self.name}: local batch {local_batch} was not measured on placement {placement}")
        return float(np.interp(local_batch, batches, times[:, 0])), float(np.interp(local_batch, batches, times[:, 1]))

    def _between(self, placement: Placement, local_batch: int) -> tuple[float, float]:
        from scipy.interpolate import LinearNDInterpolator  # noqa: PLC0415  (only placements never measured need it)

        if self._interpolator is None:
            self._interpolator = LinearNDInterpolator(*self._cloud())
        at = [min(len(placement), _NODES_MAX), sum(placement), local_batch]
        step, sync = self._interpolator([at])[0]
        if math.isnan(step):
            raise BadInput(f"{self.name}: placement {placement}, local batch {local_batch}, lies outside the profile")
        return float(step), float(sync)

    def _cloud(self) -> tuple[Floats, Floats]:
        """Average the measured placements by (nodes, replicas, local batch), and add the scalability runs."""
        groups: dict[tuple[int, int, float], list[Floats]] = {}
        for placement, (batches, times) in self._by_placement.items():
            for batch, pair in zip(batches, times, strict=True):
                groups.setdefault((len(placement), sum(placement), float(batch)), []).append(pair)
        table = self._scalability
        more = np.column_stack([table[name] for name in ("num_nodes", "num_replicas", "local_bsz")])
        points = np.vstack([np.array(sorted(groups)), more])
        means = np.array([np.mean(groups[key], axis=0) for key in sorted(groups)])
        return points, np.vstack([means, np.column_stack([table["step_time"], table["sync_time"]])])


def _columns(path: Path) -> dict[str, Floats]:
    try:
        with path.open(newline="", encoding="ascii") as file:
            rows = list(csv.DictReader(file))
        return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
    except (OSError, ValueError, TypeError, IndexError) as error:
        raise BadInput(f"cannot read the profile {path}: {error}") from None


def _by_placement(path: Path) -> dict[Placement, tuple[Floats, Floats]]:
    table = _columns(path)
    measured: dict[Placement, tuple[Floats, Floats]] = {}
    for code in dict.fromkeys(table["placement"]):
        rows = np.flatnonzero(table["placement"] == code)
        rows = rows[np.argsort(table["local_bsz"][rows], kind="stable")]
        times = np.column_stack([table["step_time"][rows], table["sync_time"][rows]])
        measured[tuple(int(digit) for digit in str(int(code)))] = (table["local_bsz"][rows], times)
    return measured
