"""What a container engine and kind change on the host: written down before, compared and put back after.

`record` looks, `differences` and `undo_rules` are pure, `restore` acts. Only what is new since the record and bears an
engine's mark is taken away; what others changed meanwhile stays, and is told by `differences`.
"""

import json
import os
import shlex
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from podlore_lab.process_id import ProcessId
from podlore_lab.waiting import wait_for

SYSCTLS = Path("/proc/sys")
SYSCTL_FOLDERS = ("kernel", "vm", "net/ipv4", "net/ipv6", "net/bridge", "net/netfilter")
# These move by themselves, whoever runs.
RESTLESS = (
    "kernel/random/",
    "kernel/ns_last_pid",
    "kernel/pty/nr",
    "nf_conntrack_count",
    "/flush",
    "kernel/sched_domain",
)
RUNTIMES = ("containerd", "containerd-shim", "docker-proxy", "dockerd", "kubelet", "kube-proxy", "runc")
CGROUPS = Path("/sys/fs/cgroup")
GROUPS = ("docker", "kubelet", "kubepods", "libpod")
MARKS = ("DOCKER", "br-", "docker0", "KUBE-", "172.30.")
TABLES = ("filter", "nat", "mangle", "raw")


@dataclass(frozen=True, slots=True)
class HostState:
    """What was seen of the host; ``rules`` by family and table, ``sysctls`` by path below ``/proc/sys``."""

    processes: tuple[str, ...] = ()
    mounts: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    rules: Mapping[str, tuple[str, ...]] | None = None
    sysctls: Mapping[str, str] | None = None
    cgroups: tuple[str, ...] = ()

    def write(self, file: Path) -> None:
        """Write it down in one move."""
        draft = file.with_name(f"{file.name}.part")
        draft.write_text(json.dumps(asdict(self), indent=1))
        draft.replace(file)

    @classmethod
    def read(cls, file: Path) -> "HostState":
        """Return what was written down."""
        said = json.loads(file.read_text())
        rules = {table: tuple(lines) for table, lines in said.pop("rules").items()}
        sysctls = said.pop("sysctls")
        return cls(**{key: tuple(lines) for key, lines in said.items()}, rules=rules, sysctls=sysctls)


def record() -> HostState:
    """Return the state of this host."""
    return HostState(
        processes=tuple(sorted(_runtimes())),
        mounts=tuple(sorted(line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines())),
        links=tuple(sorted(link["ifname"] for link in json.loads(_said("ip", "-json", "link") or "[]"))),
        routes=tuple(sorted(_said("ip", "route").splitlines())),
        rules={f"{tool} {table}": _rules(tool, table) for tool in ("iptables", "ip6tables") for table in TABLES},
        sysctls=dict(_sysctls()),
        cgroups=tuple(sorted(_cgroups())),
    )


def differences(before: HostState, after: HostState) -> list[str]:
    """Return what differs, a line each; nothing if the host is as it was.

    >>> differences(HostState(links=("lo",)), HostState(links=("br-1", "lo")))
    ['links: + br-1']
    """
    found = []
    for name in ("processes", "mounts", "links", "routes", "cgroups"):
        found += _changes(name, getattr(before, name), getattr(after, name))
    old_rules, new_rules = before.rules or {}, after.rules or {}
    for table in sorted({*old_rules, *new_rules}):
        found += _changes(table, old_rules.get(table, ()), new_rules.get(table, ()))
    old, new = before.sysctls or {}, after.sysctls or {}
    found += [
        f"sysctl {key}: {old[key]!r} is {new[key]!r}" for key in sorted(old.keys() & new.keys()) if old[key] != new[key]
    ]
    return found


def undo_rules(tool_and_table: str, before: Iterable[str], after: Iterable[str]) -> list[list[str]]:
    """Return the commands that take an engine's new rules, chains and policies out of a table.

    >>> before = ("-P FORWARD ACCEPT",)
    >>> undo_rules("iptables nat", before, ("-P FORWARD DROP", "-N DOCKER", "-A POSTROUTING -o br-1 -j DOCKER"))
    ... # doctest: +NORMALIZE_WHITESPACE
    [['iptables', '-t', 'nat', '-D', 'POSTROUTING', '-o', 'br-1', '-j', 'DOCKER'],
     ['iptables', '-t', 'nat', '-F', 'DOCKER'], ['iptables', '-t', 'nat', '-X', 'DOCKER'],
     ['iptables', '-t', 'nat', '-P', 'FORWARD', 'ACCEPT']]
    """
    tool, table = tool_and_table.split()
    old, new = Counter(before), Counter(after)
    lines = [shlex.split(line) for line in (new - old) if any(mark in line for mark in MARKS)]
    commands = [["-D", *line[1:]] for line in lines if line[0] == "-A"]
    chains = [line[1] for line in lines if line[0] == "-N"]
    commands += [["-F", chain] for chain in chains] + [["-X", chain] for chain in chains]
    commands += [shlex.split(line) for line in (old - new) if line.startswith("-P ")]
    return [[tool, "-t", table, *command] for command in commands]


def restore(before: HostState, *, folder: Path, own_engine: bool) -> list[str]:
    """Put back what differs, and return what still does.

    Parameters
    ----------
    folder
        Where an own engine keeps and mounts things; what mounts or runs there is the lab's.
    own_engine
        Whether the engine was the lab's own: then its rules, bridges and groups go as well. The machine's own engine
        takes care of those itself, and of others' containers.
    """
    if own_engine:
        _end_leftovers(folder)
        for mount in reversed(record().mounts):
            if mount not in before.mounts and Path(mount).is_relative_to(folder):
                _said("umount", "--lazy", mount)
        after = record()
        for table, lines in (after.rules or {}).items():
            for command in undo_rules(table, (before.rules or {}).get(table, ()), lines):
                _said(*command)
        for link in set(after.links) - set(before.links):
            if link.startswith(("br-", "docker0")):
                _said("ip", "link", "delete", link)
        for group in sorted(set(after.cgroups) - set(before.cgroups), reverse=True):
            with suppress(OSError):  # only one that nobody uses can be removed
                Path(group).rmdir()
    _restore_sysctls(before, record())
    return differences(before, record())


def _end_leftovers(folder: Path) -> None:
    """End what a killed engine left running, known by its own folder on the command line."""
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = line.read_bytes().split(b"\0")
            name = Path(words[0].decode(errors="replace")).name
            if name.startswith(RUNTIMES) and any(os.fsencode(folder) in word for word in words[1:]):
                who = ProcessId.of(int(line.parent.name))
                if who is not None and who.send(signal.SIGKILL):
                    wait_for(partial(_is_gone, who), f"{name} (pid {who.pid}) to end")


def _is_gone(who: ProcessId) -> bool:
    return not who.is_alive()


def _restore_sysctls(before: HostState, after: HostState) -> None:
    old, new = before.sysctls or {}, after.sysctls or {}
    # Forwarding first: setting it resets others.
    for key in sorted(old.keys() & new.keys(), key=lambda key: (not key.endswith("forward"), key)):
        path = SYSCTLS / key
        with suppress(OSError):
            if path.read_text().strip() != old[key]:
                path.write_text(old[key])


def _changes(name: str, before: Iterable[str], after: Iterable[str]) -> list[str]:
    old, new = Counter(before), Counter(after)
    return [f"{name}: - {line}" for line in sorted(old - new)] + [f"{name}: + {line}" for line in sorted(new - old)]


def _rules(tool: str, table: str) -> tuple[str, ...]:
    """Return rules, chains of somebody's own, and policies; a table that was never touched reads like an empty one."""
    lines = _said(tool, "-t", table, "-S").splitlines()
    return tuple(
        line for line in lines if not (line.startswith("-P ") and line.endswith(" ACCEPT")) or table == "filter"
    )


def _runtimes() -> Iterator[str]:
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            name = (folder / "comm").read_text().strip()
            ended = (folder / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
            if name.startswith(RUNTIMES) and not ended:
                yield f"{name} {folder.name}"


def _sysctls() -> Iterator[tuple[str, str]]:
    for folder in SYSCTL_FOLDERS:
        for parent, _, files in os.walk(SYSCTLS / folder):
            for path in (Path(parent) / file for file in files):
                key = str(path.relative_to(SYSCTLS))
                if any(each in key for each in RESTLESS) or not path.stat().st_mode & 0o400:
                    continue
                with suppress(OSError, UnicodeDecodeError):
                    yield key, path.read_text().strip()


def _cgroups() -> Iterator[str]:
    """Yield the groups that engines and kubelets make: others come and go with whatever else runs."""
    for parent, folders, _ in os.walk(CGROUPS):
        yield from (str(Path(parent) / each) for each in folders if any(name in f"{parent}/{each}" for name in GROUPS))


def _said(*command: str) -> str:
    """Return what a command prints; nothing where it is not installed or fails."""
    if shutil.which(command[0]) is None:
        return ""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603 -- fixed commands
