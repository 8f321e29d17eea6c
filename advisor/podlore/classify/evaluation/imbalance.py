"""What the imbalance of classes costs, and what weighting, thinning and thresholds change: one table.

Other is as frequent as all other classes together, Memory the rarest. Compared on the same folds by family.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from podlore.classify.evaluation.fold_run import SERVED, FoldResult
from podlore.classify.evaluation.labelled import CLASSES, Labelled
from podlore.classify.evaluation.protocol import Task
from podlore.classify.scores import Floats, Numbers, by_class, confusion, log_loss, macro_f1
from podlore.classify.thresholds import decide

STUDIED = ("podlore", "podlore-unweighted", "podlore-thinned")
DIGITS = 4


def imbalance(results: Sequence[tuple[Task, FoldResult]], data: Labelled) -> dict[str, Any]:
    """Return the shares of the classes and, by way of treating them, what comes out, with and without thresholds."""
    table: dict[str, Any] = {}
    for recipe in STUDIED:
        folds = [result for task, result in results if (task.fold.experiment, task.recipe) == ("grouped", recipe)]
        if folds:
            table |= _ways(recipe, folds, data)
    shares = np.bincount(data.truth, minlength=len(CLASSES)) / len(data)
    return {
        "share_of_rows": {name: round(float(share), DIGITS) for name, share in zip(CLASSES, shares, strict=True)},
        "by_way": table,
    }


def _ways(recipe: str, folds: Sequence[FoldResult], data: Labelled) -> dict[str, Any]:
    truth = np.concatenate([data.truth[fold.rows] for fold in folds])
    chances = np.vstack([fold.chances[SERVED] for fold in folds])
    tuned = np.concatenate([decide(fold.chances[SERVED], fold.thresholds) for fold in folds])
    return {
        recipe: _row(truth, chances.argmax(axis=1), chances),
        f"{recipe}, thresholds": _row(truth, tuned, chances),
    }


def _row(truth: Numbers, guessed: Numbers, chances: Floats) -> dict[str, Any]:
    scored = by_class(truth, guessed, CLASSES)
    return {
        "macro_f1": round(float(macro_f1(confusion(truth, guessed, len(CLASSES)).astype(float))), DIGITS),
        "accuracy": round(float((truth == guessed).mean()), DIGITS),
        "log_loss": round(float(log_loss(chances, truth).mean()), DIGITS),
        "recall": {name: round(each.recall, DIGITS) for name, each in scored.items()},
        "precision": {name: round(each.precision, DIGITS) for name, each in scored.items()},
    }
