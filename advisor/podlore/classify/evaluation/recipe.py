"""What is compared: each recipe is an estimator and what it is trained on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from podlore.classify.models.linear_baseline import LinearBaseline
from podlore.classify.models.minilm_logreg import MiniLmLogReg
from podlore.classify.models.tfidf_lightgbm import TfidfLightGbm
from podlore.classify.models.tfidf_logreg import TfidfLogReg
from podlore.classify.training import REAL_WEIGHT


@dataclass(frozen=True, slots=True)
class Recipe:
    """An estimator, and what it is trained on.

    ``uses_synthetic`` adds generated rows to real ones, each ``every``-th of them; with ``thins_other`` no more of
    Other than of the next class; ``open_only`` keeps of the real rows those whose licence lets a model be passed on.
    """

    name: str
    make: Callable[[], Any]
    why: str
    uses_synthetic: bool = True
    every: int = 1
    real_weight: float = REAL_WEIGHT
    open_only: bool = False
    thins_other: bool = False


def _unweighted() -> TfidfLogReg:
    return TfidfLogReg(class_weight=None)


RECIPES: Mapping[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe("baseline", LinearBaseline, "scikit-learn's TF-IDF and logistic regression", uses_synthetic=False),
        Recipe("baseline+synthetic", LinearBaseline, "the same, with each third generated row besides", every=3),
        Recipe("terms", TfidfLogReg, "own terms without generated rows", uses_synthetic=False),
        Recipe("podlore", TfidfLogReg, "own terms, each third generated row and all real rows", every=3),
        Recipe("shipped", TfidfLogReg, "the same with real rows under Apache-2.0 only", open_only=True, every=3),
        Recipe("lightgbm", TfidfLightGbm, "boosted trees over the same terms, a sixth of the generated rows", every=6),
        Recipe("minilm", MiniLmLogReg, "MiniLM's sentence embeddings and logistic regression", uses_synthetic=False),
        Recipe("podlore-unweighted", _unweighted, "classes as frequent as they come", every=3),
        Recipe("podlore-thinned", TfidfLogReg, "no more of Other than of the next class", thins_other=True, every=3),
    )
}
