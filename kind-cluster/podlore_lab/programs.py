"""Where the control plane's programs are: a folder that was named, or the cache that `podlore_lab.build` fills."""

import os
from pathlib import Path

from podlore.errors import Unavailable

PROGRAMS = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubectl",
    "kwok",
    "helm",
    "prometheus",
)
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
    missing = [name for name in PROGRAMS if not os.access(Path(named) / name, os.X_OK)]
    if missing:
        raise Unavailable(f"{NAMED_FOLDER}={named} lacks {', '.join(missing)}; unset it to build them")
    return Path(named).absolute()


def programs() -> Path:
    """Return the folder of the programs."""
    named = named_programs()
    if named is None:
        raise Unavailable(f"set {NAMED_FOLDER}")
    return named
