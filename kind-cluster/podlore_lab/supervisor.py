"""The one parent of a lab's processes; it ends them all, whatever happens to whoever asked for them.

`podlore_lab.processes` runs it as ``python -m podlore_lab.supervisor FOLDER`` and speaks with it in lines of JSON over
its standard input and output. Until it is told to ``detach`` it lives as long as that pipe: if its client ends in
whatever way, it stops every child and removes the folder. Detached, it lives until SIGTERM. Should it be killed
itself, the kernel kills its children (PR_SET_PDEATHSIG). It imports little, so that it starts at once.
"""

import contextlib
import ctypes
import json
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from podlore_lab.process_id import ProcessId

PR_SET_PDEATHSIG = 1
GRACE_SECONDS = 0.5  # the data is thrown away: a server that waits for its watchers is not waited for
STATE_FILE = "processes.json"


class Supervisor:
    """Starts and ends processes; what runs is always written down in the folder's ``processes.json``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.exits: dict[str, int] = {}
        self.is_attached = True
        self._tie = _tie_to(os.getpid())

    def handle(self, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out one request of the client and return the answer."""
        match request["do"]:
            case "start":
                return self._start(request["name"], request["argv"], request["environment"], Path(request["log"]))
            case "detach":
                self.is_attached = False
                return {}
            case other:
                return {"error": f"unknown request {other!r}"}

    def _start(self, name: str, argv: list[str], environment: dict[str, str], log: Path) -> dict[str, Any]:
        try:
            with log.open("ab") as output:
                child = subprocess.Popen(  # noqa: S603 -- the client is ourselves
                    argv,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd=self.folder,
                    env=environment,
                    preexec_fn=self._tie,  # noqa: PLW1509 -- this process has one thread
                )
        except OSError as error:
            return {"error": f"{argv[0]}: {error.strerror}"}
        self.children[name] = child
        self.exits.pop(name, None)
        self.write_down()
        return {"pid": child.pid}

    def reap(self) -> None:
        """Write down which children have ended by themselves."""
        ended = {name: child.returncode for name, child in self.children.items() if child.poll() is not None}
        if ended.keys() - self.exits.keys():
            self.exits.update(ended)
            self.write_down()

    def write_down(self) -> None:
        """Write who runs, in one move: a reader never sees half a file."""
        children = [(name, ProcessId.of(child.pid)) for name, child in self.children.items()]
        state = {
            "supervisor": _fields(ProcessId.of(os.getpid())),
            "children": {name: _fields(who) for name, who in children if who is not None},
            "exits": self.exits,
        }
        draft = self.folder / f"{STATE_FILE}.draft"
        draft.write_text(json.dumps(state, indent=1))
        draft.replace(self.folder / STATE_FILE)

    def stop(self) -> None:
        """End every child, asking first, and remove the folder."""
        running = [child for child in self.children.values() if child.poll() is None]
        for child in reversed(running):
            child.terminate()
        for child in reversed(running):
            try:
                child.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def _tie_to(parent: int) -> Callable[[], None]:
    """Return what a child runs before its program: the kernel shall kill it when ``parent`` is gone."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def tie() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it was gone before the kernel knew
            os._exit(1)

    return tie


def _fields(who: ProcessId | None) -> dict[str, int | str] | None:
    return None if who is None else {"pid": who.pid, "started_ticks": who.started_ticks, "boot": who.boot}


def serve(supervisor: Supervisor, requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer requests until the client is gone (while attached) or a signal says to end."""
    woken, wake = socket.socketpair()
    for end in (woken, wake):
        end.setblocking(False)
    signal.set_wakeup_fd(wake.fileno())
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    with selectors.DefaultSelector() as selector:
        selector.register(woken, selectors.EVENT_READ)
        selector.register(requests, selectors.EVENT_READ)
        while True:
            ready = [key.fileobj for key, _ in selector.select()]
            if woken in ready and set(woken.recv(4096)) - {signal.SIGCHLD}:
                return
            supervisor.reap()
            if requests in ready:
                line = requests.readline()
                if not line and supervisor.is_attached:
                    return
                if not line:
                    selector.unregister(requests)
                    continue
                answer = supervisor.handle(json.loads(line))
                with contextlib.suppress(BrokenPipeError):  # the client died while asking; the next line is the end
                    answers.write(json.dumps(answer).encode() + b"\n")
                    answers.flush()


def main() -> None:
    """Supervise the processes of the lab in the folder named on the command line."""
    supervisor = Supervisor(Path(sys.argv[1]))
    try:
        # Unbuffered: a selector sees the pipe only, not what a reader has taken from it already.
        with os.fdopen(0, "rb", buffering=0) as requests, os.fdopen(1, "wb") as answers:
            supervisor.write_down()
            serve(supervisor, requests, answers)
    finally:
        supervisor.stop()


if __name__ == "__main__":
    main()
