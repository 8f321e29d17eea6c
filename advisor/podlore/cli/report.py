"""``podlore report``: an experiment's results as one HTML page."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    folder: Annotated[Path, typer.Argument(help="Folder with the results of podlore simulate EXPERIMENT.yaml.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Where to write the page; report.html in the folder.")
    ] = None,
) -> None:
    """Make one HTML page with plots and tables of an experiment, readable without a network.

    Example: podlore report backfill
    """
    from podlore.errors import BadInput
    from podlore.simulate.experiment.page import page

    path = out or folder / "report.html"
    text = page(folder)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror}") from None
    typer.echo(str(path))
