"""The lab: a control plane, KWOK and Prometheus on loopback, from nothing to ready in seconds.

Tests and the command line use `Lab`; everything it starts ends with it, unless it is detached under a name.
"""

import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Self

from podlore.errors import BadInput, PodloreError, Unavailable
from podlore_lab.api import Api, Refused, client_context, is_healthy
from podlore_lab.audit import AuditEvent, read_audit
from podlore_lab.certificates import KeyPair
from podlore_lab.control_plane import ControlPlane, Ports
from podlore_lab.folder import lab_folder
from podlore_lab.kubeconfig import with_token
from podlore_lab.kwok import allow_kwok, kwok, kwok_health
from podlore_lab.ports import LOOPBACK, check_free, free_ports
from podlore_lab.processes import Command, Processes
from podlore_lab.programs import programs
from podlore_lab.prometheus import add_scrape_target, prometheus
from podlore_lab.waiting import wait_for

READY_SECONDS = 90.0
TRIES = 3
PORT_TAKEN = "address already in use"
TOKEN_SECONDS_LEAST = 600  # the API server refuses shorter ones


@dataclass(frozen=True, slots=True)
class LabDescription:
    """What a lab's folder says of it, for whoever finds it later."""

    name: str
    created_at: float
    programs: str
    ports: Ports

    @classmethod
    def read(cls, file: Path) -> "LabDescription":
        """Read what `write` wrote."""
        content = json.loads(file.read_text())
        return cls(**{**content, "ports": Ports(**content["ports"])})

    def write(self, file: Path) -> None:
        """Write it down for `read`."""
        file.write_text(json.dumps(asdict(self), indent=1))


class Lab:
    """A real control plane with fake nodes; starts on ``with``, ends with it.

    Parameters
    ----------
    name
        Under which others find it; a random one by default.
    api_port, prometheus_port
        0 for any free port.

    Examples
    --------
    ::

        with Lab() as lab:
            lab.kubectl("get", "nodes")
    """

    def __init__(self, name: str | None = None, *, api_port: int = 0, prometheus_port: int = 0) -> None:
        self.name = name or f"lab-{secrets.token_hex(4)}"
        self.folder = lab_folder(self.name)
        self._wanted_ports = {"api_server": api_port, "prometheus": prometheus_port}
        self._processes: Processes | None = None
        self._description: LabDescription | None = None

    @classmethod
    def find(cls, name: str) -> "Lab":
        """Return a lab that runs already; the caller does not own it.

        Raises
        ------
        Unavailable
            If there is none with this name.
        """
        lab = cls(name)
        try:
            lab._description = LabDescription.read(lab.folder.description)
        except (FileNotFoundError, NotADirectoryError):
            if lab.folder.path.is_dir():
                raise Unavailable(
                    f"lab {name!r} is still starting; or end it: podlore lab down --name {name}"
                ) from None
            raise Unavailable(f"no lab {name!r} runs; start it with: podlore lab up --name {name}") from None
        except (ValueError, KeyError, TypeError) as error:
            raise Unavailable(
                f"lab {name!r} is damaged ({error}); end it with: podlore lab down --name {name}"
            ) from None
        return lab

    # --- where things are ---------------------------------------------------------------------------------------

    @property
    def description(self) -> LabDescription:
        """Name, ports and programs of the running lab."""
        if self._description is None:
            raise Unavailable(f"lab {self.name!r} has not been started")
        return self._description

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.folder.kubeconfig

    @property
    def api_url(self) -> str:
        """The API server's address."""
        return f"https://{LOOPBACK}:{self.description.ports.api_server}"

    @property
    def prometheus_url(self) -> str:
        """Prometheus' address."""
        return f"http://{LOOPBACK}:{self.description.ports.prometheus}"

    @property
    def audit_log(self) -> Path:
        """The API server's audit log; `audit_events` reads it."""
        return self.folder.audit_log

    def program(self, name: str) -> Path:
        """Return the path of one of the programs, such as kubectl."""
        return Path(self.description.programs) / name

    @property
    def api(self) -> Api:
        """A client that asks as administrator."""
        pair = KeyPair(self.folder.certificates / "admin.crt", self.folder.certificates / "admin.key")
        return Api(self.api_url, self.folder.certificates / "ca.crt", pair)

    # --- start and stop -----------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Start everything and return when it is ready.

        Raises
        ------
        Unavailable
            If the name or a port is taken, or a program does not start; nothing is left running.
        """
        found = programs()
        for attempt in range(1, TRIES + 1):
            try:
                self._start(found)
            except PortTaken:
                if attempt == TRIES:
                    raise
            else:
                break
        return self

    def _start(self, found: Path) -> None:
        try:
            self.folder.create()
        except FileExistsError:
            raise Unavailable(
                f"lab {self.name!r} exists already; end it with: podlore lab down --name {self.name}"
            ) from None
        except OSError as error:
            raise self._no_folder(error) from error
        self._processes = Processes(self.folder.path)
        try:
            self._bring_up(found, self._processes)
        except OSError as error:
            self.stop()
            raise self._no_folder(error) from error
        except BaseException:
            self.stop()
            raise

    def _no_folder(self, error: OSError) -> Unavailable:
        reason = error.strerror or str(error)
        return Unavailable(f"{self.folder.path}: {reason}; make room, or set PODLORE_LABS to another folder")

    def _bring_up(self, found: Path, processes: Processes) -> None:
        ports = self._choose_ports()
        plane = ControlPlane(self.name, self.folder, ports, found)
        self._description = LabDescription(self.name, time.time(), str(found), ports)
        context = client_context(plane.authority.certificate, plane.admin)

        def ready(command: Command, url: str) -> None:
            _wait_healthy(processes, command.name, lambda: is_healthy(url, context))

        for command, url in (
            (plane.etcd(), f"https://{LOOPBACK}:{ports.etcd}/health"),
            (plane.api_server(), f"{plane.url}/readyz"),
        ):
            processes.start(command)
            ready(command, url)
        allow_kwok(self.api)
        rest = [
            (plane.controllers(), f"https://{LOOPBACK}:{ports.controller_manager}/healthz"),
            (plane.schedulers(), f"https://{LOOPBACK}:{ports.scheduler}/readyz"),
            (kwok(plane), kwok_health(ports.kwok)),
            (prometheus(plane), f"{self.prometheus_url}/-/ready"),
        ]
        for command, _ in rest:
            processes.start(command)
        for command, url in rest:
            ready(command, url)
        wait_for(lambda: self._has_default_account("default"), "the controllers to make the default ServiceAccount")
        self._description.write(self.folder.description)

    def _choose_ports(self) -> Ports:
        chosen = replace(Ports(*free_ports(len(Ports.__slots__))))
        for server, port in self._wanted_ports.items():
            if port:
                chosen = replace(chosen, **{server: check_free(port, server.replace("_", " "))})
        return chosen

    def _has_default_account(self, namespace: str) -> bool:
        try:
            self.api.get(f"/api/v1/namespaces/{namespace}/serviceaccounts/default")
        except Refused:
            return False
        return True

    def detach(self) -> None:
        """Let the lab run on when this program has ended; `podlore_lab.state.end` ends it."""
        if self._processes is not None:
            self._processes.detach()
            self._processes = None

    def stop(self) -> None:
        """End everything this object started, and remove the folder."""
        if self._processes is not None:
            self._processes.stop()
            self._processes = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # --- what one does with it ----------------------------------------------------------------------------------

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl as administrator and return what it prints.

        Raises
        ------
        BadInput
            With kubectl's message, if it fails.
        """
        return self._run(self.program("kubectl"), arguments, stdin)

    def helm(self, *arguments: str) -> str:
        """Run helm as administrator and return what it prints; its own files stay in the lab's folder."""
        return self._run(self.program("helm"), arguments, None)

    def environment(self) -> dict[str, str]:
        """Return the environment with which kubectl, helm and client libraries find this lab."""
        helm = self.folder.path / "helm"
        places = {f"HELM_{each}_HOME": str(helm / each.lower()) for each in ("CACHE", "CONFIG", "DATA")}
        return {**os.environ, "KUBECONFIG": str(self.kubeconfig), **places}

    def _run(self, program: Path, arguments: tuple[str, ...], stdin: str | None) -> str:
        done = subprocess.run(  # noqa: S603 -- a program we built, arguments as a list
            [program, *arguments], input=stdin, env=self.environment(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise BadInput(f"{program.name} {' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def create_namespace(self, name: str) -> None:
        """Create a namespace and return when pods can be created in it."""
        self.api.create("/api/v1/namespaces", {"metadata": {"name": name}})
        wait_for(lambda: self._has_default_account(name), f"the default ServiceAccount of {name}")

    def service_account_kubeconfig(
        self, namespace: str, name: str, *, duration: timedelta = timedelta(hours=1)
    ) -> Path:
        """Return a kubeconfig with a fresh token of this service account, and nothing but its rights."""
        seconds = int(duration.total_seconds())
        if seconds < TOKEN_SECONDS_LEAST:
            raise BadInput(f"duration={duration}: tokens live {TOKEN_SECONDS_LEAST} s at least")
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        token = self.api.create(path, {"spec": {"expirationSeconds": seconds}})["status"]["token"]
        return with_token(
            self.folder.path / "service-accounts" / f"{namespace}.{name}.kubeconfig",
            cluster=f"podlore-{self.name}",
            server=self.api_url,
            authority=self.folder.certificates / "ca.crt",
            token=token,
            namespace=namespace,
        )

    def add_scrape_target(self, job: str, address: str) -> None:
        """Have Prometheus scrape ``http://<address>/metrics`` every second; return when it knows."""
        add_scrape_target(self.folder, self.prometheus_url, job, address)

    def audit_events(self, *, user: str | None = None, verbs: frozenset[str] | None = None) -> Iterator[AuditEvent]:
        """Yield what the API server was asked so far, oldest first; see `podlore_lab.audit.read_audit`."""
        return read_audit(self.audit_log, user=user, verbs=verbs)


class PortTaken(PodloreError):
    """Somebody took a port between our choosing and our using it."""


def _wait_healthy(processes: Processes, name: str, healthy: Callable[[], bool]) -> None:
    def answer() -> bool:
        try:
            processes.check(name)
        except Unavailable as error:
            if PORT_TAKEN in processes.log(name).read_text(errors="replace"):
                raise PortTaken(str(error)) from error
            raise
        return healthy()

    wait_for(answer, f"{name} to be ready ({processes.log(name)})", timeout_seconds=READY_SECONDS)
