"""The lab: a control plane, KWOK and Prometheus on loopback, from nothing to ready in seconds.

Tests and the command line use `Lab`; everything it starts ends with it, unless it is detached under a name.
"""

import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Self

from podlore.errors import BadInput, Unavailable
from podlore_lab.api import Api
from podlore_lab.audit import AuditEvent, read_audit
from podlore_lab.bring_up import PortTaken, bring_up, wait_for_default_account
from podlore_lab.certificates import KeyPair
from podlore_lab.control_plane import ControlPlane
from podlore_lab.description import LabDescription
from podlore_lab.folder import lab_folder
from podlore_lab.kubeconfig import with_token
from podlore_lab.ports import LOOPBACK, choose_ports
from podlore_lab.processes import Processes
from podlore_lab.programs import programs
from podlore_lab.prometheus import add_scrape_target

TRIES = 3
TOKEN_SECONDS_LEAST = 600  # the API server refuses shorter ones


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
        self._make_folder()
        self._processes = Processes(self.folder.path)
        try:
            plane = ControlPlane(self.name, self.folder, choose_ports(self._wanted_ports), found)
            bring_up(plane, self._processes)
            self._description = LabDescription(self.name, time.time(), str(found), plane.ports)
            self._description.write(self.folder.description)
        except OSError as error:
            self.stop()
            raise self._no_folder(error) from error
        except BaseException:
            self.stop()
            raise

    def _make_folder(self) -> None:
        try:
            self.folder.create()
        except FileExistsError:
            raise Unavailable(
                f"lab {self.name!r} exists already; end it with: podlore lab down --name {self.name}"
            ) from None
        except OSError as error:
            raise self._no_folder(error) from error

    def _no_folder(self, error: OSError) -> Unavailable:
        reason = error.strerror or str(error)
        return Unavailable(f"{self.folder.path}: {reason}; make room, or set PODLORE_LABS to another folder")

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
        wait_for_default_account(self.api, name)

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
