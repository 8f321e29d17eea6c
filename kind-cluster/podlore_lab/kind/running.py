"""What runs on kind, remembered in the cache, so that it can be ended after whatever crash; one lab at a time.

One, since each remembers the host as it was before: two that overlap could not both put it back.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from podlore.errors import Unavailable
from podlore_lab.cache import cache_root
from podlore_lab.kind import dockerd
from podlore_lab.kind.engine import Engine
from podlore_lab.kind.host_state import HostState


@dataclass(frozen=True, slots=True)
class Running:
    """One lab on kind; ``engine`` is docker's or podman's command."""

    name: str
    engine: str
    own_dockerd: bool

    @property
    def asked(self) -> Engine:
        """The engine that holds the cluster."""
        return dockerd.own_engine() if self.own_dockerd else Engine(self.engine)


def running() -> Running | None:
    """Return what runs on kind, or was left there by a crash; None if nothing."""
    try:
        return Running(**json.loads(_file().read_text()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise Unavailable(f"{_file()} cannot be read ({error}); remove it by hand") from error


def remember(lab: Running, before: HostState) -> None:
    """Write down a lab that is about to start, and the host as it is; the host first."""
    _file().parent.mkdir(parents=True, exist_ok=True)
    before.write(_host())
    draft = _file().with_suffix(".part")
    draft.write_text(json.dumps(asdict(lab)))
    draft.replace(_file())


def remembered_host() -> HostState:
    """Return the host as it was before the lab."""
    return HostState.read(_host())


def forget() -> None:
    """Remember nothing any more."""
    for file in (_file(), _host()):
        file.unlink(missing_ok=True)


def _file() -> Path:
    return cache_root() / "kind" / "running.json"


def _host() -> Path:
    return cache_root() / "kind" / "host.json"
