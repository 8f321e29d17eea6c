"""From the results of all folds to the tables of the report: plain dictionaries, rounded, the same in every rerun."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from podlore.classify.conformal import plausible
from podlore.classify.evaluation.errors import error_modes
from podlore.classify.evaluation.family_bootstrap import FamilyBootstrap, difference, interval
from podlore.classify.evaluation.fold_run import SERVED, FoldResult
from podlore.classify.evaluation.folds import REST, SMALLEST_COLLECTION
from podlore.classify.evaluation.labelled import CLASSES, Labelled
from podlore.classify.evaluation.protocol import Task
from podlore.classify.evaluation.significance import five_by_two_f_test, holm, mcnemar
from podlore.classify.scores import (
    Floats,
    Numbers,
    by_class,
    confusion,
    equal_mass_edges,
    expected_calibration_error,
    log_loss,
    macro_f1,
    reliability,
)
from podlore.classify.thresholds import decide

DIGITS = 4
FEWEST_ROWS = 20
ENSEMBLES: Mapping[str, tuple[str, ...]] = {
    "podlore+lightgbm": ("podlore", "lightgbm"),
    "baseline+minilm": ("baseline", "minilm"),
    "podlore+minilm": ("podlore", "minilm"),
    "podlore+minilm+lightgbm": ("podlore", "minilm", "lightgbm"),
}
"""Means of probabilities."""

Results = Mapping[tuple[str, str], Sequence[tuple[Task, FoldResult]]]
"""By experiment and recipe."""


def summarize(results: Sequence[tuple[Task, FoldResult]], data: Labelled) -> dict[str, Any]:
    """Return every table of the report by experiment."""
    grouped: dict[tuple[str, str], list[tuple[Task, FoldResult]]] = {}
    for task, result in sorted(results, key=lambda pair: pair[0].name):
        grouped.setdefault((task.fold.experiment, task.recipe), []).append((task, result))
    experiments = dict.fromkeys(experiment for experiment, _ in grouped)
    return {
        experiment: _experiment(experiment, grouped, data)
        for experiment in experiments
        if experiment != "halves"
    }  # fmt: skip


def _experiment(experiment: str, grouped: Results, data: Labelled) -> dict[str, Any]:
    recipes = [recipe for name, recipe in grouped if name == experiment]
    chances = {recipe: _assembled(grouped[experiment, recipe], len(data)) for recipe in recipes}
    for name, members in ENSEMBLES.items():
        if set(members) <= set(chances):
            chances[name] = np.mean([chances[member] for member in members], axis=0)
    bootstrap = FamilyBootstrap(data.family, data.truth, len(CLASSES))
    scored = {recipe: bootstrap.scores(values) for recipe, values in chances.items()}
    return {
        "models": {
            recipe: {
                "scores": {name: _rounded(asdict(interval(values))) for name, values in scored[recipe].items()},
                **_of_model(chances[recipe], data),
                **_of_folds(grouped.get((experiment, recipe), ()), data),
            }
            for recipe in chances
        },
        "comparisons": _comparisons(experiment, grouped, scored, chances, data),
    }


def _assembled(results: Sequence[tuple[Task, FoldResult]], n_rows: int) -> Floats:
    """Return the probabilities of all rows, each by the model that did not see it."""
    chances = np.full((n_rows, len(CLASSES)), np.nan)
    for _, result in results:
        chances[result.rows] = result.chances.get(SERVED, result.chances["plain"])
    if np.isnan(chances).any():
        raise ValueError(f"{int(np.isnan(chances).any(axis=1).sum())} rows were tested by no fold")
    return chances


def _of_model(chances: Floats, data: Labelled) -> dict[str, Any]:
    guessed = chances.argmax(axis=1)
    return {
        "by_class": {name: _rounded(asdict(each)) for name, each in by_class(data.truth, guessed, CLASSES).items()},
        "confusion": confusion(data.truth, guessed, len(CLASSES)).tolist(),
        "reliability": [
            _rounded(point) for point in reliability(chances, data.truth, equal_mass_edges(chances.max(axis=1)))
        ],
        "parts": {name: _part(chances, data, rows) for name, rows in _parts(data).items()},
        "errors": error_modes(guessed, data),
    }


def _parts(data: Labelled) -> dict[str, Numbers]:
    """Return the rows of every part that is reported by itself: events, clear labels, every collection."""
    sizes = Counter(data.collection)
    names = np.array([name if sizes[name] >= SMALLEST_COLLECTION else REST for name in data.collection])
    parts = {"Kubernetes events": np.flatnonzero(data.is_event), "clear labels": np.flatnonzero(data.is_clear)}
    parts |= {"families never read": np.flatnonzero(data.is_unread)}
    parts |= {"Kubernetes events never read": np.flatnonzero(data.is_event & data.is_unread)}
    parts |= {str(name): np.flatnonzero(names == name) for name in sorted(set(names))}
    return {name: rows for name, rows in parts.items() if len(rows) >= FEWEST_ROWS}


def _part(chances: Floats, data: Labelled, rows: Numbers) -> dict[str, Any]:
    bootstrap = FamilyBootstrap(data.family[rows], data.truth[rows], len(CLASSES), resamples=1_000)
    scores = bootstrap.scores(chances[rows])
    kept = ("accuracy", "macro_f1", "brier", "ece_equal_mass")
    scored = by_class(data.truth[rows], chances[rows].argmax(axis=1), CLASSES)
    f1 = {name: round(each.f1, DIGITS) for name, each in scored.items() if each.rows}
    return {"rows": len(rows), "f1": f1, **{name: _rounded(asdict(interval(scores[name]))) for name in kept}}


def _of_folds(results: Sequence[tuple[Task, FoldResult]], data: Labelled) -> dict[str, Any]:
    """Return what is said fold by fold, and what was learned beside the probabilities, where it was."""
    if not results:
        return {}
    reports = {task.fold.name: {**_fold_scores(result, data), **result.facts} for task, result in results}
    over_folds = {"folds": reports, "macro_f1_over_folds": _over_folds([each["macro_f1"] for each in reports.values()])}
    if SERVED not in results[0][1].chances:
        return over_folds
    return {
        **over_folds,
        "calibrators": _calibrators(results, data),
        "thresholds": _thresholds(results, data),
        "conformal": _conformal(results, data),
    }


def _over_folds(scores: Sequence[float]) -> dict[str, Any]:
    """Return the mean over folds with a bootstrap interval; folds share training rows, so it is too narrow."""
    values = np.array(scores)
    drawn = np.random.default_rng(0).choice(values, (2_000, len(values))).mean(axis=1)
    return _rounded(asdict(interval(np.concatenate([[values.mean()], drawn]))))


def _fold_scores(result: FoldResult, data: Labelled) -> dict[str, Any]:
    truth = data.truth[result.rows]
    chances = result.chances.get(SERVED, result.chances["plain"])
    counts = confusion(truth, chances.argmax(axis=1), len(CLASSES)).astype(float)
    return {
        "macro_f1": round(float(macro_f1(counts)), DIGITS),
        "accuracy": round(float((chances.argmax(axis=1) == truth).mean()), DIGITS),
        "log_loss": round(float(log_loss(chances, truth).mean()), DIGITS),
    }


def _calibrators(results: Sequence[tuple[Task, FoldResult]], data: Labelled) -> dict[str, Any]:
    table = {}
    for name in results[0][1].chances:
        chances = np.vstack([result.chances[name] for _, result in results])
        truth = np.concatenate([data.truth[result.rows] for _, result in results])
        table[name] = _rounded(
            {
                "log_loss": float(log_loss(chances, truth).mean()),
                "ece_equal_mass": expected_calibration_error(chances, truth, equal_mass_edges(chances.max(axis=1))),
            }
        )
    return table


def _thresholds(results: Sequence[tuple[Task, FoldResult]], data: Labelled) -> dict[str, float]:
    guessed = np.concatenate([decide(result.chances[SERVED], result.thresholds) for _, result in results])
    plain = np.concatenate([result.chances[SERVED].argmax(axis=1) for _, result in results])
    truth = np.concatenate([data.truth[result.rows] for _, result in results])
    scores = {"tuned": guessed, "argmax": plain}
    return {
        name: round(float(macro_f1(confusion(truth, each, len(CLASSES)).astype(float))), DIGITS)
        for name, each in scores.items()
    }


def _conformal(results: Sequence[tuple[Task, FoldResult]], data: Labelled) -> dict[str, float]:
    covered, sizes = [], []
    for _, result in results:
        sets = plausible(result.chances[SERVED], float(str(result.facts["least_chance"])))
        covered.append(sets[np.arange(len(sets)), data.truth[result.rows]])
        sizes.append(sets.sum(axis=1))
    return _rounded(
        {
            "coverage": float(np.concatenate(covered).mean()),
            "classes_in_a_set": float(np.concatenate(sizes).mean()),
            "sure": float((np.concatenate(sizes) == 1).mean()),
        }
    )


def _comparisons(
    experiment: str,
    grouped: Results,
    scored: Mapping[str, Mapping[str, Floats]],
    chances: Mapping[str, Floats],
    data: Labelled,
) -> dict[str, Any]:
    """Return every pair of models: the paired family bootstrap, and the tests that overstate, corrected by Holm."""
    names = list(scored)
    pairs = [(left, right) for at, left in enumerate(names) for right in names[at + 1 :]]
    table: dict[str, Any] = {}
    for left, right in pairs:
        row: dict[str, Any] = {
            metric: _rounded(asdict(difference(scored[left][metric], scored[right][metric])))
            for metric in ("macro_f1", "brier", "log_loss")
        }
        hits = [chances[name].argmax(axis=1) == data.truth for name in (left, right)]
        row["mcnemar_p"] = mcnemar(hits[0], hits[1])
        if experiment == "grouped" and ("halves", left) in grouped and ("halves", right) in grouped:
            row["five_by_two_p"] = five_by_two_f_test(_gaps(grouped["halves", left], grouped["halves", right], data))
        table[f"{left} - {right}"] = row
    for key in ("mcnemar_p", "five_by_two_p"):
        known = {name: row[key] for name, row in table.items() if key in row}
        for name, value in holm(known).items():
            table[name][key] = _significant(value)
    corrected = holm({name: row["macro_f1"]["p_value"] for name, row in table.items()})
    for name, value in corrected.items():
        table[name]["macro_f1"]["p_value_holm"] = _significant(value)
    return table


def _gaps(
    left: Sequence[tuple[Task, FoldResult]], right: Sequence[tuple[Task, FoldResult]], data: Labelled
) -> list[tuple[float, float]]:
    def f1(results: Sequence[tuple[Task, FoldResult]]) -> list[float]:
        return [_fold_scores(result, data)["macro_f1"] for _, result in results]

    gaps = [mine - other for mine, other in zip(f1(left), f1(right), strict=True)]
    return list(zip(gaps[::2], gaps[1::2], strict=True))


def _rounded(values: Mapping[str, float]) -> dict[str, Any]:
    return {name: value if isinstance(value, int) else round(value, DIGITS) for name, value in values.items()}


def _significant(value: float) -> float:
    return float(f"{value:.3g}")
