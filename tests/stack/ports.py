"""Free loopback ports for the servers of the stack."""

from __future__ import annotations

import os
import random
import socket

LANES = ("20000-25999", "26000-31999")
"""For the variable TEST_PORTS of tests that run side by side: the port that one has chosen, or that its stopped server
will want again, is not the other's to take. Outgoing connections never take any of them."""
_FIRST, _LAST = map(int, os.environ.get("TEST_PORTS", "20000-31999").split("-"))


def free_tcp_port() -> int:
    """A loopback TCP port that nothing listens on now."""
    return _free_port(socket.SOCK_STREAM)


def free_udp_port() -> int:
    """A loopback UDP port that nothing is bound to now."""
    return _free_port(socket.SOCK_DGRAM)


def _free_port(kind: socket.SocketKind) -> int:
    for port in random.sample(range(_FIRST, _LAST + 1), k=200):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free loopback port among 200 tried")
