"""A TCP proxy before one or more brokers that counts requests by API key, and can make them fail.

Clients stay behind it: where a broker's answer names a broker, its port becomes the proxy's. Plain text only.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from typing import Self

from tests.support import api_keys

_HOST = "127.0.0.1"
_NAMES_BROKERS = frozenset({"Metadata", "FindCoordinator", "DescribeCluster"})


class Lost(Enum):
    """What is lost with the connection: a request that the broker never sees, or the answer to one that it obeyed."""

    REQUEST = "request"
    ANSWER = "answer"


class Proxy:
    """Use it as a context manager; ``requests`` counts what clients sent since the last ``reset``, and ``written``
    holds the requests among them that change something, each with its name.

    ``addressed`` is where the last request of each name was bound for, as ``host:port``; ``delay`` is how many seconds
    each request waits before it goes on.
    """

    def __init__(self, bootstrap_servers: str) -> None:
        self.delay = 0.0
        self.requests: Counter[str] = Counter()
        self.addressed: dict[str, str] = {}
        self.written: list[tuple[str, bytes]] = []
        self._lock = threading.Lock()
        self._losses: dict[str, list[Lost]] = {}
        self._actions: dict[str, Callable[[], object]] = {}
        self._open: set[socket.socket] = set()
        upstream = [address.strip().rpartition(":") for address in bootstrap_servers.split(",")]
        self._listeners = {
            (host, int(port)): socket.create_server((_HOST, 0), backlog=128) for host, _, port in upstream
        }
        # Host and port stand side by side in every version of every answer that names a broker.
        self._renamed = {
            _place(host, port): _place(host, listener.getsockname()[1])
            for (host, port), listener in self._listeners.items()
        }

    def __enter__(self) -> Self:
        for address, listener in self._listeners.items():
            threading.Thread(target=self._accept, args=(listener, address), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for listener in self._listeners.values():
            _close(listener)
        self.cut()

    @property
    def bootstrap_servers(self) -> str:
        return ",".join(f"{_HOST}:{listener.getsockname()[1]}" for listener in self._listeners.values())

    @property
    def writes(self) -> int:
        """How many requests since the last ``reset`` would have changed something."""
        with self._lock:
            return sum(count for name, count in self.requests.items() if name in api_keys.WRITES)

    def reset(self) -> None:
        """Count from zero again."""
        with self._lock:
            self.requests.clear()
            self.written.clear()

    def lose(self, name: str, what: Lost, times: int = 1) -> None:
        """Cut the connection at the next requests of that name."""
        _known(name)
        with self._lock:
            self._losses.setdefault(name, []).extend([what] * times)

    def before(self, name: str, action: Callable[[], object]) -> None:
        """Do something once, when the next request of that name has come and before it goes on."""
        _known(name)
        with self._lock:
            self._actions[name] = action

    def cut(self) -> None:
        """Close every connection as it is; clients may come again."""
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            _close(connection)

    def _accept(self, listener: socket.socket, address: tuple[str, int]) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                broker = socket.create_connection(address, timeout=5)
                broker.settimeout(None)
            except OSError:
                _close(client)
                continue
            _Conversation(self, client, broker, "{}:{}".format(*address)).start()

    def _count(self, name: str, request: bytes, address: str) -> tuple[Lost | None, Callable[[], object] | None]:
        with self._lock:
            self.requests[name] += 1
            self.addressed[name] = address
            if name in api_keys.WRITES:
                self.written.append((name, request))
            losses = self._losses.get(name)
            return (losses.pop(0) if losses else None), self._actions.pop(name, None)

    def _rename(self, answer: bytes) -> bytes:
        for theirs, ours in self._renamed.items():
            answer = answer.replace(theirs, ours)
        return answer


class _Conversation:
    """One client's connection, and the broker's side of it."""

    def __init__(self, proxy: Proxy, client: socket.socket, broker: socket.socket, address: str) -> None:
        self._proxy = proxy
        self._address = address
        self._client = client
        self._broker = broker
        self._asked: dict[int, str] = {}
        self._unanswered: set[int] = set()

    def start(self) -> None:
        with self._proxy._lock:
            self._proxy._open |= {self._client, self._broker}
        for pump, source in ((self._forward, self._client), (self._backward, self._broker)):
            threading.Thread(target=self._run, args=(pump, source), daemon=True).start()

    def _run(self, pump: Callable[[bytes], bool], source: socket.socket) -> None:
        with suppress(OSError):
            while (message := _message(source)) is not None and pump(message):
                pass
        with self._proxy._lock:
            self._proxy._open -= {self._client, self._broker}
        _close(self._client)
        _close(self._broker)

    def _forward(self, request: bytes) -> bool:
        """Hand a request on; false where the connection is to end with it."""
        key, _, correlation = struct.unpack_from(">hhi", request)
        name = api_keys.name(key)
        lost, action = self._proxy._count(name, request, self._address)
        if self._proxy.delay:
            time.sleep(self._proxy.delay)
        if action is not None:
            action()
        if lost is Lost.REQUEST:
            return False
        self._asked[correlation] = name
        if lost is Lost.ANSWER:
            self._unanswered.add(correlation)
        self._broker.sendall(_framed(request))
        return True

    def _backward(self, answer: bytes) -> bool:
        (correlation,) = struct.unpack_from(">i", answer)
        if correlation in self._unanswered:
            return False
        renames = self._asked.pop(correlation, "") in _NAMES_BROKERS
        self._client.sendall(_framed(self._proxy._rename(answer) if renames else answer))
        return True


def _message(source: socket.socket) -> bytes | None:
    """One message without its length; ``None`` at the end."""
    header = _exactly(source, 4)
    return None if header is None else _exactly(source, struct.unpack(">i", header)[0])


def _exactly(source: socket.socket, size: int) -> bytes | None:
    received = bytearray()
    while len(received) < size:
        part = source.recv(min(size - len(received), 1 << 20))
        if not part:
            return None
        received += part
    return bytes(received)


def _framed(message: bytes) -> bytes:
    return struct.pack(">i", len(message)) + message


def _place(host: str, port: int) -> bytes:
    return host.encode() + struct.pack(">i", port)


def _known(name: str) -> None:
    assert name in api_keys.NAMES.values(), f"`{name}` is no request of Kafka's"


def _close(connection: socket.socket) -> None:
    # Closing alone does not wake a thread that waits on it.
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
