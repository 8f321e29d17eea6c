"""``podlore crds``: print, write or check the CustomResourceDefinitions, or print the reference of the API."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from podlore.errors import BadInput


class Task(StrEnum):
    """What to do."""

    PRINT = "print"
    WRITE = "write"
    CHECK = "check"
    REFERENCE = "reference"


def crds(
    task: Annotated[Task, typer.Argument(help="What to do.")] = Task.PRINT,
    folders: Annotated[list[Path] | None, typer.Argument(help="Folders to write to or to check.")] = None,
) -> None:
    """Print, write or check the CustomResourceDefinitions of podlore.

    [bold]podlore crds | kubectl apply --server-side -f -[/]   install them without Helm

    [bold]podlore crds write DIR...[/]                         write one file a kind

    [bold]podlore crds check DIR...[/]                         say whether the files there are these

    [bold]podlore crds reference[/]                            print the reference of all fields, as Markdown
    """
    match task:
        case Task.PRINT:
            typer.echo("---\n".join(definitions().values()), nl=False)
        case Task.REFERENCE:
            typer.echo(_reference(), nl=False)
        case Task.WRITE:
            for folder in _given(folders):
                write(folder)
        case Task.CHECK:
            for folder in _given(folders):
                check(folder)


def definitions() -> dict[str, str]:
    """Return the CRDs as YAML by file name."""
    from podlore_operator.api.crd_schema import crd
    from podlore_operator.api.v1alpha1 import KINDS

    return {f"{kind.presentation.plural}.yaml": _yaml(crd(kind)) for kind in KINDS}


def write(folder: Path) -> None:
    """Write the CRDs, one file each."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in definitions().items():
            (folder / name).write_text(text)
    except OSError as error:
        raise BadInput(f"cannot write to {folder}: {error.strerror}; choose a folder you can write to") from error


def check(folder: Path) -> None:
    """Raise `BadInput` unless the folder holds exactly these CRDs."""
    wanted = definitions()
    found = {path.name: path.read_text() for path in folder.glob("*.yaml")}
    wrong = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    if wrong:
        raise BadInput(f"{folder} is out of step in {', '.join(wrong)}; run: podlore crds write {folder}")


def _given(folders: list[Path] | None) -> list[Path]:
    if not folders:
        raise BadInput("no folder given; say for example: podlore crds write crds")
    return folders


def _reference() -> str:
    from podlore_operator.api.reference import reference

    return reference()


def _yaml(document: dict[str, object]) -> str:
    import yaml

    class Plain(yaml.SafeDumper):
        """Writes repeated parts out instead of pointing at the first."""

        def ignore_aliases(self, data: object) -> bool:
            return True

    text: str = yaml.dump(document, Dumper=Plain, sort_keys=False, width=120, allow_unicode=True)
    return f"# Made by `podlore crds write`; change podlore_operator/api instead.\n{text}"
