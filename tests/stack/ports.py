"""Free loopback ports for the servers of the stack."""

from __future__ import annotations

import random
import socket

_BELOW_EPHEMERAL = range(20_000, 32_000)
"""Outgoing connections never take these, so a server that is stopped finds its own port free when it starts again."""


def free_tcp_port() -> int:
    """A loopback TCP port that nothing listens on now."""
    return _free_port(socket.SOCK_STREAM)


def free_udp_port() -> int:
    """A loopback UDP port that nothing is bound to now."""
    return _free_port(socket.SOCK_DGRAM)


def _free_port(kind: socket.SocketKind) -> int:
    for port in random.sample(_BELOW_EPHEMERAL, k=200):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free loopback port among 200 tried")
