"""Train one recipe on one fold and score the held-out rows: the unit of work that is spread, kept and resumed.

Calibration is learned inside the training side, on rows held out by family; the test rows are seen once, at the end.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits

from podlore.classify.calibrators import CALIBRATORS, choose
from podlore.classify.conformal import least_chance
from podlore.classify.evaluation.folds import Fold
from podlore.classify.evaluation.labelled import CLASSES, Labelled, is_open
from podlore.classify.evaluation.leakage import require_clean, scan
from podlore.classify.evaluation.recipe import RECIPES, Recipe
from podlore.classify.families import NEAR, Numbers, nearest
from podlore.classify.scores import Floats
from podlore.classify.thresholds import tune
from podlore.classify.training import Row

INNER_FOLDS = 3
SERVED = "temperature"
COVERAGE = 0.9
TIMED = 20


@dataclass(frozen=True)
class Examples:
    """Texts with their classes, groups and weights."""

    texts: tuple[str, ...]
    truth: Numbers
    group: Numbers
    weight: Floats

    def without(self, rows: Numbers) -> "Examples":
        """Return the others."""
        kept = np.setdiff1d(np.arange(len(self.texts)), rows)
        return self.take(kept)

    def take(self, rows: Numbers) -> "Examples":
        """Return some."""
        texts = tuple(self.texts[row] for row in rows)
        return Examples(texts, self.truth[rows], self.group[rows], self.weight[rows])

    def __add__(self, other: "Examples") -> "Examples":
        shift = int(self.group.max(initial=-1)) + 1
        return Examples(
            self.texts + other.texts,
            np.concatenate([self.truth, other.truth]),
            np.concatenate([self.group, other.group + shift]),
            np.concatenate([self.weight, other.weight]),
        )


@dataclass(frozen=True)
class FoldResult:
    """What one recipe said about one fold's test rows.

    ``chances`` by calibrator; ``thresholds`` and ``least_chance`` were learned beside them; ``facts`` go into the
    fold's report, ``times`` do not: they differ from run to run.
    """

    rows: Numbers
    chances: dict[str, Floats]
    thresholds: Floats
    facts: dict[str, object]
    times: dict[str, float]


def examples_of_generated(rows: Sequence[Row]) -> Examples:
    """Return generated rows as examples, grouped by the block of their pattern."""
    blocks = [row.family.rpartition(".")[0] for row in rows]
    number = {block: column for column, block in enumerate(dict.fromkeys(blocks))}
    return Examples(
        tuple(row.text for row in rows),
        np.array([CLASSES.index(str(row.event_class)) for row in rows], np.intp),
        np.array([number[block] for block in blocks], np.intp),
        np.ones(len(rows)),
    )


def run_fold(recipe_name: str, fold: Fold, data: Labelled, synthetic: Examples, calibrated: bool = True) -> FoldResult:
    """Train, calibrate, and score the fold's test rows.

    Raises
    ------
    BadInput
        If a family or a near-copy of a test row is among the rows trained on, unless the fold says that it leaks.
    """
    started = time.perf_counter()
    recipe = RECIPES[recipe_name]
    rows = fold.train[[is_open(data.licence[row]) for row in fold.train]] if recipe.open_only else fold.train
    trained, tested = data.take(rows), data.take(fold.test)
    real = Examples(trained.texts, trained.truth, trained.family, np.full(len(trained), recipe.real_weight))
    leak = scan(trained.texts, tested.texts, (trained.family, tested.family)) if len(trained) else None
    if leak and not fold.is_leaky:
        require_clean(leak, f"{fold.experiment} {fold.name}")
    with threadpool_limits(1):
        always = _synthetic_of(recipe, synthetic, has_real=len(trained) > 0)
        model = _fitted(recipe, always + real)
        scores, times = _timed(model, tested.texts)
        held_out, inner = _held_out(recipe, always, real) if calibrated else (np.zeros((0, len(CLASSES))), real)
    chances, facts, thresholds = _calibrate(scores, held_out, inner, calibrated)
    facts |= {"trained_on": len(always.texts) + len(trained), "tested_on": len(tested)}
    facts |= {"leakage": leak.as_dict()} if leak else {}
    return FoldResult(fold.test, chances, thresholds, facts, {"seconds": time.perf_counter() - started, **times})


def _synthetic_of(recipe: Recipe, synthetic: Examples, has_real: bool) -> Examples:
    used = recipe.uses_synthetic or not has_real
    some = synthetic.take(np.arange(0, len(synthetic.texts), recipe.every) if used else np.array([], np.intp))
    return _thinned(some) if recipe.thins_other and used else some


def _thinned(examples: Examples) -> Examples:
    """Leave out rows of the most frequent class, evenly, until it is no more frequent than the next."""
    counts = np.bincount(examples.truth, minlength=len(CLASSES))
    most = int(counts.argmax())
    of_it = np.flatnonzero(examples.truth == most)
    kept = of_it[np.linspace(0, len(of_it) - 1, int(np.sort(counts)[-2])).astype(np.intp)]
    return examples.without(np.setdiff1d(of_it, kept))


def _calibrate(
    scores: Floats, held_out: Floats, inner: Examples, calibrated: bool
) -> tuple[dict[str, Floats], dict[str, object], Floats]:
    if not calibrated:
        return {"plain": CALIBRATORS["plain"]().predict_proba(scores)}, {}, np.ones(scores.shape[1])
    fitted = {name: calibrator().fit(held_out, inner.truth) for name, calibrator in CALIBRATORS.items()}
    best, losses = choose(held_out, inner.truth, inner.group)
    served = fitted[SERVED].predict_proba(held_out)
    facts: dict[str, object] = {
        "calibrator_chosen": best,
        "inner_log_loss": {name: round(loss, 6) for name, loss in losses.items()},
        "temperature": round(float(getattr(fitted[SERVED], "temperature_", 1.0)), 6),
        "least_chance": round(least_chance(served, inner.truth, inner.group, COVERAGE), 6),
    }
    return {name: each.predict_proba(scores) for name, each in fitted.items()}, facts, tune(served, inner.truth)


def _held_out(recipe: Recipe, always: Examples, real: Examples) -> tuple[Floats, Examples]:
    """Return scores of the training side's own rows by models that saw nothing like them, and those rows.

    Where there are real rows they are held out by family and generated ones are always trained on; else generated
    ones are held out by block, and near-copies of them in other blocks are left out too.
    """
    inner = real if len(real.texts) else always
    scores = np.zeros((len(inner.texts), len(CLASSES)))
    splitter = StratifiedGroupKFold(INNER_FOLDS, shuffle=True, random_state=1)
    for train, test in splitter.split(inner.texts, inner.truth, inner.group):
        tested = tuple(inner.texts[row] for row in test)
        side = always + real.take(train) if len(real.texts) else _purged(inner.take(train), tested)
        scores[test] = _scores(recipe, side, tested)
    return scores, inner


def _purged(examples: Examples, tested: Sequence[str]) -> Examples:
    cosines, _ = nearest(examples.texts, tested)
    return examples.without(np.flatnonzero(cosines >= NEAR))


def _scores(recipe: Recipe, examples: Examples, tested: Sequence[str]) -> Floats:
    scores: Floats = _fitted(recipe, examples).decision_function(list(tested))
    return scores


def _timed(model: Any, tested: Sequence[str]) -> tuple[Floats, dict[str, float]]:  # noqa: ANN401 - any estimator
    """Return all scores, how many messages go through in a second together, and how long one takes by itself."""
    started = time.perf_counter()
    scores = model.decision_function(list(tested))
    together = len(tested) / (time.perf_counter() - started)
    each = []
    for text in tested[:TIMED]:
        started = time.perf_counter()
        model.decision_function([text])
        each.append(1_000 * (time.perf_counter() - started))
    return scores, {
        "milliseconds_p50": float(np.quantile(each, 0.5)),
        "milliseconds_p95": float(np.quantile(each, 0.95)),
        "messages_a_second": together,
    }


def _fitted(recipe: Recipe, examples: Examples) -> Any:  # noqa: ANN401 - any estimator
    labels = [CLASSES[column] for column in examples.truth]
    model = recipe.make().fit(list(examples.texts), labels, sample_weight=examples.weight)
    missing = set(CLASSES) - set(model.classes_)
    if missing:
        raise ValueError(f"no rows of {', '.join(sorted(missing))} on the training side")
    return model
