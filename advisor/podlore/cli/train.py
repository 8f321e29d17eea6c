"""``podlore train``: make an event classifier from generated events, and write it as a model folder."""

from pathlib import Path
from typing import Annotated

import typer


def train(
    to: Annotated[Path, typer.Option(help="The model folder to write.")] = Path("models/event-classifier"),
    seed: Annotated[int, typer.Option(help="Seed of the generated events.")] = 0,
    incidents: Annotated[int, typer.Option(min=200, help="How many incidents to generate.")] = 2_000,
) -> None:
    """Train the event classifier on generated events and logs.

    The same seed and size give the same model file, byte by byte, with the same library versions.

    [bold]podlore train[/]                             renew the model of a source tree

    [bold]podlore train --to /tmp/mine --seed 7[/]     make another one; use it with classify --model /tmp/mine
    """
    from rich.console import Console
    from rich.status import Status

    from podlore.classify.model_file import save
    from podlore.classify.training import rows_of_generated
    from podlore.classify.training import train as train_rows
    from podlore.classify.versions import library_versions
    from podlore.events.generator import fingerprint, generate

    console = Console(stderr=True)
    with Status("generating events", console=console) as status:
        generated = list(generate(seed, incidents))
        rows = list(rows_of_generated(generated, seed))
        status.update(f"training on {len(rows):,} rows, once for each fold and once for all")
        trained = train_rows(rows)
        data = {"generator": {"seed": seed, "incidents": incidents, "sha256": fingerprint(generated)}}
        manifest = save(trained.classifier, to, {**trained.facts, "data": data, "libraries": library_versions()})
    held_out = manifest["held_out_families"]
    typer.echo(f"{to}: {manifest['rows']:,} rows, {manifest['bytes']:,} bytes, SHA-256 {manifest['sha256'][:12]}")
    typer.echo(f"on generated families never trained on: macro-F1 {held_out['macro_f1']}, Brier {held_out['brier']}")
    typer.echo("that says little about real messages: see the model card")
