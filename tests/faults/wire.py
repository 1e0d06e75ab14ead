"""A wire to one server that can be made bad, and mended: what it carries it does not understand.

Clients of a Kafka broker stay on it: where an answer names the server, its port becomes the wire's.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from typing import Self, TypeAlias

from omni_assets.broker.local.frames import Place, close

LATENCY_SECONDS = 0.05
"""What each part of a message waits, in each direction."""

CUT_BYTES = 7
"""So much of an answer comes through before the connection ends: more than its length, and less than any is long."""

DRIP_SECONDS = 0.05
"""What each byte of an answer waits."""

_Pump: TypeAlias = Callable[[socket.socket, socket.socket], None]

_HOST = "127.0.0.1"
_PART = 65_536


class Fault(Enum):
    """What is wrong with the wire."""

    NONE = "none"
    LATENCY = "latency"
    RESET = "reset"
    HALF_OPEN = "half-open"
    CUT = "an answer cut in its middle"
    DRIP = "an answer that comes byte by byte"


BAD = (Fault.RESET, Fault.HALF_OPEN, Fault.CUT, Fault.DRIP)
"""What no question has an answer over in time."""


class Wire:
    """Use it as a context manager. A fault holds from when it is ``put`` on for whatever is said next, on connections
    that are open too.
    """

    def __init__(self, port: int) -> None:
        self._there = port
        self._listener = socket.create_server((_HOST, 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._renamed = (Place(_HOST, port).encoded, Place(_HOST, self.port).encoded)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._fault = Fault.NONE

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        close(self._listener)
        self._end_all()

    @property
    def address(self) -> str:
        return f"{_HOST}:{self.port}"

    def put(self, fault: Fault) -> None:
        self._fault = fault

    def mend(self) -> None:
        """Nothing is wrong any more. What is still open ends, as it does when a network comes back."""
        self._fault = Fault.NONE
        self._end_all()

    def _end_all(self) -> None:
        with self._lock:
            ended, self._open = self._open, set()
        for each in ended:
            close(each)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection((_HOST, self._there), timeout=5)
                server.settimeout(None)
            except OSError:
                close(client)
                continue
            with self._lock:
                self._open |= {client, server}
            for pump in (self._forth, self._back):
                threading.Thread(target=self._run, args=(pump, client, server), daemon=True).start()

    def _run(self, pump: _Pump, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            pump(client, server)
        with self._lock:
            self._open -= {client, server}
        close(client)
        close(server)

    def _forth(self, client: socket.socket, server: socket.socket) -> None:
        while part := client.recv(_PART):
            match self._fault:
                case Fault.RESET:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    client.close()
                    return
                case Fault.HALF_OPEN:
                    continue
                case Fault.LATENCY:
                    time.sleep(LATENCY_SECONDS)
            server.sendall(part)

    def _back(self, client: socket.socket, server: socket.socket) -> None:
        kept = b""
        while part := server.recv(_PART):
            whole, kept = self._parted((kept + part).replace(*self._renamed))
            match self._fault:
                case Fault.CUT:
                    client.sendall(whole[:CUT_BYTES])
                    return
                case Fault.DRIP:
                    self._drip(client, whole)
                    continue
                case Fault.HALF_OPEN | Fault.RESET:
                    continue
                case Fault.LATENCY:
                    time.sleep(LATENCY_SECONDS)
            client.sendall(whole)

    def _drip(self, client: socket.socket, whole: bytes) -> None:
        for at in range(len(whole)):
            client.sendall(whole[at : at + 1])
            if self._fault is Fault.DRIP:
                time.sleep(DRIP_SECONDS)

    def _parted(self, data: bytes) -> tuple[bytes, bytes]:
        """What may go on, and what may be the beginning of the server's name."""
        name = self._renamed[0]
        length = next((size for size in range(len(name) - 1, 0, -1) if data.endswith(name[:size])), 0)
        return data[: len(data) - length], data[len(data) - length :]
