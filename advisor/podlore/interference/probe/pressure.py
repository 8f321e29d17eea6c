"""Stalls that the kernel counts: PSI of the node and, by cgroup, of each pod. No permission is needed to read them.

References
----------
https://docs.kernel.org/accounting/psi.html: ``some`` is the time in which at least one task waited for the resource.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from podlore.interference.probe.feasibility import cgroup_roots

RESOURCES = ("cpu", "memory", "io")
POD_CGROUP = re.compile(r"pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12})")
LINE = re.compile(r"(some|full) avg10=([\d.]+) avg60=([\d.]+) avg300=([\d.]+) total=(\d+)")
CGROUPS_MAX = 20_000
V2_FILES = ("cgroup.controllers", "io.pressure")
"""What tells a cgroup of v2 from those of v1 beside it, whose numbers mean something else."""


@dataclass(frozen=True, slots=True)
class Pressure:
    """How long tasks waited: ``pod_uid`` is empty for the node. Shares (0-1) of the last 10 s, and all seconds ever."""

    pod_uid: str
    resource: str
    kind: str
    share_10s: float
    seconds_total: float


def pressures(root: Path = Path("/")) -> Iterator[Pressure]:
    """Yield the node's stalls, then those of each pod whose cgroup is found."""
    for resource in RESOURCES:
        yield from _read(root / "proc/pressure" / resource, "", resource)
    for folder, uid in pod_cgroups(root):
        for resource in RESOURCES:
            yield from _read(folder / f"{resource}.pressure", uid, resource)


def pod_cgroups(root: Path = Path("/")) -> Iterator[tuple[Path, str]]:
    """Yield the folder of each pod's cgroup (v2) with the pod's uid, once each where one mount is inside the other."""
    folders = (folder for top in cgroup_roots(root) for folder in islice(sorted(top.glob("**/*pod*")), CGROUPS_MAX))
    for folder in dict.fromkeys(folders):
        found = POD_CGROUP.search(folder.name)
        if found and any((folder / name).exists() for name in V2_FILES):
            yield folder, found[1].replace("_", "-")


def _read(path: Path, pod_uid: str, resource: str) -> Iterator[Pressure]:
    try:
        text = path.read_text()
    except OSError:
        return
    for kind, share, _, _, microseconds in LINE.findall(text):
        yield Pressure(pod_uid, resource, kind, float(share) / 100, int(microseconds) / 1e6)
