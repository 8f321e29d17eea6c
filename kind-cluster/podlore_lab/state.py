"""Labs that run in the background: which there are, how they are, and how they end."""

import shutil
import signal
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from podlore.errors import PodloreError, Unavailable
from podlore_lab.api import is_healthy
from podlore_lab.cluster import Lab
from podlore_lab.folder import LAB_NAME, lab_folder, labs_root
from podlore_lab.kwok import kwok_health
from podlore_lab.nodes import list_nodes, ready_nodes
from podlore_lab.process_id import ProcessId
from podlore_lab.processes import read_recorded
from podlore_lab.waiting import wait_for

END_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class LabStatus:
    """How one lab is; ``processes`` says ``running`` or how each ended, ``problem`` what is wrong."""

    name: str
    folder: Path
    processes: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    kubeconfig: Path | None = None
    n_nodes: int = 0
    n_ready: int = 0
    problem: str = ""


def labs() -> list[str]:
    """Return the names of this user's labs, sorted."""
    return sorted(folder.name for folder in labs_root().iterdir() if LAB_NAME.fullmatch(folder.name))


def status(name: str) -> LabStatus:
    """Look how a lab is; whatever is wrong with it stands in the answer."""
    folder = lab_folder(name)
    try:
        lab = Lab.find(name)
        processes = _processes(folder.path)
        seen = LabStatus(name, folder.path, processes, asdict(lab.description.ports), lab.kubeconfig)
        ended = [program for program, state in processes.items() if state != "running"]
        if ended:
            return replace(seen, problem=f"{', '.join(ended)} ended; end the lab with: podlore lab down --name {name}")
        if not is_healthy(kwok_health(lab.description.ports.kwok)):
            return replace(seen, problem="kwok does not answer")
        return replace(seen, n_nodes=len(list_nodes(lab.api)), n_ready=len(ready_nodes(lab.api)))
    except PodloreError as error:
        return LabStatus(name, folder.path, problem=str(error))


def end(name: str) -> None:
    """End a lab: every process, then its folder; return when all is gone.

    Only processes that the lab itself has started are touched: a pid that somebody else has by now is left alone.

    Raises
    ------
    Unavailable
        If there is no such lab.
    """
    folder = lab_folder(name).path
    if name not in labs():
        raise Unavailable(f"no lab {name!r}; there are: {', '.join(labs()) or 'none'}")
    recorded = read_recorded(folder)
    if recorded is not None:
        if recorded.supervisor is not None and recorded.supervisor.send(signal.SIGTERM):
            _wait_gone(recorded.supervisor)
        for child in recorded.children.values():  # its supervisor was killed; the kernel should have ended them too
            if child.send(signal.SIGKILL):
                _wait_gone(child)
    shutil.rmtree(folder, ignore_errors=True)


def _processes(folder: Path) -> dict[str, str]:
    recorded = read_recorded(folder)
    if recorded is None:
        return {"supervisor": "gone"}
    supervisor = recorded.supervisor is not None and recorded.supervisor.is_alive()
    states = {"supervisor": "running" if supervisor else "gone"}
    for name, child in recorded.children.items():
        ended = f"ended with {recorded.exits[name]}" if name in recorded.exits else "gone"
        states[name] = "running" if child.is_alive() else ended
    return states


def _wait_gone(who: ProcessId) -> None:
    wait_for(lambda: not who.is_alive(), f"process {who.pid} to end", timeout_seconds=END_SECONDS)
