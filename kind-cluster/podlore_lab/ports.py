"""Free TCP ports on loopback."""

import socket
from contextlib import ExitStack

from podlore.errors import Unavailable

LOOPBACK = "127.0.0.1"


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
