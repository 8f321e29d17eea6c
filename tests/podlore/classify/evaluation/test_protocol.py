"""The whole protocol, small: few rows, few terms, run twice."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from podlore.classify.evaluation import protocol, recipe
from podlore.classify.evaluation.fold_run import Examples, examples_of_generated
from podlore.classify.evaluation.labelled import Labelled
from podlore.classify.evaluation.protocol import Task, executor_of, run_all, tasks
from podlore.classify.evaluation.recipe import Recipe
from podlore.classify.evaluation.report import write_report
from podlore.classify.models.tfidf_logreg import TfidfLogReg
from podlore.classify.training import Row
from podlore.errors import BadInput, Unavailable

SMALL = {
    "baseline": Recipe("baseline", lambda: TfidfLogReg(max_words=150, max_parts=150), "small", uses_synthetic=False),
    "podlore": Recipe("podlore", lambda: TfidfLogReg(max_words=400, max_parts=400), "small, generated rows", every=2),
}
EXPERIMENTS = ("synthetic-to-real", "grouped", "rows-leaky", "halves")


@pytest.fixture(scope="module")
def synthetic(rows: list[Row]) -> Examples:
    return examples_of_generated(rows[:900])


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podlore.classify.evaluation.fold_run.RECIPES", SMALL)
    monkeypatch.setattr("podlore.classify.evaluation.report.RECIPES", SMALL)
    monkeypatch.setattr(protocol, "EXPERIMENTS", dict.fromkeys(EXPERIMENTS, ("baseline", "podlore")))
    monkeypatch.setattr("podlore.classify.evaluation.folds.N_FOLDS", 3)
    assert set(recipe.RECIPES) >= set(SMALL)


def run(data: Labelled, synthetic: Examples, folder: Path) -> list[str]:
    todo = tasks(data, EXPERIMENTS)
    with ThreadPoolExecutor(1) as executor:
        results = list(run_all(todo, data, synthetic, folder / "kept", executor))
    return write_report(results, data, synthetic, folder, {"labelled": {"rows": len(data)}})


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_rerun_gives_the_same_bytes_and_the_report_says_what_was_measured(
    data: Labelled, synthetic: Examples, tmp_path: Path
) -> None:
    data = data.take(range(0, len(data), 2))
    lines = run(data, synthetic, tmp_path / "a")
    shutil.copytree(tmp_path / "a" / "kept", tmp_path / "b" / "kept")
    for file in (tmp_path / "b" / "kept").glob("[gs]*.npz"):  # of two experiments all is done again
        file.unlink()
    run(data, synthetic, tmp_path / "b")
    for file in sorted((tmp_path / "a").rglob("*.json")):
        if file.name != "timings.json":
            assert file.read_bytes() == (tmp_path / "b" / file.relative_to(tmp_path / "a")).read_bytes(), file.name
    report = json.loads((tmp_path / "a" / "report.json").read_text())
    models = report["experiments"]["grouped"]["models"]
    assert set(models) == {"baseline", "podlore"}
    assert models["podlore"]["scores"]["macro_f1"]["low"] <= models["podlore"]["scores"]["macro_f1"]["estimate"]
    comparison = report["experiments"]["grouped"]["comparisons"]["baseline - podlore"]
    assert {"macro_f1", "brier", "log_loss", "mcnemar_p", "five_by_two_p"} == set(comparison)
    assert np.sum(models["podlore"]["confusion"]) == len(data)
    assert set(models["podlore"]["calibrators"]) == {"plain", "temperature", "platt", "isotonic"}
    page = (tmp_path / "a" / "report.html").read_text()
    assert "leaks on purpose" in page
    assert not any(text.partition(" | ")[2][:60] in page for text in data.texts[:50])
    assert any(line.startswith("grouped") for line in lines)
    assert (tmp_path / "a" / "folds" / "grouped.podlore.fold-0.json").is_file()


def test_work_that_was_cut_off_is_resumed(data: Labelled, synthetic: Examples, tmp_path: Path) -> None:
    todo = tasks(data, ["halves"])[:2]
    with ThreadPoolExecutor(1) as executor:
        first = list(run_all(todo, data, synthetic, tmp_path, executor))

        class Refuses(ThreadPoolExecutor):
            def submit(self, *args, **kwargs):
                raise AssertionError("nothing is left to do")

        again = list(run_all(todo, data, synthetic, tmp_path, Refuses(1)))
    assert [task.name for task, _ in again] == [task.name for task in todo]
    assert all(
        np.array_equal(a.chances["plain"], b.chances["plain"]) for (_, a), (_, b) in zip(first, again, strict=True)
    )


def test_a_kept_result_of_other_rows_is_not_taken(data: Labelled, synthetic: Examples, tmp_path: Path) -> None:
    task = tasks(data, ["halves"])[0]
    with ThreadPoolExecutor(1) as executor:
        list(run_all([task], data, synthetic, tmp_path, executor))
        other = Task(
            task.recipe, type(task.fold)(task.fold.experiment, task.fold.name, task.fold.train, task.fold.test[:-5])
        )
        ((_, result),) = run_all([other], data, synthetic, tmp_path, executor)
    assert len(result.rows) == len(task.fold.test) - 5


def test_an_unknown_experiment_names_the_known_ones(data: Labelled) -> None:
    with pytest.raises(BadInput, match="no experiment grouppped; there are"):
        tasks(data, ["grouppped"])


def test_a_scheduler_that_is_not_there_is_named() -> None:
    pytest.importorskip("distributed")
    with (
        pytest.raises(Unavailable, match="no Dask scheduler at tcp"),
        executor_of(1, "tcp://127.0.0.1:9"),
    ):
        pass
