"""What predictions are measured against; each learns from co-runs and predicts speeds, and knows no more than that."""

from collections.abc import Callable, Mapping
from typing import Protocol, Self

from podlore.interference.baselines.additive import Additive
from podlore.interference.baselines.als import Als
from podlore.interference.baselines.boosted import Boosted
from podlore.interference.baselines.mean import Mean
from podlore.interference.features import Features
from podlore.interference.pairs import CoRuns, Floats


class Baseline(Protocol):
    """Learns from co-runs and predicts speeds (0-1)."""

    def fit(self, runs: CoRuns, speed: Floats) -> Self:
        """Learn."""
        ...

    def predict(self, runs: CoRuns) -> Floats:
        """Return a speed for each co-run."""
        ...


BASELINES: Mapping[str, Callable[[Features], Baseline]] = {
    "mean": Mean,
    "additive": Additive,
    "als": Als,
    "lightgbm": Boosted,
}
"""By the name under which a report lists them."""

__all__ = ["BASELINES", "Baseline"]
