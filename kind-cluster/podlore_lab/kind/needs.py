"""What kind needs of a machine, looked for before anything is changed: a line for each thing missing, with the way out.

`Machine` is what was seen, `missing` the pure judgement, `look` the eye.
"""

import ipaddress
import json
import os
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from podlore_lab.cache import cache_root
from podlore_lab.disk_space import GIB

SUBNET = ipaddress.ip_network("172.30.0.0/16")
NODE_IMAGE_BYTES = 9 * GIB
CLUSTER_BYTES = 4 * GIB
CONTROLLERS = frozenset({"cpu", "cpuset", "devices", "memory", "pids"})
SYS_ADMIN, NET_ADMIN, SYS_RESOURCE = 21, 12, 24
ENGINE_PROGRAMS = {"dockerd": "docker.io", "iptables": "iptables", "ip": "iproute2"}
BUILD_PROGRAMS = {"debootstrap": "debootstrap", "tar": "tar", "chroot": "coreutils"}


@dataclass(frozen=True, slots=True)
class Machine:
    """What was seen of a machine; ``capabilities`` is the bounding set as a number, ``taken`` what is routed."""

    is_root: bool
    capabilities: int
    controllers: frozenset[str]
    programs: frozenset[str]
    free_bytes: int
    taken: tuple[str, ...] = ()

    def may(self, capability: int) -> bool:
        """Tell whether a capability is in the bounding set."""
        return bool(self.capabilities >> capability & 1)


def missing(machine: Machine, *, own_dockerd: bool, build: bool) -> list[str]:
    """Return what is missing for a cluster, a line each; nothing if all is there.

    >>> everything = frozenset({*ENGINE_PROGRAMS, *BUILD_PROGRAMS})
    >>> machine = Machine(True, 2**41 - 1, CONTROLLERS, everything, 20 * GIB, ("172.30.4.0/24",))
    >>> missing(machine, own_dockerd=True, build=False)
    ['the addresses 172.30.0.0/16 are in use (172.30.4.0/24): end what uses them, or use the Docker that runs']
    """
    found = []
    if own_dockerd and not machine.is_root:
        found.append(
            "not root: an own dockerd mounts and makes bridges; run as root, or start Docker and drop --own-dockerd"
        )
    if build and not machine.is_root:
        found.append("not root: debootstrap makes device files; run `podlore lab node-image` as root")
    if own_dockerd and machine.is_root and not (machine.may(SYS_ADMIN) and machine.may(NET_ADMIN)):
        found.append("no CAP_SYS_ADMIN or CAP_NET_ADMIN: this is a container without privileges; run outside of it")
    if absent := CONTROLLERS - machine.controllers:
        found.append(f"no cgroup controllers {', '.join(sorted(absent))}: mount /sys/fs/cgroup, or boot with cgroup v2")
    wanted = {**(ENGINE_PROGRAMS if own_dockerd else {}), **(BUILD_PROGRAMS if build else {})}
    if lacking := {program: package for program, package in wanted.items() if program not in machine.programs}:
        packages = " ".join(sorted(set(lacking.values())))
        found.append(f"no {', '.join(sorted(lacking))}: apt-get install -y {packages}")
    needed_bytes = NODE_IMAGE_BYTES if build else CLUSTER_BYTES
    if machine.free_bytes < needed_bytes:
        found.append(
            f"{machine.free_bytes / GIB:.1f} GiB free, about {needed_bytes / GIB:.0f} GiB needed: "
            "free some, or set PODLORE_CACHE to a folder on a larger disk"
        )
    if own_dockerd and machine.taken:
        found.append(
            f"the addresses {SUBNET} are in use ({', '.join(machine.taken)}): "
            "end what uses them, or use the Docker that runs"
        )
    return found


def look() -> Machine:
    """Return what this machine has."""
    programs = (*ENGINE_PROGRAMS, *BUILD_PROGRAMS)
    return Machine(
        is_root=os.geteuid() == 0,
        capabilities=_bounding_set(),
        controllers=frozenset(_controllers()),
        programs=frozenset(program for program in programs if shutil.which(program, path=search_path())),
        free_bytes=shutil.disk_usage(_nearest(cache_root())).free,
        taken=tuple(_taken()),
    )


def search_path() -> str:
    """Return where programs of an administrator are found, also where ``PATH`` leaves them out."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def _bounding_set() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapBnd:"):
            return int(line.split()[1], 16)
    return 0


def _controllers() -> list[str]:
    unified = Path("/sys/fs/cgroup/cgroup.controllers")
    if unified.is_file():  # cgroup v2: the kernel has no controller for devices, it uses programs
        return [*unified.read_text().split(), "devices"]
    return [name for name in CONTROLLERS if Path(f"/sys/fs/cgroup/{name}").is_dir()]


def _taken() -> list[str]:
    asked = (
        subprocess.run(  # noqa: S603 -- iproute2
            [shutil.which("ip", path=search_path()) or "/sbin/ip", "-json", "route"], capture_output=True, check=False
        )
        if shutil.which("ip", path=search_path())
        else None
    )
    found = []
    for route in json.loads(asked.stdout or "[]") if asked else []:
        with suppress(ValueError):
            network = ipaddress.ip_network(route["dst"])
            if network.version == SUBNET.version and network.prefixlen and network.overlaps(SUBNET):
                found.append(str(network))
    return found


def _nearest(place: Path) -> Path:
    return place if place.exists() else _nearest(place.parent)
