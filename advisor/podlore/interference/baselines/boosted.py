"""Plain LightGBM on features of both jobs, without their identities or their measured means."""

from typing import Any, Self

import numpy as np

from podlore.interference.features import Features, table
from podlore.interference.pairs import CoRuns, Floats

SETTINGS: dict[str, Any] = {
    "n_estimators": 300,
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_child_samples": 10,
    "subsample": 0.8,
    "subsample_freq": 1,
    "colsample_bytree": 0.7,
    "verbose": -1,
    "random_state": 0,
    "n_jobs": 1,
    "deterministic": True,
    "force_row_wise": True,
}
"""Ordinary ones for two thousand rows, written down once and never searched."""
CODES = [0, 1, 2]
"""Columns of `table` that are names: the GPU type and both families."""


class Boosted:
    """A boosted forest over `podlore.interference.features.table`."""

    def __init__(self, features: Features) -> None:
        self.features = features

    def fit(self, runs: CoRuns, speed: Floats) -> Self:
        """Grow the trees."""
        import lightgbm  # noqa: PLC0415 - heavy

        self.trees_ = lightgbm.LGBMRegressor(**SETTINGS)
        self.trees_.fit(table(self.features, runs), speed, categorical_feature=CODES)
        return self

    def predict(self, runs: CoRuns) -> Floats:
        """Return the trees' speeds."""
        return np.asarray(np.clip(self.trees_.predict(table(self.features, runs)), 0.0, 1.0))
