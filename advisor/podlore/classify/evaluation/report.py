"""Write the report of a run: ``report.json`` and a JSON file a fold, the same in every rerun, and ``report.html``.

Times differ from run to run and stand in ``timings.json`` alone. Masked messages of the labelled set, a few of each
mode of error, stand in ``examples.json`` alone: whether it may be passed on is a matter of their licence.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from podlore.classify.evaluation.errors import examples_of_errors
from podlore.classify.evaluation.family_bootstrap import FamilyBootstrap, interval
from podlore.classify.evaluation.fold_run import SERVED, Examples, FoldResult
from podlore.classify.evaluation.html import page
from podlore.classify.evaluation.imbalance import imbalance
from podlore.classify.evaluation.labelled import CLASSES, Labelled
from podlore.classify.evaluation.protocol import Task
from podlore.classify.evaluation.recipe import RECIPES
from podlore.classify.evaluation.summary import summarize
from podlore.classify.families import NEAR, nearest
from podlore.classify.versions import library_versions

EXAMPLES = "examples.json"

Results = Sequence[tuple[Task, FoldResult]]


def write_report(
    results: Results, data: Labelled, synthetic: Examples, folder: Path, facts: Mapping[str, Any]
) -> list[str]:
    """Write all files of the report and return a few lines for the terminal."""
    experiments = summarize(results, data)
    report = {
        "data": {name: fact for name, fact in facts.items() if name != "causes"},
        "recipes": {name: {"what": recipe.why, "real_weight": recipe.real_weight} for name, recipe in RECIPES.items()},
        "libraries": library_versions(),
        "causes": facts.get("causes", {}),
        "synthetic_and_real": _common(results, data, synthetic),
        "imbalance": imbalance(results, data),
        "experiments": experiments,
    }
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "report.json", report)
    (folder / "report.html").write_text(page(report), encoding="utf-8")
    _write_folds(experiments, folder / "folds")
    times = {task.name: {name: round(value, 3) for name, value in result.times.items()} for task, result in results}
    _write(folder / "timings.json", {"by_task": dict(sorted(times.items()))})
    _write(folder / EXAMPLES, examples_of_errors(results, data))
    return _lines(experiments, folder)


def _write_folds(experiments: Mapping[str, Any], folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for experiment, tables in experiments.items():
        for recipe, model in tables["models"].items():
            for fold, facts in model.get("folds", {}).items():
                name = f"{experiment}.{recipe}.{fold}".replace("/", "_")
                _write(folder / f"{name}.json", {"experiment": experiment, "model": recipe, "fold": fold, **facts})


def _common(results: Results, data: Labelled, synthetic: Examples) -> dict[str, Any]:
    """Return how near the generated messages come to the real ones, and the scores where they do not come near."""
    cosines, _ = nearest(data.texts, synthetic.texts)
    far = np.flatnonzero(cosines < NEAR)
    table: dict[str, Any] = {
        "near_share_of_rows": round(float((cosines >= NEAR).mean()), 4),
        "near_share_of_families": round(len(np.unique(data.family[cosines >= NEAR])) / len(np.unique(data.family)), 4),
        "median_cosine": round(float(np.median(cosines)), 4),
        "macro_f1_far_from_synthetic": {},
    }
    bootstrap = FamilyBootstrap(data.family[far], data.truth[far], len(CLASSES), resamples=1_000)
    for task, result in results:
        if task.fold.experiment == "synthetic-to-real":
            scores = bootstrap.scores(result.chances[SERVED][far])["macro_f1"]
            values = {name: round(value, 4) for name, value in asdict(interval(scores)).items()}
            table["macro_f1_far_from_synthetic"][task.recipe] = {"rows": len(far), **values}
    return table


def _lines(experiments: Mapping[str, Any], folder: Path) -> list[str]:
    lines = []
    for experiment, tables in experiments.items():
        for recipe, model in tables["models"].items():
            f1, ece = model["scores"]["macro_f1"], model["scores"]["ece_equal_mass"]
            lines.append(
                f"{experiment:22} {recipe:20} macro-F1 {f1['estimate']:.3f} [{f1['low']:.3f}, {f1['high']:.3f}]  "
                f"Brier {model['scores']['brier']['estimate']:.3f}  ECE {ece['estimate']:.3f}"
            )
    return [*lines, f"written: {folder / 'report.html'}"]


def _write(file: Path, content: Mapping[str, Any]) -> None:
    file.write_text(json.dumps(content, indent=1, sort_keys=True, ensure_ascii=True) + "\n", encoding="utf-8")
