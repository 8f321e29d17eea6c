"""The lab on kind: real nodes, kubelets and pods, and beside them the lab's fake GPU nodes, exporter and Prometheus.

`KindLab` is a `Lab`, so nodes, replay, metrics and demo work on it unchanged. What must outlive a crash of this
program, above all the host as it was before, is written into the cache first; `take_down` reads it there.
"""

import base64
import json
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import yaml

from podlore.errors import PodloreError, Unavailable
from podlore_lab.api import is_healthy
from podlore_lab.bring_up import wait_for_default_account
from podlore_lab.cluster import Lab
from podlore_lab.description import LabDescription
from podlore_lab.folder import LabFolder
from podlore_lab.kind import dockerd, host_state
from podlore_lab.kind.configuration import REGISTRY_IMAGE, cluster_configuration, scheduler_configuration
from podlore_lab.kind.engine import Engine, engine_that_runs, machine_engine
from podlore_lab.kind.needs import look, missing
from podlore_lab.kind.node_image import build_node_image, node_image_name
from podlore_lab.kind.programs import KindPrograms, kind_programs
from podlore_lab.kind.real_nodes import add_routes, keep_apart
from podlore_lab.kind.running import Running, forget, remember, remembered_host, running
from podlore_lab.kwok import USER, allow_kwok, kwok, kwok_health
from podlore_lab.ports import LOOPBACK, Ports, choose_ports
from podlore_lab.processes import Command, Processes
from podlore_lab.prometheus import prometheus
from podlore_lab.state import end, labs
from podlore_lab.waiting import wait_for

NETWORK = "kind"
READY_SECONDS = 300.0
NAME_TAKEN = "node(s) already exist for a cluster with the name"
TAIL_LINES = 3


def _silent(_stage: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class KindPlane:
    """What `podlore_lab.plane.Plane` asks for."""

    folder: LabFolder
    ports: Ports
    programs: Path

    @property
    def kwok_kubeconfig(self) -> Path:
        """The administrator's, in the name of KWOK's user, who has a kubelet's rights and no more."""
        return self.folder.path / "kwok.kubeconfig"


class KindLab(Lab):
    """A kind cluster with fake GPU nodes; starts on ``with``, ends with it and leaves the host as it was.

    Parameters
    ----------
    own_dockerd
        Start a Docker daemon of its own, else use the one that runs.
    image
        The node image; empty for the one built from source.
    say
        Called with each stage as it begins.
    """

    def __init__(
        self,
        name: str,
        *,
        own_dockerd: bool = False,
        image: str = "",
        api_port: int = 0,
        prometheus_port: int = 0,
        say: Callable[[str], None] = _silent,
    ) -> None:
        super().__init__(name, api_port=api_port, prometheus_port=prometheus_port)
        self._own_dockerd = own_dockerd
        self._image = image
        self._say = say
        self._owns = False
        self.engine = Engine()
        self.left_behind: list[str] = []
        """After `stop`: what still differs on the host from before."""

    @property
    def prometheus_url_inside(self) -> str:
        """Prometheus' address as pods reach it: the host's end of the cluster's network."""
        return f"http://{gateway(self.engine)}:{self.description.ports.prometheus}"

    # --- start and stop -----------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Start the cluster and all beside it, and return when pods can be created.

        Raises
        ------
        Unavailable
            If something is missing on this machine, a name, port or address is taken, or a part does not start; the
            host is as it was then.
        """
        check_needs(own_dockerd=self._own_dockerd, build=False)
        if there := running():
            raise Unavailable(
                f"lab {there.name!r} runs on kind already; end it with: podlore lab down --name {there.name} --force"
            )
        found = kind_programs()
        ports = choose_ports(self._wanted_ports)
        command = "docker" if self._own_dockerd else engine_that_runs().command
        self._make_folder()
        try:
            self._owns = True
            remember(Running(self.name, command, self._own_dockerd), host_state.record())
            self.engine = dockerd.start() if self._own_dockerd else Engine(command)
            image = self._image or node_image_name(found)
            if not self._image and not self.engine.has_image(image):
                build_node_image(self.engine, found, say=self._say)
            self._create_cluster(found, image, ports)
            if image != REGISTRY_IMAGE:
                self._say("routes between the nodes")
                add_routes(self.engine, self.api)
            keep_apart(self.api)
            self._start_beside(KindPlane(self.folder, ports, found.plane))
            wait_for_default_account(self.api, "default")
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End everything this object started, and put the host back."""
        super().stop()
        if self._owns:
            self._owns = False
            self.left_behind = take_down(self.name, force=True)

    def detach(self) -> None:
        """Let everything run on when this program has ended; `take_down` ends it."""
        super().detach()
        self._owns = False

    def load_image(self, image: str) -> None:
        """Give all real nodes an image of the engine."""
        kind(kind_programs(), self.engine, "load", "docker-image", image, "--name", self.name)

    def _create_cluster(self, found: KindPrograms, image: str, ports: Ports) -> None:
        self._say("kind create cluster")
        scheduler = self.folder.path / "scheduler"
        scheduler.mkdir(mode=0o755)
        (scheduler / "scheduler.yaml").write_text(scheduler_configuration())
        configuration = self.folder.path / "kind.yaml"
        configuration.write_text(
            cluster_configuration(image=image, api_port=ports.api_server, scheduler_folder=scheduler)
        )
        kind(
            found, self.engine, "create", "cluster", "--name", self.name, "--config", str(configuration),
            "--kubeconfig", str(self.kubeconfig), "--wait", f"{READY_SECONDS:.0f}s",
        )  # fmt: skip
        unpack_kubeconfig(self.kubeconfig, self.folder)
        self._description = LabDescription(self.name, time.time(), str(found.plane), ports)

    def _start_beside(self, plane: KindPlane) -> None:
        self._say("KWOK and Prometheus")
        write_impersonating(self.kubeconfig, plane.kwok_kubeconfig, USER)
        allow_kwok(self.api)
        self._processes = Processes(self.folder.path)
        watching = prometheus(plane)
        inside = f"--web.listen-address={gateway(self.engine)}:{plane.ports.prometheus}"
        for command, url in (
            (kwok(plane), kwok_health(plane.ports.kwok)),
            (Command(watching.name, [*watching.argv, inside]), f"http://{LOOPBACK}:{plane.ports.prometheus}/-/ready"),
        ):
            self._processes.start(command)
            wait_for(partial(self._is_up, command.name, url), f"{command.name} to be ready", timeout_seconds=90)
        self.description.write(self.folder.description)

    def _is_up(self, name: str, url: str) -> bool:
        if self._processes is not None:
            self._processes.check(name)
        return is_healthy(url)


def find(name: str) -> KindLab:
    """Return a lab on kind that runs; the caller does not own it.

    Raises
    ------
    Unavailable
        If there is none with this name.
    """
    there = running()
    if there is None or there.name != name:
        raise Unavailable(f"no lab {name!r} runs on kind; start it with: podlore lab up --on kind --name {name}")
    lab = KindLab(name, own_dockerd=there.own_dockerd)
    lab._description, lab.engine = Lab.find(name).description, there.asked
    return lab


def take_down(name: str, *, force: bool = False) -> list[str]:
    """End a lab on kind and put the host back; return what still differs from before, a line each.

    Parameters
    ----------
    force
        Go on where a step fails, as after a crash.

    Raises
    ------
    Unavailable
        If a step fails and it is not forced.
    """
    there = running()
    if there is None or there.name != name:
        raise Unavailable(f"no lab {name!r} runs on kind")
    tolerated = (PodloreError, OSError) if force else ()
    with suppress(*tolerated):
        if name in labs():
            end(name)
    with suppress(*tolerated):
        engine = dockerd.start() if there.own_dockerd else there.asked
        kind(kind_programs(), engine, "delete", "cluster", "--name", name, "--kubeconfig", "/dev/null")
        with suppress(Unavailable):  # other clusters may be on it
            engine.run("network", "rm", NETWORK)
    with suppress(*tolerated):
        if there.own_dockerd:
            dockerd.end()
    left = host_state.restore(remembered_host(), folder=dockerd.dockerd_folder(), own_engine=there.own_dockerd)
    forget()
    return left


def check_needs(*, own_dockerd: bool, build: bool) -> None:
    """Return if kind can run here.

    Raises
    ------
    Unavailable
        With one line for each thing that is missing, and the way out.
    """
    found = missing(look(), own_dockerd=own_dockerd, build=build)
    if not own_dockerd and machine_engine() is None:
        found.append("no Docker or podman answers here: start one, or let the lab start its own with --own-dockerd")
    if found:
        raise Unavailable("kind cannot run here:\n  " + "\n  ".join(found))


def gateway(engine: Engine) -> str:
    """Return the host's address on the cluster's network."""
    networks: list[dict[str, Any]] = json.loads(engine.run("network", "inspect", NETWORK))
    ranges = networks[0].get("IPAM", {}).get("Config") or []
    return next(str(each["Gateway"]) for each in ranges if "." in each.get("Gateway", ""))


def kind(programs: KindPrograms, engine: Engine, *arguments: str) -> str:
    """Run kind and return what it prints.

    Raises
    ------
    Unavailable
        With its last words, if it fails.
    """
    done = subprocess.run(  # noqa: S603 -- a program we built, arguments as a list
        [programs.kind, *arguments], env=engine.environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if "ERROR" in line] or done.stderr.splitlines()
        if NAME_TAKEN in done.stderr:
            raise Unavailable(
                "a kind cluster of this name is there already; remove it: kind delete cluster, or use --name"
            )
        raise Unavailable(f"kind {' '.join(arguments[:2])} failed: {' | '.join(said[-TAIL_LINES:])}")
    return done.stdout


def unpack_kubeconfig(kubeconfig: Path, folder: LabFolder) -> None:
    """Write the certificates of kind's kubeconfig to where a lab has its own."""
    content = yaml.safe_load(kubeconfig.read_text())
    user, cluster = content["users"][0]["user"], content["clusters"][0]["cluster"]
    for file, data in (
        ("ca.crt", cluster["certificate-authority-data"]),
        ("admin.crt", user["client-certificate-data"]),
        ("admin.key", user["client-key-data"]),
    ):
        path = folder.certificates / file
        path.touch(mode=0o600)
        path.write_bytes(base64.b64decode(data))


def write_impersonating(kubeconfig: Path, file: Path, user: str) -> None:
    """Write a kubeconfig that acts in the name of another user, with that user's rights alone."""
    content = yaml.safe_load(kubeconfig.read_text())
    content["users"][0]["user"]["as"] = user
    file.touch(mode=0o600)
    file.write_text(yaml.safe_dump(content))
