"""Where the control plane's programs are: a folder that was named, or the cache that `podlore_lab.build` fills."""

import os
from pathlib import Path

from podlore.errors import Unavailable
from podlore_lab.build import build, built
from podlore_lab.recipe import PACKAGES, recipe

NAMED_FOLDER = "PODLORE_CONTROLPLANE_BIN"


def named_programs() -> Path | None:
    """Return the folder of ready programs that ``$PODLORE_CONTROLPLANE_BIN`` names, None if it is not set.

    Raises
    ------
    Unavailable
        If one of the programs is not in it.
    """
    named = os.environ.get(NAMED_FOLDER)
    if not named:
        return None
    missing = [name for name in PACKAGES if not os.access(Path(named) / name, os.X_OK)]
    if missing:
        raise Unavailable(f"{NAMED_FOLDER}={named} lacks {', '.join(missing)}; unset it to build them")
    return Path(named).absolute()


def programs() -> Path:
    """Return the folder of the programs, built first where they are missing.

    Raises
    ------
    Unavailable
        If they cannot be built.
    """
    return named_programs() or built(recipe()) or _build_visibly()


def _build_visibly() -> Path:
    from podlore_lab.build_progress import BuildProgress  # noqa: PLC0415 -- rich is for those who build

    with BuildProgress() as watcher:
        return build(watcher=watcher)
