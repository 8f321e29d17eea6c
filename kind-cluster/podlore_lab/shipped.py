"""Files that ship beside the package: the Go module of the control plane, KWOK's Stages, the Helm chart.

In a checkout they lie in ``kind-cluster/``, beside the package, or at the root; an installed wheel carries them inside.
"""

from pathlib import Path

from podlore.errors import Unavailable

PACKAGE = Path(__file__).parent


def shipped_folder(name: str) -> Path:
    """Return the folder with this name.

    >>> (shipped_folder("controlplane") / "go.mod").is_file()
    True
    """
    for place in (PACKAGE / name, PACKAGE.parent / name, PACKAGE.parents[1] / name):
        if place.is_dir():
            return place
    raise Unavailable(f"no folder {name} beside {PACKAGE}; install podlore again or use a checkout")


def stage_files() -> list[Path]:
    """Return KWOK's Stage files, sorted by name."""
    return sorted(shipped_folder("stages").glob("*.yaml"))
