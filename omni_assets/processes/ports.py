"""Ports of this machine: which are free."""

from __future__ import annotations

import socket


def port_is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    try:
        with socket.create_server((host, port), backlog=1):
            return True
    except (OSError, OverflowError):
        return False


def free_port(host: str) -> int:
    """A port that nobody listened on a moment ago. Raises ``OSError`` where the host is none of this machine's."""
    with socket.create_server((host, 0), backlog=1) as server:
        port: int = server.getsockname()[1]
        return port
