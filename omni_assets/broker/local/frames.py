"""Kafka's messages as they stand on a connection: each behind its length, and an answer bears its request's number.

Layouts: https://kafka.apache.org/protocol, "Protocol Primitive Types" and "Common Request and Response Structure".
"""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from typing import NamedTuple

METADATA, FIND_COORDINATOR, DESCRIBE_CLUSTER = 3, 10, 60
NAMES_BROKERS = frozenset({METADATA, FIND_COORDINATOR, DESCRIBE_CLUSTER})
"""The requests whose answers tell clients where brokers are."""

_LARGEST_MESSAGE = 104_857_600
_PART = 1 << 20


class Head(NamedTuple):
    """How every request begins: what it asks for, in which version of its layout, and the number of its answer."""

    key: int
    version: int
    correlation: int


class Place(NamedTuple):
    """Where a broker is reached."""

    host: str
    port: int

    @property
    def encoded(self) -> bytes:
        """Host and port, which stand side by side in every version of every answer that names a broker."""
        return self.host.encode() + struct.pack(">i", self.port)


def head(request: bytes) -> Head:
    """The beginning of a request. Raises ``struct.error`` where it is cut off."""
    return Head(*struct.unpack_from(">hhi", request))


def correlation(answer: bytes) -> int:
    """The number of the request that this answers. Raises ``struct.error`` where it is cut off."""
    number: int = struct.unpack_from(">i", answer)[0]
    return number


def receive(source: socket.socket) -> bytes | None:
    """The next message without its length; ``None`` at the end, and where the length is none. Raises ``OSError``."""
    length = _exactly(source, 4)
    if length is None:
        return None
    (size,) = struct.unpack(">i", length)
    return _exactly(source, size) if 0 <= size <= _LARGEST_MESSAGE else None


def send(to: socket.socket, message: bytes) -> None:
    """A message behind its length. Raises ``OSError``."""
    to.sendall(struct.pack(">i", len(message)) + message)


def close(connection: socket.socket) -> None:
    """End a connection or a listener, and whoever waits on it."""
    # Closing alone does not wake a thread that waits on it.
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def _exactly(source: socket.socket, size: int) -> bytes | None:
    received = bytearray()
    while len(received) < size:
        part = source.recv(min(size - len(received), _PART))
        if not part:
            return None
        received += part
    return bytes(received)
