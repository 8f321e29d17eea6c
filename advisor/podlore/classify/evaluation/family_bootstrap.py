"""Intervals and comparisons by resampling families, not rows: rows of one family are near-copies of each other.

Each resample draws as many families as there are, with replacement; a score is computed from sums by family, so that
thousands of resamples are a matrix product. Two models are compared on the same resamples.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podlore.classify.scores import (
    Floats,
    Numbers,
    brier,
    calibration_gaps,
    equal_mass_edges,
    equal_width_edges,
    log_loss,
    macro_f1,
)

RESAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """How much better one model is than another, with its 95 % interval; ``p_value`` is two-sided."""

    estimate: float
    low: float
    high: float
    p_value: float


class FamilyBootstrap:
    """Resamples of the families of one test set; every model scored on it uses the same ones.

    Parameters
    ----------
    family
        The family of each row, shape (n,).
    truth
        The column of the true class of each row, shape (n,).
    """

    def __init__(
        self, family: Numbers, truth: Numbers, n_classes: int, seed: int = 0, resamples: int = RESAMPLES
    ) -> None:
        self.truth, self.n_classes = truth, n_classes
        _, self.family = np.unique(family, return_inverse=True)
        n_families = int(self.family.max()) + 1
        rng = np.random.default_rng(seed)
        drawn = rng.multinomial(n_families, np.full(n_families, 1 / n_families), resamples)
        self.weights = np.vstack([np.ones(n_families), drawn])
        """How often each family is in each resample, shape (1 + resamples, n_families); the first is the set itself."""

    def scores(self, chances: Floats) -> Mapping[str, Floats]:
        """Return each score in the set itself and in every resample, shape (1 + resamples,)."""
        guessed = chances.argmax(axis=1)
        pairs = np.eye(self.n_classes**2)[self.truth * self.n_classes + guessed]
        counts = self._sums(pairs).reshape(-1, self.n_classes, self.n_classes)
        rows = self._sums(np.ones((len(self.truth), 1)))[:, 0]
        mass = equal_mass_edges(chances.max(axis=1))
        return {
            "accuracy": np.trace(counts, axis1=1, axis2=2) / rows,
            "macro_f1": macro_f1(counts),
            "brier": self._sums(brier(chances, self.truth)[:, None])[:, 0] / rows,
            "log_loss": self._sums(log_loss(chances, self.truth)[:, None])[:, 0] / rows,
            "ece_equal_width": self._ece(chances, equal_width_edges()) / rows,
            "ece_equal_mass": self._ece(chances, mass) / rows,
        }

    def _ece(self, chances: Floats, edges: Floats) -> Floats:
        bins, gaps = calibration_gaps(chances, self.truth, edges)
        in_bin = np.eye(len(edges) + 1)[bins] * gaps[:, None]
        distance: Floats = np.abs(self._sums(in_bin)).sum(axis=1)
        return distance

    def _sums(self, values: NDArray[np.float64]) -> Floats:
        by_family = np.zeros((self.weights.shape[1], values.shape[1]))
        np.add.at(by_family, self.family, values)
        sums: Floats = self.weights @ by_family
        return sums


def interval(scores: Floats) -> Interval:
    """Return the first score with the percentile interval of the others."""
    low, high = np.quantile(scores[1:], (0.025, 0.975))
    return Interval(float(scores[0]), float(low), float(high))


def difference(scores: Floats, others: Floats) -> Difference:
    """Return how far a score is above another on the same resamples."""
    gap = scores - others
    at = interval(gap)
    below = (1 + (gap[1:] <= 0).sum()) / len(gap)
    above = (1 + (gap[1:] >= 0).sum()) / len(gap)
    return Difference(at.estimate, at.low, at.high, float(min(1.0, 2 * min(below, above))))
