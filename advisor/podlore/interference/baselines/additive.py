"""Sensitivity plus pressure: a job's own effect, its neighbour's, and both again on each GPU type.

References
----------
Mars et al., "Bubble-Up", MICRO 2011, for the idea of one number for suffering and one for pressing.
"""

from typing import Self

import numpy as np

from podlore.interference.features import Features
from podlore.interference.pairs import CoRuns, Floats, Ints

RIDGE = 1.0
"""Strength of the pull towards no effect, in co-runs."""


class Additive:
    """Ridge regression on who runs, beside whom, and where; a job that was not seen has no effect of its own."""

    def __init__(self, features: Features) -> None:
        self.features = features
        self.n_configurations = len(features.family)

    def fit(self, runs: CoRuns, speed: Floats) -> Self:
        """Learn the effects."""
        design = self._design(runs)
        self.usual_ = float(speed.mean())
        gram = design.T @ design
        gram[np.diag_indices_from(gram)] += RIDGE
        self.effects_ = np.linalg.solve(gram, design.T @ (speed - self.usual_))
        return self

    def predict(self, runs: CoRuns) -> Floats:
        """Return the sums of effects."""
        return np.clip(self.usual_ + self._design(runs) @ self.effects_, 0.0, 1.0)

    def _design(self, runs: CoRuns) -> Floats:
        n_gpus, n = self.features.n_gpu_types, self.n_configurations
        alone = [(runs.gpu, n_gpus), (runs.a, n), (runs.b, n)]
        there = [(np.asarray(runs.gpu * n + code), n_gpus * n) for code in (runs.a, runs.b)]
        return np.concatenate([_one_hot(code, size) for code, size in alone + there], axis=1)


def _one_hot(code: Ints, size: int) -> Floats:
    found = np.zeros((len(code), size))
    found[np.arange(len(code)), code] = 1.0
    return found
