"""The mean speed on the GPU type: what one knows without looking."""

from typing import Self

import numpy as np

from podlore.interference.features import Features
from podlore.interference.pairs import CoRuns, Floats


class Mean:
    """The mean of each GPU type, or of all where the type was not seen."""

    def __init__(self, features: Features) -> None:
        self.features = features

    def fit(self, runs: CoRuns, speed: Floats) -> Self:
        """Learn the means."""
        self.by_gpu_ = np.full(self.features.n_gpu_types, speed.mean())
        for gpu in np.unique(runs.gpu):
            self.by_gpu_[gpu] = speed[runs.gpu == gpu].mean()
        return self

    def predict(self, runs: CoRuns) -> Floats:
        """Return the means."""
        return np.asarray(self.by_gpu_[runs.gpu])
