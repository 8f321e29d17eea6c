"""The client's side of `podlore_lab.supervisor`: start the processes of one lab, look whether they run, let them go."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from podlore.errors import Unavailable
from podlore_lab.process_id import ProcessId
from podlore_lab.supervisor import STATE_FILE

LOG_TAIL_LINES = 3


@dataclass(frozen=True, slots=True)
class Command:
    """A program to run in the background of a lab; its output goes to ``logs/<name>.log``."""

    name: str
    argv: Sequence[str]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a lab's supervisor wrote down: who it is, whom it started, and who ended with which status."""

    supervisor: ProcessId | None
    children: Mapping[str, ProcessId]
    exits: Mapping[str, int]

    @property
    def everyone(self) -> list[ProcessId]:
        """All processes, the supervisor first."""
        return [*([self.supervisor] if self.supervisor else []), *self.children.values()]


def read_recorded(folder: Path) -> Recorded | None:
    """Return what the supervisor of this folder wrote down, None if there is nothing to be read."""
    try:
        state = json.loads((folder / STATE_FILE).read_text())
        supervisor = state["supervisor"]
        return Recorded(
            supervisor=ProcessId(**supervisor) if supervisor else None,
            children={name: ProcessId(**who) for name, who in state["children"].items()},
            exits=state["exits"],
        )
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise Unavailable(f"{folder / STATE_FILE} cannot be read ({error}); end its processes by hand") from error


class Processes:
    """A running supervisor; as a context manager it ends everything, unless it was detached before."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "logs").mkdir(exist_ok=True)
        with self.log("supervisor").open("ab") as errors:
            self._supervisor = subprocess.Popen(  # noqa: S603 -- our own module
                [sys.executable, "-m", "podlore_lab.supervisor", str(folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd="/",
                start_new_session=True,  # Ctrl-C is for the client; the children end in order
            )

    def log(self, name: str) -> Path:
        """Return the file with a process's output."""
        return self.folder / "logs" / f"{name}.log"

    def start(self, command: Command) -> None:
        """Start a program.

        Raises
        ------
        Unavailable
            If it cannot be executed.
        """
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.folder), "TZ": "UTC"}
        argv = [str(word) for word in command.argv]
        self._ask(do="start", name=command.name, argv=argv, environment=environment, log=str(self.log(command.name)))

    def check(self, name: str) -> None:
        """Return if a process still runs.

        Raises
        ------
        Unavailable
            If it has ended, with the last lines of its log.
        """
        recorded = read_recorded(self.folder)
        if recorded is None or name in recorded.exits or not recorded.children[name].is_alive():
            raise Unavailable(f"{name} has ended: {self.tail(name)}")

    def tail(self, name: str) -> str:
        """Return the last lines of a log on one line."""
        lines = self.log(name).read_text(errors="replace").strip().splitlines()
        return " | ".join(lines[-LOG_TAIL_LINES:]) or "it said nothing"

    def detach(self) -> None:
        """Let everything run on after this program has ended."""
        self._ask(do="detach")
        self._close()

    def stop(self) -> None:
        """End every process and remove the folder; return when all are gone."""
        self._close()
        self._supervisor.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _close(self) -> None:
        for pipe in (self._supervisor.stdin, self._supervisor.stdout):
            if pipe is not None:
                pipe.close()

    def _ask(self, **request: object) -> None:
        requests, answers = self._supervisor.stdin, self._supervisor.stdout
        if requests is None or answers is None:
            raise AssertionError
        try:
            requests.write(json.dumps(request).encode() + b"\n")
            requests.flush()
            line = answers.readline()
        except (BrokenPipeError, ValueError):
            line = b""
        answer = json.loads(line) if line else {"error": f"the lab's supervisor has ended: {self.tail('supervisor')}"}
        if "error" in answer:
            raise Unavailable(answer["error"])
