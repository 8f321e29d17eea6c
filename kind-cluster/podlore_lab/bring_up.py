"""From nothing to ready: starts a lab's processes in order and waits until each says that it is well.

`podlore_lab.cluster` calls it with a supervisor that runs; whatever goes wrong here, it ends everything.
"""

from collections.abc import Callable
from functools import partial

from podlore.errors import PodloreError, Unavailable
from podlore_lab.api import Api, Refused, client_context, is_healthy
from podlore_lab.control_plane import ControlPlane
from podlore_lab.kwok import allow_kwok, kwok, kwok_health
from podlore_lab.ports import LOOPBACK
from podlore_lab.processes import Command, Processes
from podlore_lab.prometheus import prometheus
from podlore_lab.waiting import wait_for

READY_SECONDS = 90.0
PORT_TAKEN = "address already in use"


class PortTaken(PodloreError):
    """Somebody took a port between our choosing and our using it."""


def bring_up(plane: ControlPlane, processes: Processes) -> None:
    """Start everything, and return when pods can be created.

    Raises
    ------
    PortTaken
        If a port was lost meanwhile; with others it will work.
    Unavailable
        If a program ends or is not ready in time.
    """
    context, ports = client_context(plane.authority.certificate, plane.admin), plane.ports

    def start(*commands_and_urls: tuple[Command, str]) -> None:
        for command, _ in commands_and_urls:
            processes.start(command)
        for command, url in commands_and_urls:
            _wait_healthy(processes, command.name, partial(is_healthy, url, context))

    start((plane.etcd(), f"https://{LOOPBACK}:{ports.etcd}/health"))
    start((plane.api_server(), f"{plane.url}/readyz"))
    api = Api(plane.url, plane.authority.certificate, plane.admin)
    allow_kwok(api)
    start(
        (plane.controller_manager(), f"https://{LOOPBACK}:{ports.controller_manager}/healthz"),
        (plane.scheduler(), f"https://{LOOPBACK}:{ports.scheduler}/readyz"),
        (kwok(plane), kwok_health(ports.kwok)),
        (prometheus(plane), f"http://{LOOPBACK}:{ports.prometheus}/-/ready"),
    )
    wait_for_default_account(api, "default")


def wait_for_default_account(api: Api, namespace: str) -> None:
    """Return when the controllers have made the namespace's default ServiceAccount: pods are refused before."""

    def exists() -> bool:
        try:
            api.get(f"/api/v1/namespaces/{namespace}/serviceaccounts/default")
        except Refused:
            return False
        return True

    wait_for(exists, f"the default ServiceAccount of {namespace}")


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
