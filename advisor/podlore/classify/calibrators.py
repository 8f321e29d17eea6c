"""Four ways to turn scores into probabilities that can be believed, learned from held-out scores of other families.

All are estimators: ``fit(scores, truth)``, ``predict_proba(scores)``, scores of shape (n, n_classes). Which one serves
is chosen by `choose`, on folds by family, never on the rows that are tested.
"""

from collections.abc import Mapping
from typing import Protocol, Self

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from podlore.classify.scores import Floats, Numbers, log_loss
from podlore.classify.temperature import fit_temperature, softmax

_FLOOR = 1e-4
_ALMOST_UNPENALIZED = 1e3


class Calibrator(Protocol):
    """Learns how sure scores may be."""

    def fit(self, scores: Floats, truth: Numbers) -> Self:
        """Learn from held-out scores and their truth."""
        ...

    def predict_proba(self, scores: Floats) -> Floats:
        """Return probabilities of shape (n, n_classes)."""
        ...


class Plain:
    """The model's own probabilities."""

    def fit(self, scores: Floats, truth: Numbers) -> Self:
        """Learn nothing."""
        return self

    def predict_proba(self, scores: Floats) -> Floats:
        """Return the softmax of the scores."""
        return softmax(scores)


class Temperature:
    """One number for all classes; the class with the highest score stays the same."""

    def fit(self, scores: Floats, truth: Numbers) -> Self:
        """Learn the temperature."""
        self.temperature_ = fit_temperature(scores, truth)
        return self

    def predict_proba(self, scores: Floats) -> Floats:
        """Return the softmax of the cooled scores."""
        return softmax(scores, self.temperature_)


class Platt:
    """A sigmoid of the log-odds of each class against the rest, then shared out."""

    def fit(self, scores: Floats, truth: Numbers) -> Self:
        """Learn slope and offset of every class."""
        odds = _log_odds(scores)
        self.sigmoids_ = [
            LogisticRegression(C=_ALMOST_UNPENALIZED).fit(odds[:, [column]], truth == column)
            for column in range(scores.shape[1])
        ]
        return self

    def predict_proba(self, scores: Floats) -> Floats:
        """Return the sigmoids, scaled to sum to one."""
        odds = _log_odds(scores)
        each = [sigmoid.predict_proba(odds[:, [column]])[:, 1] for column, sigmoid in enumerate(self.sigmoids_)]
        return _shared_out(np.column_stack(each))


class Isotonic:
    """A rising step function of the probability of each class against the rest, then shared out."""

    def fit(self, scores: Floats, truth: Numbers) -> Self:
        """Learn the steps of every class."""
        chances = softmax(scores)
        self.steps_ = [
            IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(chances[:, column], truth == column)
            for column in range(scores.shape[1])
        ]
        return self

    def predict_proba(self, scores: Floats) -> Floats:
        """Return the steps, scaled to sum to one."""
        chances = softmax(scores)
        return _shared_out(
            np.column_stack([step.predict(chances[:, column]) for column, step in enumerate(self.steps_)])
        )


CALIBRATORS: Mapping[str, type[Calibrator]] = {
    "plain": Plain,
    "temperature": Temperature,
    "platt": Platt,
    "isotonic": Isotonic,
}


def choose(scores: Floats, truth: Numbers, family: Numbers, folds: int = 3) -> tuple[str, dict[str, float]]:
    """Return the calibrator with the lowest log-loss on families it did not learn from, and the loss of each."""
    losses = {}
    for name, calibrator in CALIBRATORS.items():
        rows = np.zeros(len(truth))
        for train, test in GroupKFold(folds).split(scores, truth, family):
            chances = calibrator().fit(scores[train], truth[train]).predict_proba(scores[test])
            rows[test] = log_loss(chances, truth[test])
        losses[name] = float(rows.mean())
    return min(losses, key=lambda name: losses[name]), losses


def _log_odds(scores: Floats) -> Floats:
    chances = np.clip(softmax(scores), 1e-9, 1 - 1e-9)
    odds: Floats = np.log(chances / (1 - chances))
    return odds


def _shared_out(chances: Floats) -> Floats:
    floored = np.maximum(chances, _FLOOR)
    shared: Floats = floored / floored.sum(axis=1, keepdims=True)
    return shared
