"""A TCP proxy before one or more brokers that counts requests by API key, and can make them fail.

Clients stay behind it: where a broker's answer names a broker, its port becomes the proxy's. Plain text only.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from typing import Self

from omni_assets.broker.local import frames
from omni_assets.broker.local.frames import Place
from tests.support import api_keys

_HOST = "127.0.0.1"


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
        self._renamed = {
            Place(host, port).encoded: Place(host, listener.getsockname()[1]).encoded
            for (host, port), listener in self._listeners.items()
        }

    def __enter__(self) -> Self:
        for address, listener in self._listeners.items():
            threading.Thread(target=self._accept, args=(listener, address), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for listener in self._listeners.values():
            frames.close(listener)
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
            frames.close(connection)

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
                frames.close(client)
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
        self._naming: set[int] = set()
        self._unanswered: set[int] = set()

    def start(self) -> None:
        with self._proxy._lock:
            self._proxy._open |= {self._client, self._broker}
        for pump, source in ((self._forward, self._client), (self._backward, self._broker)):
            threading.Thread(target=self._run, args=(pump, source), daemon=True).start()

    def _run(self, pump: Callable[[bytes], bool], source: socket.socket) -> None:
        with suppress(OSError):
            while (message := frames.receive(source)) is not None and pump(message):
                pass
        with self._proxy._lock:
            self._proxy._open -= {self._client, self._broker}
        frames.close(self._client)
        frames.close(self._broker)

    def _forward(self, request: bytes) -> bool:
        """Hand a request on; false where the connection is to end with it."""
        head = frames.head(request)
        lost, action = self._proxy._count(api_keys.name(head.key), request, self._address)
        if self._proxy.delay:
            time.sleep(self._proxy.delay)
        if action is not None:
            action()
        if lost is Lost.REQUEST:
            return False
        if head.key in frames.NAMES_BROKERS:
            self._naming.add(head.correlation)
        if lost is Lost.ANSWER:
            self._unanswered.add(head.correlation)
        frames.send(self._broker, request)
        return True

    def _backward(self, answer: bytes) -> bool:
        correlation = frames.correlation(answer)
        if correlation in self._unanswered:
            return False
        renames = correlation in self._naming
        self._naming.discard(correlation)
        frames.send(self._client, self._proxy._rename(answer) if renames else answer)
        return True


def _known(name: str) -> None:
    assert name in api_keys.NAMES.values(), f"`{name}` is no request of Kafka's"
