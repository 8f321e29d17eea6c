"""The model of co-runs: a Gaussian process over pairs of jobs, for jobs never seen together, or never seen at all.

A cold job is placed by its features alone; every co-run of it that was measured pulls the prediction towards it, the
more the fewer others are like it. That is the blend by count that a low-rank residual on top of a regression imitates,
done exactly, and the predicted standard deviation comes with it. Used by the evaluation, and by the online learner.

References
----------
Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006: chapter 5.4.2 for leaving groups out without
fitting anew (there for single points).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

from podlore.errors import NotEnoughEvidence
from podlore.interference.features import Features
from podlore.interference.kernel import JITTER, Evidence, Layout, covariance, variance
from podlore.interference.pairs import CoRuns, Floats, Ints

SPEED_MAX = 1.0


@dataclass(frozen=True, slots=True)
class Predicted:
    """Speeds (0-1) with the standard deviation of a new measurement of each."""

    speed: Floats
    deviation: Floats


class CoRunModel:
    """Predicts how fast a job runs beside another, as a share (0-1) of its speed alone.

    Parameters
    ----------
    features
        Of all configurations that will ever be asked for.
    rows_max, steps_max, seed
        Length scales are learned from at most this many co-runs, drawn by ``seed``, in at most so many steps.
    """

    def __init__(self, features: Features, *, rows_max: int = 600, steps_max: int = 25, seed: int = 0) -> None:
        self.features = features
        self.rows_max = rows_max
        self.steps_max = steps_max
        self.seed = seed

    def fit(self, runs: CoRuns, speed: Floats) -> Self:
        """Learn length scales and variances, then everything else.

        Raises
        ------
        NotEnoughEvidence
            For fewer than 2 co-runs.
        """
        if len(runs) < 2:
            raise NotEnoughEvidence(len(runs), 2, "co-runs")
        chosen = np.arange(len(runs))
        if len(runs) > self.rows_max:
            chosen = np.sort(np.random.default_rng(self.seed).choice(len(runs), self.rows_max, replace=False))
        self.usual_ = float(speed.mean())
        evidence = Evidence(self.features, runs.take(chosen), speed[chosen] - self.usual_)
        start = Layout(len(self.features.blocks)).guess()
        bounds = [(value - 6.0, value + 6.0) for value in start]
        found = minimize(
            evidence, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": self.steps_max}
        )
        self.theta_ = np.asarray(found.x, dtype=float)
        return self.condition(runs, speed)

    def condition(self, runs: CoRuns, speed: Floats) -> Self:
        """Take in measurements, in place of all before, with the length scales as they are: cheap, for one more."""
        self.runs_, self.speed_ = runs, speed
        matrix = covariance(self.features, self.theta_, runs, runs)
        matrix[np.diag_indices_from(matrix)] += np.exp(self.theta_[-1]) + JITTER
        self.factor_ = cho_factor(matrix, lower=True, overwrite_a=True)
        self.alpha_ = cho_solve(self.factor_, speed - self.usual_)
        return self

    def predict(self, runs: CoRuns) -> Predicted:
        """Return speeds and deviations."""
        cross = covariance(self.features, self.theta_, runs, self.runs_)
        explained = np.einsum("ij,ji->i", cross, cho_solve(self.factor_, cross.T))
        unexplained = np.maximum(variance(self.features, self.theta_) - explained, 0.0)
        speed = np.clip(self.usual_ + cross @ self.alpha_, 0.0, SPEED_MAX)
        return Predicted(speed, np.sqrt(unexplained + np.exp(self.theta_[-1])))

    def without(self, groups: Iterable[Ints]) -> Predicted:
        """Return, group after group, what would have been predicted of each group of co-runs had it not been seen."""
        inverse = cho_solve(self.factor_, np.eye(len(self.speed_)))
        speeds, deviations = [], []
        for rows in groups:
            block = np.linalg.inv(inverse[np.ix_(rows, rows)])
            speeds.append(self.speed_[rows] - block @ self.alpha_[rows])
            deviations.append(np.sqrt(np.maximum(np.diag(block), JITTER)))
        return Predicted(np.clip(np.concatenate(speeds), 0.0, SPEED_MAX), np.concatenate(deviations))
