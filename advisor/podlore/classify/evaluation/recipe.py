"""What is compared: each recipe is an estimator and what it is trained on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from podlore.classify.models.linear_baseline import LinearBaseline
from podlore.classify.models.tfidf_lightgbm import TfidfLightGbm
from podlore.classify.models.tfidf_logreg import TfidfLogReg

REAL_WEIGHT = 5.0
"""How much a real row counts against a generated one."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """An estimator, and whether it is trained on generated rows besides real ones: on each ``every``-th of them."""

    name: str
    make: Callable[[], Any]
    why: str
    uses_synthetic: bool = True
    every: int = 1
    real_weight: float = REAL_WEIGHT


RECIPES: Mapping[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe("baseline", LinearBaseline, "scikit-learn's TF-IDF and logistic regression", uses_synthetic=False),
        Recipe("baseline+synthetic", LinearBaseline, "the same, with generated rows besides"),
        Recipe("terms", TfidfLogReg, "own terms without generated rows", uses_synthetic=False),
        Recipe("podlore", TfidfLogReg, "own terms, generated rows: what ships"),
        Recipe(
            "lightgbm", TfidfLightGbm, "boosted trees over the same terms, a quarter of the generated rows", every=4
        ),
        Recipe("podlore-unweighted", lambda: TfidfLogReg(class_weight=None), "classes as frequent as they come"),
    )
}
