"""``podlore train``: make an event classifier from generated events, and write it as a model folder."""

from pathlib import Path
from typing import Annotated, Any

import typer


def train(
    to: Annotated[Path, typer.Option(help="The model folder to write.")] = Path("models/event-classifier"),
    seed: Annotated[int, typer.Option(help="Seed of the generated events.")] = 0,
    incidents: Annotated[int, typer.Option(min=200, help="How many incidents to generate.")] = 2_000,
    labelled: Annotated[
        Path | None, typer.Option(help="CSV of labelled messages; its rows under Apache-2.0 are trained on as well.")
    ] = None,
) -> None:
    """Train the event classifier on generated events and logs, and on labelled ones whose licence allows it.

    The same seed, size and file give the same model, byte by byte, with the same library versions.

    [bold]podlore train --labelled real_logs.csv[/]    renew the model of a source tree

    [bold]podlore train --to /tmp/mine --seed 7[/]     make another one; use it with classify --model /tmp/mine
    """
    from rich.console import Console
    from rich.status import Status

    from podlore.classify.cause_training import marked_of_generated
    from podlore.classify.cause_training import train as train_causes
    from podlore.classify.evaluation.labelled import OPEN_LICENCE, read_labelled
    from podlore.classify.model_file import CAUSES, save, save_state
    from podlore.classify.training import rows_of_generated, rows_of_labelled
    from podlore.classify.training import train as train_rows
    from podlore.classify.versions import library_versions
    from podlore.events.generator import fingerprint, generate

    console = Console(stderr=True)
    with Status("generating events", console=console) as status:
        generated = list(generate(seed, incidents))
        rows = list(rows_of_generated(generated, seed))
        data: dict[str, Any] = {"generator": {"seed": seed, "incidents": incidents, "sha256": fingerprint(generated)}}
        found = read_labelled(labelled) if labelled else None
        real = list(rows_of_labelled(found)) if found else []
        data |= {"labelled": {"sha256": found.sha256, "licence": OPEN_LICENCE, "rows": len(real)}} if found else {}
        status.update(f"training on {len(rows) + len(real):,} rows, once for each fold and once for all")
        trained = train_rows(rows, real)
        manifest = save(trained.classifier, to, {**trained.facts, "data": data, "libraries": library_versions()})
        status.update("training the marker of causes")
        marker, found_causes = train_causes(list(marked_of_generated(generated)))
        save_state(
            {"weights": marker.weights, "ease": marker.ease},
            to / CAUSES,
            {**found_causes, "data": {"generator": data["generator"]}},
        )
    held_out = manifest["held_out_families"]
    counts = f"{manifest['rows']:,} generated and {manifest['real']['rows']:,} real rows"
    typer.echo(f"{to}: {counts}, {manifest['bytes']:,} bytes, SHA-256 {manifest['sha256'][:12]}")
    typer.echo(
        f"on families of {held_out['of']} never trained on: macro-F1 {held_out['macro_f1']}, Brier {held_out['brier']}"
    )
    held = found_causes["held_out"]
    typer.echo(
        f"causes in patterns never trained on: F1 of words {held['tokens']['f1']}, of spans {held['spans']['f1']}"
    )
    typer.echo("measure it on other messages with: podlore evaluate")
