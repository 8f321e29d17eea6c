"""Matrix completion: the additive model, and a low-rank residual by alternating least squares.

References
----------
Delimitrou and Kozyrakis, "Paragon", ASPLOS 2013; Narayanan et al., Gavel, OSDI 2020, which completes the same matrix.
"""

from typing import Self

import numpy as np

from podlore.interference.baselines.additive import Additive
from podlore.interference.features import Features
from podlore.interference.pairs import CoRuns, Floats, Ints

RANK, SWEEPS, RIDGE = 3, 20, 0.1
FIRST_FACTORS = 0.1


class Als:
    """Rows are the jobs that suffer, columns the neighbours on each GPU type; what was not seen has no residual."""

    def __init__(self, features: Features) -> None:
        self.features = features
        self._additive = Additive(features)

    def fit(self, runs: CoRuns, speed: Floats) -> Self:
        """Learn the effects, then the factors of what they leave."""
        self._additive.fit(runs, speed)
        residual = speed - self._additive.predict(runs)
        n = self._additive.n_configurations
        rng = np.random.default_rng(0)
        row, column = runs.a, self._column(runs)
        self.rows_ = rng.normal(0.0, FIRST_FACTORS, (n, RANK))
        self.columns_ = rng.normal(0.0, FIRST_FACTORS, (n * self.features.n_gpu_types, RANK))
        for _ in range(SWEEPS):
            self.rows_ = _solved(row, self.columns_[column], residual, n)
            self.columns_ = _solved(column, self.rows_[row], residual, len(self.columns_))
        return self

    def predict(self, runs: CoRuns) -> Floats:
        """Return sums of effects and residuals."""
        residual = (self.rows_[runs.a] * self.columns_[self._column(runs)]).sum(axis=1)
        return np.asarray(np.clip(self._additive.predict(runs) + residual, 0.0, 1.0))

    def _column(self, runs: CoRuns) -> Ints:
        return np.asarray(runs.gpu * self._additive.n_configurations + runs.b, dtype=np.intp)


def _solved(code: Ints, other: Floats, residual: Floats, size: int) -> Floats:
    """Return the factors of each code that fit the residuals best, the other side's given."""
    gram = np.zeros((size, RANK, RANK)) + RIDGE * np.eye(RANK)
    right = np.zeros((size, RANK))
    np.add.at(gram, code, other[:, :, None] * other[:, None, :])
    np.add.at(right, code, other * residual[:, None])
    return np.asarray(np.linalg.solve(gram, right[..., None])[..., 0])
