"""Builds the control plane's programs from Go modules into the cache, once.

In comes a `Recipe`, out goes the folder with its programs. Cut off at any moment, the next call goes on where this one
stopped: a program is built under another name and renamed, what Go has compiled stays in Go's own cache. Two callers do
not build at once; the second waits and finds everything there.
"""

import fcntl
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from podlore.errors import Unavailable
from podlore_lab.cache import cache_root
from podlore_lab.disk_space import check_disk_space
from podlore_lab.recipe import Recipe, recipe
from podlore_lab.stamp import is_intact, write_stamp

LOG_TAIL_LINES = 3
DOWNLOADING = "go: downloading "
DISK_FULL = "no space left on device"


class Watcher(Protocol):
    """Is told how a build goes on; see `podlore_lab.build_progress`."""

    def waiting(self) -> None:
        """Hear that somebody else builds, and that their lock is waited for."""

    def module(self, name: str) -> None:
        """Hear of a module that is being downloaded."""

    def packages(self, program: str, done: int, total: int) -> None:
        """Hear how many of all packages are compiled, and which program's turn it is."""


class Silent:
    """A watcher that says nothing."""

    def waiting(self) -> None:
        """Say nothing."""

    def module(self, name: str) -> None:
        """Say nothing."""

    def packages(self, program: str, done: int, total: int) -> None:
        """Say nothing."""


def build(plan: Recipe | None = None, *, force: bool = False, watcher: Watcher | None = None) -> Path:
    """Build what is missing or broken, and return the folder of the programs.

    Parameters
    ----------
    plan
        The control plane's `recipe` by default.
    force
        Build everything again.
    watcher
        Is told about progress.

    Raises
    ------
    Unavailable
        If there is no Go, not enough disk, or a build fails; with the place of its log.
    """
    plan, watcher = plan or recipe(), watcher or Silent()
    folder = programs_folder(plan)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"{folder}: {error.strerror}; set PODLORE_CACHE to a folder of your own") from error
    with _locked(folder / "lock", watcher) as lock:
        if force:
            for name in plan.packages:
                (folder / name).unlink(missing_ok=True)
        missing = [name for name in plan.packages if not is_intact(folder / name, thorough=True)]
        if missing:
            _build_missing(plan, folder, missing, watcher, lock)
    return folder


def programs_folder(plan: Recipe) -> Path:
    """Return where this recipe's programs are or will be."""
    return cache_root() / "controlplane" / plan.digest


def built(plan: Recipe) -> Path | None:
    """Return the folder of this recipe's programs if all are there and intact, else None."""
    folder = programs_folder(plan)
    return folder if all(is_intact(folder / name) for name in plan.packages) else None


def _build_missing(plan: Recipe, folder: Path, missing: list[str], watcher: Watcher, lock: IO[str]) -> None:
    toolchain = plan.toolchain.ready()
    check_disk_space(folder, toolchain, n_missing=len(missing), n_programs=len(plan.packages))
    needed = {name: _dependencies(plan, name, folder / f"{name}.log", watcher) for name in missing}
    total, done = len(set().union(*needed.values())), set[str]()
    for name in missing:
        watcher.packages(name, len(done), total)
        part = folder / f"{name}.part"
        part.unlink(missing_ok=True)  # go writes over programs only, not over a half of one
        command = ["build", *plan.flags, "-v", f"-o={part}", plan.packages[name]]
        for line in _go(plan, command, folder / f"{name}.log", lock):
            if line in needed[name]:
                done.add(line)
                watcher.packages(name, len(done), total)
        part.replace(folder / name)
        write_stamp(folder / name)
        done |= needed[name]
        watcher.packages(name, len(done), total)


def _dependencies(plan: Recipe, name: str, log: Path, watcher: Watcher) -> set[str]:
    found = set()
    for line in _go(plan, ["list", *plan.flags, "-deps", plan.packages[name]], log):
        if line.startswith(DOWNLOADING):
            watcher.module(line.removeprefix(DOWNLOADING))
        else:
            found.add(line)
    return found


def _go(plan: Recipe, command: Iterable[str], log: Path, lock: IO[str] | None = None) -> Iterator[str]:
    """Run go in the module's folder; yield its lines while it runs, and keep them in a log."""
    process = subprocess.Popen(  # noqa: S603 -- the go command, arguments as a list
        [plan.toolchain.command, *command],
        cwd=plan.module,
        env=plan.toolchain.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        pass_fds=[lock.fileno()] if lock else [],  # should we be killed, go still holds the lock until it ends
    )
    try:
        with process, log.open("w") as copy:
            for line in process.stdout or ():
                copy.write(line)
                yield line.rstrip("\n")
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.returncode:
        raise _failure(log)


def _failure(log: Path) -> Unavailable:
    text = log.read_text().strip()
    if DISK_FULL in text:
        return Unavailable(f"the disk is full; what was built is kept, so free some space and run again (log: {log})")
    said = [line for line in text.splitlines() if " " in line]  # a line without a space is a package's name
    tail = " | ".join(said[-LOG_TAIL_LINES:]) or "go said nothing"
    return Unavailable(f"building {log.stem} failed: {tail} (log: {log})")


@contextmanager
def _locked(file: Path, watcher: Watcher) -> Iterator[IO[str]]:
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            watcher.waiting()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock
