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
from podlore.classify.evaluation.labelled import Labelled, is_open
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
VERSION = "2"
REAL_WEIGHT = 5.0
"""How much a real row counts against a generated one."""


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


def rows_of_labelled(data: Labelled) -> Iterator[Row]:
    """Yield the rows of a labelled file that may go into a model that is passed on: those under Apache-2.0."""
    for text, label, family, licence in zip(data.texts, data.labels, data.family, data.licence, strict=True):
        if is_open(licence):
            yield Row(text, EventClass(label), f"real.{family}")


def train(rows: Sequence[Row], real: Sequence[Row] = (), folds: int = 3, version: str = VERSION) -> Trained:
    """Return a classifier of these rows, its temperature fitted on families that were held out.

    Parameters
    ----------
    rows
        Generated rows.
    real
        Labelled rows, each of the weight of `REAL_WEIGHT` generated ones. Where there are any, families of them are
        held out for the temperature, while all generated rows are trained on; else families of generated rows are.

    Raises
    ------
    BadInput
        If a class has no rows, or too few families to hold some out.
    """
    _check(rows, folds)
    everything = [*rows, *real]
    texts, labels = [row.text for row in everything], [str(row.event_class) for row in everything]
    weights = np.array([1.0] * len(rows) + [REAL_WEIGHT] * len(real))
    held = range(len(rows), len(everything)) if real else range(len(rows))
    groups = [everything[row].family for row in held]
    scores = out_of_fold_scores(TfidfLogReg(), texts, labels, weights, held=held, groups=groups, folds=folds)
    classes = sorted(set(labels))
    truth = np.array([classes.index(labels[row]) for row in held])
    temperature = fit_temperature(scores, truth)
    model = TfidfLogReg().fit(texts, labels, sample_weight=weights)
    facts = _facts(rows, real, softmax(scores, temperature), truth, classes)
    return Trained(compile_model(model, temperature, version), {**facts, "temperature": round(temperature, 4)})


def _check(rows: Sequence[Row], folds: int) -> None:
    families: dict[EventClass, set[str]] = {event_class: set() for event_class in EventClass}
    for row in rows:
        families[row.event_class].add(row.family)
    for event_class, names in families.items():
        if len(names) < folds:
            raise BadInput(f"class {event_class} has {len(names)} families of templates, {folds} are needed: add rows")


def _facts(
    rows: Sequence[Row],
    real: Sequence[Row],
    chances: NDArray[np.float64],
    truth: NDArray[np.intp],
    classes: Sequence[str],
) -> dict[str, Any]:
    guessed = chances.argmax(axis=1)
    by_class = f1_score(truth, guessed, labels=range(len(classes)), average=None)
    squares = (chances - np.eye(len(classes))[truth]) ** 2
    return {
        **_counts(rows),
        "real": _counts(real),
        "held_out_families": {
            "of": "real rows" if real else "generated rows",
            "accuracy": round(float((guessed == truth).mean()), 4),
            "macro_f1": round(float(by_class.mean()), 4),
            "f1_by_class": {name: round(float(value), 4) for name, value in zip(classes, by_class, strict=True)},
            "brier": round(float(squares.sum(axis=1).mean()), 4),
        },
    }


def _counts(rows: Sequence[Row]) -> dict[str, Any]:
    return {
        "rows": len(rows),
        "families": len({row.family for row in rows}),
        "rows_by_class": dict(sorted(Counter(str(row.event_class) for row in rows).items())),
    }
