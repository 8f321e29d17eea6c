"""Is there room for a build? Asked before it starts, since a full disk after ten minutes helps nobody."""

import os
import shutil
from collections import defaultdict
from pathlib import Path

from podlore.errors import Unavailable
from podlore_lab.go_toolchain import GoToolchain

GIB = 2**30
# What a machine held that had built Kubernetes 1.37 for linux/amd64, rounded up.
PROGRAM_BYTES = 100 * 2**20
COMPILED_BYTES = int(4.5 * GIB)
MODULES_BYTES = 2 * GIB


def check_disk_space(folder: Path, toolchain: GoToolchain, *, n_missing: int, n_programs: int) -> None:
    """Return if the programs, Go's cache and the modules will fit.

    Raises
    ------
    Unavailable
        If they will not, with how much is needed and where.
    """
    caches = toolchain.settings("GOCACHE", "GOMODCACHE")
    share = n_missing / n_programs
    needed_bytes = {
        folder: PROGRAM_BYTES * n_missing,
        Path(caches["GOCACHE"]): int(COMPILED_BYTES * share),
        Path(caches["GOMODCACHE"]): int(MODULES_BYTES * share),
    }
    by_disk: dict[int, list[tuple[Path, int]]] = defaultdict(list)
    for place, wanted_bytes in needed_bytes.items():
        there = _nearest(place)
        by_disk[there.stat().st_dev].append((there, max(0, wanted_bytes - _size(place, wanted_bytes))))
    for places in by_disk.values():
        wanted_bytes = sum(wanted for _, wanted in places)
        free_bytes = shutil.disk_usage(places[0][0]).free
        if free_bytes < wanted_bytes:
            names = ", ".join(str(place) for place, wanted in places if wanted)
            raise Unavailable(
                f"building needs about {wanted_bytes / GIB:.1f} GiB, {free_bytes / GIB:.1f} GiB are free ({names}); "
                "free some, or set PODLORE_CACHE and GOCACHE to folders on a larger disk"
            )


def _nearest(place: Path) -> Path:
    return place if place.exists() else _nearest(place.parent)


def _size(folder: Path, enough_bytes: int) -> int:
    """Return how much lies in a folder; counting stops where it is enough."""
    total_bytes = 0
    for parent, _, files in os.walk(folder):
        total_bytes += sum(entry.stat().st_size for entry in map(Path(parent).joinpath, files) if entry.is_file())
        if total_bytes >= enough_bytes:
            break
    return total_bytes
