"""What is run: every recipe on every split it is compared on, as independent tasks that can be spread and resumed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from podlore.classify.evaluation import folds
from podlore.classify.evaluation.fold_run import Examples, FoldResult, run_fold
from podlore.classify.evaluation.folds import Fold
from podlore.classify.evaluation.labelled import Labelled
from podlore.classify.evaluation.recipe import RECIPES
from podlore.classify.models import minilm
from podlore.errors import BadInput, Unavailable

EXPERIMENTS: Mapping[str, tuple[str, ...]] = {
    "synthetic-to-real": ("baseline+synthetic", "podlore", "lightgbm"),
    "grouped": (
        *("baseline", "minilm", "terms", "podlore", "shipped", "lightgbm"),
        *("podlore-unweighted", "podlore-thinned"),
    ),
    "leave-one-source-out": ("baseline", "podlore"),
    "rows-leaky": ("baseline", "podlore"),
    "halves": ("baseline", "minilm", "terms", "podlore", "shipped", "lightgbm"),
}
"""Which recipes are compared on which split."""

CALIBRATED = frozenset({"synthetic-to-real", "grouped"})


@dataclass(frozen=True)
class Task:
    """One recipe on one fold."""

    recipe: str
    fold: Fold

    @property
    def name(self) -> str:
        """A name that is a file's."""
        return f"{self.fold.experiment}.{self.recipe}.{self.fold.name.replace('/', '_')}"


def tasks(
    data: Labelled, experiments: Sequence[str] = tuple(EXPERIMENTS), recipes: Sequence[str] | None = None
) -> list[Task]:
    """Return all tasks of some experiments, in the order of the table; of some recipes where they are named."""
    makers = {
        "synthetic-to-real": folds.whole,
        "grouped": folds.by_family,
        "leave-one-source-out": folds.by_collection,
        "rows-leaky": folds.by_row,
        "halves": folds.in_halves,
    }
    unknown = set(experiments) - set(makers)
    if unknown:
        raise BadInput(f"no experiment {', '.join(sorted(unknown))}; there are: {', '.join(makers)}")
    unknown = set(recipes or ()) - set(RECIPES)
    if unknown:
        raise BadInput(f"no recipe {', '.join(sorted(unknown))}; there are: {', '.join(RECIPES)}")
    return [
        Task(recipe, fold)
        for experiment in experiments
        for fold in makers[experiment](data)
        for recipe in EXPERIMENTS[experiment]
        if recipe in (recipes or RECIPES) and (recipe != "minilm" or minilm.is_there())
    ]


def run_all(
    todo: Sequence[Task], data: Labelled, synthetic: Examples, folder: Path, executor: Executor
) -> Iterator[tuple[Task, FoldResult]]:
    """Yield the result of every task as it comes, those kept in ``folder`` by an earlier run first."""
    waiting: dict[Future[FoldResult], Task] = {}
    for task in todo:
        kept = _kept(folder, task)
        if kept is not None:
            yield task, kept
        else:
            calibrated = task.fold.experiment in CALIBRATED
            waiting[executor.submit(run_fold, task.recipe, task.fold, data, synthetic, calibrated)] = task
    for done in as_completed(waiting):
        task, result = waiting[done], done.result()
        _keep(folder, task, result)
        yield task, result


@contextmanager
def executor_of(jobs: int, dask: str = "") -> Iterator[Executor]:
    """Lend processes of this machine, or the workers of a Dask cluster; all work is dropped when it is left early."""
    if not dask:
        from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415

        pool = ProcessPoolExecutor(jobs)
        try:
            yield pool
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        return
    try:
        from distributed import Client  # noqa: PLC0415 - of the extra ``simulate``

        client = Client(dask, timeout="20s")
    except ModuleNotFoundError:
        raise Unavailable("--dask needs Dask: pip install 'podlore[simulate]'") from None
    except OSError as error:
        raise Unavailable(f"no Dask scheduler at {dask} ({error}): start one with: dask scheduler") from None
    with client:
        yield client.get_executor(pure=False)


def _file(folder: Path, task: Task) -> Path:
    return folder / f"{task.name}.npz"


def _keep(folder: Path, task: Task, result: FoldResult) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    temporary = _file(folder, task).with_suffix(".part.npz")
    chances: dict[str, Any] = {f"chances.{name}": values for name, values in result.chances.items()}
    np.savez_compressed(
        temporary,
        rows=result.rows,
        thresholds=result.thresholds,
        facts=np.array(json.dumps(result.facts, sort_keys=True)),
        times=np.array(json.dumps(result.times)),
        **chances,
    )
    temporary.replace(_file(folder, task))


def _kept(folder: Path, task: Task) -> FoldResult | None:
    """Return a result of an earlier run, unless it is of other rows."""
    try:
        with np.load(_file(folder, task), allow_pickle=False) as kept:
            if not np.array_equal(kept["rows"], task.fold.test):
                return None
            chances = {name.removeprefix("chances."): kept[name] for name in kept.files if name.startswith("chances.")}
            facts = json.loads(str(kept["facts"]))
            return FoldResult(kept["rows"], chances, kept["thresholds"], facts, json.loads(str(kept["times"])))
    except (OSError, ValueError, KeyError):
        return None
