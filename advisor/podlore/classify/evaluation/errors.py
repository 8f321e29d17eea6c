"""What kinds of mistakes a model makes: the most frequent confusions, where they come from, and a few examples."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from podlore.classify.evaluation.fold_run import SERVED, FoldResult
from podlore.classify.evaluation.labelled import CLASSES, Labelled
from podlore.classify.evaluation.protocol import Task
from podlore.classify.families import Numbers

MODES, PLACES, EXAMPLES, EXAMPLE_CHARS = 10, 3, 5, 300


def error_modes(guessed: Numbers, data: Labelled) -> list[dict[str, Any]]:
    """Return the ten most frequent confusions with the collections they mostly come from."""
    wrong = np.flatnonzero(guessed != data.truth)
    pairs = Counter((CLASSES[data.truth[row]], CLASSES[guessed[row]]) for row in wrong)
    where: dict[tuple[str, str], Counter[str]] = {pair: Counter() for pair in pairs}
    for row in wrong:
        where[CLASSES[data.truth[row]], CLASSES[guessed[row]]][data.collection[row]] += 1
    frequent = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[:MODES]
    return [
        {"true": true, "called": called, "rows": rows, "from": dict(_most(where[true, called]))}
        for (true, called), rows in frequent
    ]


def examples_of_errors(
    results: Sequence[tuple[Task, FoldResult]], data: Labelled, experiment: str = "grouped", recipe: str = "podlore"
) -> dict[str, list[dict[str, Any]]]:
    """Return a few masked messages of every confusion, of other families each, the surest mistakes first."""
    mistakes: dict[str, list[dict[str, Any]]] = {}
    seen: set[tuple[str, int]] = set()
    for chance, row, column in sorted(_wrong(results, data, experiment, recipe), reverse=True):
        mode = f"{CLASSES[data.truth[row]]} called {CLASSES[column]}"
        if (mode, int(data.family[row])) in seen or len(mistakes.setdefault(mode, [])) == EXAMPLES:
            continue
        seen.add((mode, int(data.family[row])))
        text = data.texts[row][:EXAMPLE_CHARS]
        mistakes[mode].append({"probability": round(chance, 3), "from": data.collection[row], "text": text})
    return mistakes


def _wrong(
    results: Sequence[tuple[Task, FoldResult]], data: Labelled, experiment: str, recipe: str
) -> list[tuple[float, int, int]]:
    found = []
    for task, result in results:
        if (task.fold.experiment, task.recipe) == (experiment, recipe):
            chances = result.chances[SERVED]
            for row, chance, column in zip(result.rows, chances.max(axis=1), chances.argmax(axis=1), strict=True):
                if column != data.truth[row]:
                    found.append((float(chance), int(row), int(column)))
    return found


def _most(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:PLACES]
