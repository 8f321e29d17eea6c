"""Where the servers of a lab listen: free TCP ports on loopback."""

import socket
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace

from podlore.errors import Unavailable

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where each server of a lab listens, on loopback."""

    etcd: int
    etcd_peer: int
    api_server: int
    controller_manager: int
    scheduler: int
    kwok: int
    prometheus: int


def choose_ports(wanted: Mapping[str, int]) -> Ports:
    """Return free ports; ``wanted`` maps servers to ports that were asked for by number, 0 for any.

    Raises
    ------
    Unavailable
        If one that was asked for is in use.
    """
    asked = {server: check_free(port, server.replace("_", " ")) for server, port in wanted.items() if port}
    return replace(Ports(*free_ports(len(Ports.__slots__))), **asked)


def free_ports(count: int) -> list[int]:
    """Return so many different ports nobody listens on right now.

    Somebody may take one before it is used; whoever starts a server on it tries again with others.

    >>> len(set(free_ports(3)))
    3
    """
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [each.getsockname()[1] for each in sockets]


def check_free(port: int, what: str) -> int:
    """Return a port that was asked for by number.

    Raises
    ------
    Unavailable
        If somebody listens on it already.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise Unavailable(f"port {port} for {what} is in use; choose another, or 0 for any free one") from error
    return port
