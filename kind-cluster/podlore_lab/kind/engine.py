"""The container engine as a command: docker, or podman, at the socket that was named.

Every other part of the lab on kind asks through `Engine`, so that an own daemon and the machine's are used alike.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from podlore.errors import Unavailable

TAIL_LINES = 3


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine; ``host`` is its socket's URL, empty for the machine's own."""

    command: str = "docker"
    host: str = ""

    def environment(self) -> dict[str, str]:
        """Return the environment in which docker, podman and kind ask this engine."""
        more = {"DOCKER_HOST": self.host} if self.host else {}
        if self.command == "podman":
            more["KIND_EXPERIMENTAL_PROVIDER"] = "podman"
        return {**os.environ, "DOCKER_BUILDKIT": "0", **more}

    def run(self, *arguments: str, stdin: IO[bytes] | None = None) -> str:
        """Return what the engine prints.

        Raises
        ------
        Unavailable
            With its last words, if it fails.
        """
        done = subprocess.run(  # noqa: S603 -- the engine's command, arguments as a list
            [self.command, *arguments],
            stdin=stdin or subprocess.DEVNULL,
            env=self.environment(),
            capture_output=True,
            check=False,
        )
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip() or done.stdout.decode(errors="replace").strip()
            raise Unavailable(f"{self.command} {arguments[0]} failed: {' | '.join(said.splitlines()[-TAIL_LINES:])}")
        return done.stdout.decode(errors="replace")

    def answers(self) -> bool:
        """Tell whether the engine answers."""
        try:
            self.run("version")
        except (Unavailable, OSError):
            return False
        return True

    def has_image(self, name: str) -> bool:
        """Tell whether an image is there."""
        try:
            self.run("image", "inspect", name)
        except Unavailable:
            return False
        return True

    def import_folder(self, folder: Path, name: str, *, changes: tuple[str, ...] = ()) -> None:
        """Make an image of one layer out of a folder, owned by root and free of what the kernel shows there."""
        tar = ["tar", "--owner=0", "--group=0", "--numeric-owner", "--sort=name"]
        tar += ["--exclude=./proc/*", "--exclude=./sys/*", "-C", str(folder), "-c", "."]
        with subprocess.Popen(tar, stdout=subprocess.PIPE) as packing:  # noqa: S603 -- tar, arguments as a list
            self.run(
                "import",
                *(word for change in changes for word in ("--change", change)),
                "-",
                name,
                stdin=packing.stdout,
            )
        if packing.returncode:
            raise Unavailable(f"{folder} could not be packed for {name}")


def machine_engine() -> Engine | None:
    """Return the engine that runs on this machine, docker before podman, or None."""
    engines = (Engine(command) for command in ("docker", "podman") if shutil.which(command))
    return next((engine for engine in engines if engine.answers()), None)


def engine_that_runs() -> Engine:
    """Return the engine that runs on this machine.

    Raises
    ------
    Unavailable
        If none does.
    """
    found = machine_engine()
    if found is None:
        raise Unavailable(
            "no Docker or podman answers here: start one, or let the lab start its own with --own-dockerd"
        )
    return found
