"""Whether something that speaks Kafka's protocol answers on a port, without a Kafka client."""

from __future__ import annotations

import socket
import struct
import time

_CLIENT_ID = b"omni-assets"
_CORRELATION = 0x6F6D6E69
# ApiVersions, version 0: the one request that every Kafka broker answers before anything else.
_BODY = struct.pack(">hhih", 18, 0, _CORRELATION, len(_CLIENT_ID)) + _CLIENT_ID
_REQUEST = struct.pack(">i", len(_BODY)) + _BODY
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - reached by their loopback address


def answers(host: str, port: int, seconds: float = 1.0) -> bool:
    """Whether a broker answers at ``host:port`` within ``seconds``. A process that only accepts does not."""
    deadline = time.monotonic() + seconds
    try:
        with socket.create_connection((_ANYWHERE.get(host, host), port), timeout=seconds) as connection:
            connection.sendall(_REQUEST)
            received = b""
            while len(received) < 8:
                connection.settimeout(max(0.001, deadline - time.monotonic()))
                part = connection.recv(8 - len(received))
                if not part:
                    return False
                received += part
    except (OSError, OverflowError):
        return False
    return received[4:] == struct.pack(">i", _CORRELATION)
