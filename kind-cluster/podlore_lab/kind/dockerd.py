"""A Docker daemon of the lab's own: own socket, data, pid file and address pool, ended by its pid.

Its images and layers stay in the cache for the next cluster. What it does to the host, `podlore_lab.kind.host_state`
undoes.
"""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from podlore.errors import Unavailable
from podlore_lab.cache import cache_root
from podlore_lab.kind import host_state
from podlore_lab.kind.engine import Engine, engine_that_runs
from podlore_lab.kind.needs import SUBNET, SYS_RESOURCE, look, search_path
from podlore_lab.process_id import ProcessId
from podlore_lab.shipped import shipped_folder
from podlore_lab.waiting import wait_for

START_SECONDS = 60.0
END_SECONDS = 60.0
MTU = 1400
TAIL_LINES = 2


def dockerd_folder() -> Path:
    """Return where the own daemon keeps everything."""
    return cache_root() / "kind" / "docker"


def own_engine() -> Engine:
    """Return the own daemon as an engine, whether it runs or not."""
    return Engine(host=f"unix://{dockerd_folder() / 'docker.sock'}")


def running() -> ProcessId | None:
    """Return who the own daemon is, None if it does not run."""
    try:
        who = ProcessId(**json.loads((dockerd_folder() / "dockerd.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return who if who.is_alive() else None


def start() -> Engine:
    """Start the daemon, unless it runs; return it when it answers.

    Raises
    ------
    Unavailable
        If it ends, or does not answer in time; with the last lines of its log.
    """
    engine, folder = own_engine(), dockerd_folder()
    if running() is not None and engine.answers():
        return engine
    for each in ("data", "exec"):
        (folder / each).mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "dockerd.pid").unlink(missing_ok=True)  # a crash leaves it, and dockerd would not start
    configuration = folder / "daemon.json"
    configuration.write_text(json.dumps(daemon_configuration(folder, may_sys_resource=look().may(SYS_RESOURCE))))
    log = folder / "dockerd.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 -- dockerd, arguments as a list
            [shutil.which("dockerd", path=search_path()) or "dockerd", f"--config-file={configuration}"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PATH": search_path()},
            start_new_session=True,
        )
    who = ProcessId.of(process.pid)
    if who is not None:
        (folder / "dockerd.json").write_text(json.dumps(asdict(who)))

    def answers() -> bool:
        if process.poll() is not None:
            lines = log.read_text(errors="replace").strip().splitlines()
            raise Unavailable(f"dockerd has ended: {' | '.join(lines[-TAIL_LINES:])} (log: {log})")
        return engine.answers()

    try:
        wait_for(answers, f"dockerd to answer (log: {log})", timeout_seconds=START_SECONDS)
    except BaseException:
        end()
        raise
    return engine


def end() -> None:
    """End the daemon by its pid, and return when it is gone; nothing happens where it does not run."""
    who = running()
    if who is not None and who.send(signal.SIGTERM):
        _reap(who.pid)
        wait_for(lambda: not who.is_alive(), f"dockerd (pid {who.pid}) to end", timeout_seconds=END_SECONDS)
    (dockerd_folder() / "dockerd.json").unlink(missing_ok=True)


def daemon_configuration(folder: Path, *, may_sys_resource: bool) -> dict[str, object]:
    """Return dockerd's configuration; where CAP_SYS_RESOURCE is not to be had, containers ask for one less.

    >>> sorted(daemon_configuration(Path("/d"), may_sys_resource=True).keys() & {"runtimes", "default-runtime"})
    []
    """
    configuration: dict[str, object] = {
        "hosts": [own_engine().host],
        "pidfile": str(folder / "dockerd.pid"),
        "data-root": str(folder / "data"),
        "exec-root": str(folder / "exec"),
        "bridge": "none",
        "ip6tables": False,
        "mtu": MTU,
        "default-address-pools": [{"base": str(SUBNET), "size": 24}],
    }
    if not may_sys_resource:
        wrapper = folder / "runc-without-sys-resource"
        if folder.is_dir():
            wrapper.write_bytes((shipped_folder("node") / "files" / wrapper.name).read_bytes())
            wrapper.chmod(0o755)
        configuration |= {"runtimes": {wrapper.name: {"path": str(wrapper)}}, "default-runtime": wrapper.name}
    return configuration


def _reap(pid: int) -> None:
    """Collect the daemon where it is our own child: a child that ended stays a zombie until then."""
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        return


@contextmanager
def engine_for(*, own_dockerd: bool) -> Iterator[Engine]:
    """Yield an engine for a block; an own daemon runs for it, unless one does, and the host is put back."""
    if not own_dockerd or running() is not None:
        yield own_engine() if own_dockerd else engine_that_runs()
        return
    before = host_state.record()
    try:
        yield start()
    finally:
        end()
        host_state.restore(before, folder=dockerd_folder(), own_engine=True)
