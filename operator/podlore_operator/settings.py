"""How one operator process is to run: from the options of ``podlore operator run``, or from the environment.

Each setting is also ``PODLORE_<NAME>`` in the environment, which is how the chart sets them and how
``kopf run -m podlore_operator.handlers`` is told. What a cluster's people set lies in the AdvisorPolicy instead.
"""

import os
import re
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from podlore.clock import Clock
from podlore.errors import BadInput
from podlore.policy import Mode
from podlore_operator.metrics.address import prometheus_url
from podlore_operator.observe.credentials import read_credentials

PREFIX = "PODLORE_"
NAME = "podlore"
LISTEN = "127.0.0.1:8080"


def default_identity() -> str:
    """Return a name that no other replica has: the pod's or machine's, with something random."""
    return f"{socket.gethostname()[:48]}-{secrets.token_hex(4)}"


def _empty_is_unset(value: object) -> object:
    return None if value == "" else value


Optional = BeforeValidator(_empty_is_unset)


class Settings(BaseModel):
    """One process's settings; names are those of the command line's options."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kubeconfig: Annotated[Path | None, Optional] = None
    """The kubeconfig to use; else $KUBECONFIG, ~/.kube/config, the pod's service account."""
    context: Annotated[str | None, Optional] = None
    """Its context."""
    prometheus: Annotated[str | None, Optional] = None
    """The URL of a Prometheus with GPU metrics."""
    namespace: Annotated[str | None, Optional] = None
    """Where the Lease and the state ConfigMap are; by default the context's or the pod's own."""
    name: str = NAME
    """Name of the Lease, and with -state of the ConfigMap."""
    identity: str = Field(default_factory=default_identity)
    """This replica's name in the Lease."""
    dry_run: bool = False
    """Write nothing at all, whatever the policy says."""
    max_mode: Mode = Mode.ADVISE
    """The furthest mode that a policy may ask for; the chart grants its rights by it."""
    allow_annotations: bool = False
    """Whether the account may patch pods, so that a policy may ask for it."""
    allow_events: bool = False
    """Whether the account may create Events, so that a policy may ask for it."""
    allow_logs: bool = False
    """Whether the account may read pods' logs, so that a policy may ask for it."""
    listen: str = LISTEN
    """Address and port of probes, metrics and advice."""
    clock_scale: float = Field(default=1.0, gt=0)
    """How much faster than the wall a replayed trace runs."""
    clock_anchor: float = 0.0
    """Wall time at which the replay began, in seconds since the epoch."""
    lease: bool = True
    """Stand for election before writing."""
    model: Annotated[Path | None, Optional] = None
    """Folder of the event classifier; by default the one that ships."""
    log_format: Literal["text", "json"] = "text"
    """How log lines look."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Which log lines there are."""

    @property
    def clock(self) -> Clock:
        """The clock that runs in trace time."""
        return Clock(scale=self.clock_scale, anchor=self.clock_anchor)

    @property
    def host_and_port(self) -> tuple[str, int]:
        """The address to listen on.

        >>> Settings(listen=":9000").host_and_port, Settings(listen="[::1]:9000").host_and_port
        (('0.0.0.0', 9000), ('::1', 9000))
        """
        parts = re.fullmatch(r"(?:\[([^\]]*)\]|([^:]*)):([0-9]{1,5})", self.listen)
        if not parts or int(parts[3]) > 65535:
            raise BadInput(f"--listen {self.listen!r} is no ADDRESS:PORT such as {LISTEN}")
        return parts[1] or parts[2] or "0.0.0.0", int(parts[3])  # noqa: S104 - by an explicit wish

    def check(self) -> None:
        """Look at all that can be seen without asking anybody, before what is slow to load is loaded.

        Raises
        ------
        BadInput
            If an address is none, or a kubeconfig cannot be read.
        Unavailable
            If there is neither a kubeconfig nor a pod around this process.
        """
        _ = self.host_and_port
        if self.prometheus:
            prometheus_url(self.prometheus)
        read_credentials(self.kubeconfig, self.context)

    @classmethod
    def of(cls, **given: object) -> Self:
        """Return settings; one that is wrong is a `BadInput` which names its option."""
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            option = "--" + str(first["loc"][0]).replace("_", "-")
            raise BadInput(f"{option} {first['input']!r}: {first['msg']}") from None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Return the settings that the environment gives.

        >>> Settings.from_environment({"PODLORE_DRY_RUN": "true"}).dry_run
        True
        """
        return cls.of(
            **{
                name: environment[variable]
                for name in cls.model_fields
                if (variable := PREFIX + name.upper()) in environment
            }
        )
