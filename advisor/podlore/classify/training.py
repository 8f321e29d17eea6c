"""Train the event classifier: from labelled rows to a calibrated `Classifier` and the facts for its card.

Called by ``podlore train``; it imports the learning stack. Rows come from the generator, and from labelled files where
the caller names some.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from podlore.classify.classifier import Classifier
from podlore.classify.models.tfidf_logreg import TfidfLogReg, compile_model
from podlore.classify.temperature import fit_temperature, out_of_fold_scores, softmax
from podlore.classify.text_of import text_of
from podlore.errors import BadInput
from podlore.events.generator import Generated
from podlore.events.normalize import normalize
from podlore.events.record import LogRecord
from podlore.vocabulary import EventClass

MOST_OF_A_TEMPLATE = 3
SHARE_OF_LABELS_HIDDEN = 0.4
_LABELS = ("facility", "service", "component", "severity")
VERSION = "1"


@dataclass(frozen=True, slots=True)
class Row:
    """One training example; ``family`` groups texts that must not be on both sides of a split."""

    text: str
    event_class: EventClass
    family: str


@dataclass(frozen=True, slots=True)
class Trained:
    """A classifier with what is to be said about its training."""

    classifier: Classifier
    facts: dict[str, Any]


def rows_of_generated(generated: Iterable[Generated], seed: int = 0) -> Iterator[Row]:
    """Yield at most three rows of each template, as the classifier will see them: normalized, some labels hidden.

    Real sources differ in which labels they give, so each label of a row is left out now and then.
    """
    rng = Random(seed)
    seen: Counter[str] = Counter()
    for row in generated:
        seen[row.template] += 1
        category = row.record.target_category
        if seen[row.template] <= MOST_OF_A_TEMPLATE and category is not None:
            yield Row(text_of(_hide(normalize(row.record), rng)), category, row.family)


def _hide(record: LogRecord, rng: Random) -> LogRecord:
    hidden = {label: "" for label in _LABELS if rng.random() < SHARE_OF_LABELS_HIDDEN}
    return replace(record, **hidden)  # type: ignore[arg-type]  # all of them are texts


def train(rows: Sequence[Row], folds: int = 3, version: str = VERSION) -> Trained:
    """Return a classifier of these rows, its temperature fitted on families that were held out.

    Raises
    ------
    BadInput
        If a class has no rows, or too few families to hold some out.
    """
    _check(rows, folds)
    texts, labels = [row.text for row in rows], [str(row.event_class) for row in rows]
    scores = out_of_fold_scores(TfidfLogReg(), texts, labels, [row.family for row in rows], folds)
    classes = sorted(set(labels))
    truth = np.array([classes.index(label) for label in labels])
    temperature = fit_temperature(scores, truth)
    model = TfidfLogReg().fit(texts, labels)
    facts = _facts(rows, softmax(scores, temperature), truth, classes)
    return Trained(compile_model(model, temperature, version), {**facts, "temperature": round(temperature, 4)})


def _check(rows: Sequence[Row], folds: int) -> None:
    families: dict[EventClass, set[str]] = {event_class: set() for event_class in EventClass}
    for row in rows:
        families[row.event_class].add(row.family)
    for event_class, names in families.items():
        if len(names) < folds:
            raise BadInput(f"class {event_class} has {len(names)} families of templates, {folds} are needed: add rows")


def _facts(
    rows: Sequence[Row], chances: NDArray[np.float64], truth: NDArray[np.intp], classes: Sequence[str]
) -> dict[str, Any]:
    guessed = chances.argmax(axis=1)
    by_class = f1_score(truth, guessed, average=None)
    squares = (chances - np.eye(len(classes))[truth]) ** 2
    return {
        "rows": len(rows),
        "families": len({row.family for row in rows}),
        "rows_by_class": dict(sorted(Counter(str(row.event_class) for row in rows).items())),
        "held_out_families": {
            "accuracy": round(float((guessed == truth).mean()), 4),
            "macro_f1": round(float(by_class.mean()), 4),
            "f1_by_class": {name: round(float(value), 4) for name, value in zip(classes, by_class, strict=True)},
            "brier": round(float(squares.sum(axis=1).mean()), 4),
        },
    }
