import socket

import pytest

from podlore.errors import Unavailable
from podlore_lab.ports import LOOPBACK, check_free, free_ports


def test_the_ports_can_be_listened_on():
    for port in free_ports(5):
        with socket.socket() as server:
            server.bind((LOOPBACK, port))


def test_a_port_in_use_is_named_with_the_way_out():
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(Unavailable, match=f"port {port} for the API server is in use; choose another"):
            check_free(port, "the API server")
