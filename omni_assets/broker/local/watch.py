"""A listener in front of a local broker that notes which topics its clients ask for, whatever library they are made of.

Whoever writes to a topic or reads one asks for its metadata first (Kafka's protocol, request 3). Clients stay with the
listener: where an answer names the broker, its port becomes the listener's. One broker, without TLS.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Self

from omni_assets.broker.local import frames
from omni_assets.broker.local.frames import Place

_HOST = "127.0.0.1"
_FLEXIBLE_METADATA, _TOPIC_IDS = 9, 10  # from which versions on lengths are compact, and topics have ids
_SECONDS = 5.0


class Watch:
    """Use it as a context manager. ``bootstrap_servers`` is where clients go instead."""

    def __init__(self, bootstrap_servers: str) -> None:
        host, _, port = bootstrap_servers.rpartition(":")
        self._broker = Place(host, int(port))
        self._lock = threading.Lock()
        self._asked: set[str] = set()
        self._clients = 0
        self._open: set[socket.socket] = set()

    def __enter__(self) -> Self:
        self._listener = socket.create_server((_HOST, 0), backlog=64)
        self._port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, name="omni-watch", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        frames.close(self._listener)
        with self._lock:
            left = tuple(self._open)
        for each in left:
            frames.close(each)

    @property
    def bootstrap_servers(self) -> str:
        """The address that clients are to be given."""
        return f"{_HOST}:{self._port}"

    @property
    def clients(self) -> int:
        """Connections that were made so far."""
        return self._clients

    def take(self) -> frozenset[str]:
        """The topics that were asked for since this was called last."""
        with self._lock:
            asked, self._asked = frozenset(self._asked), set()
        return asked

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    broker = socket.create_connection(self._broker, timeout=_SECONDS)
                except OSError:
                    frames.close(client)
                    continue
                broker.settimeout(None)
                self._join(client, broker)

    def _join(self, client: socket.socket, broker: socket.socket) -> None:
        named: set[int] = set()

        def there(request: bytes) -> bytes:
            head = frames.head(request)
            if head.key in frames.NAMES_BROKERS:
                named.add(head.correlation)
            if head.key == frames.METADATA:
                with self._lock:
                    self._asked.update(asked_topics(request))
            return request

        def back(answer: bytes) -> bytes:
            correlation = frames.correlation(answer)
            if correlation not in named:
                return answer
            named.discard(correlation)
            return answer.replace(self._broker.encoded, Place(self._broker.host, self._port).encoded)

        with self._lock:
            self._clients += 1
            self._open |= {client, broker}
        for source, to, change in ((client, broker, there), (broker, client, back)):
            threading.Thread(target=self._pump, args=(source, to, change), name="omni-watch", daemon=True).start()

    def _pump(self, source: socket.socket, to: socket.socket, change: Callable[[bytes], bytes]) -> None:
        with suppress(OSError, struct.error):
            while (message := frames.receive(source)) is not None:
                frames.send(to, change(message))
        with self._lock:
            self._open -= {source, to}
        frames.close(source)
        frames.close(to)


def asked_topics(request: bytes) -> frozenset[str]:
    """The topics that a request for metadata names; none where it asks for all, or is cut off.

    Layout: https://kafka.apache.org/protocol#The_Messages_Metadata, versions 0 to 13.
    """
    try:
        _, version, _, named = struct.unpack_from(">hhih", request)
        body = request[10 + max(named, 0) :]
        return frozenset(_compact(body, version >= _TOPIC_IDS) if version >= _FLEXIBLE_METADATA else _plain(body))
    except (struct.error, IndexError, UnicodeDecodeError):
        return frozenset()


def _plain(body: bytes) -> Iterator[str]:
    (count,) = struct.unpack_from(">i", body)
    at = 4
    for _ in range(count):
        (length,) = struct.unpack_from(">h", body, at)
        yield body[at + 2 : at + 2 + length].decode()
        at += 2 + length


def _compact(body: bytes, ids: bool) -> Iterator[str]:
    at = _past_tags(body, 0)
    count, at = _varint(body, at)
    for _ in range(count - 1):
        at += 16 * ids
        length, at = _varint(body, at)
        if length > 1:
            yield body[at : at + length - 1].decode()
            at += length - 1
        at = _past_tags(body, at)


def _past_tags(body: bytes, at: int) -> int:
    count, at = _varint(body, at)
    for _ in range(count):
        _, at = _varint(body, at)
        length, at = _varint(body, at)
        at += length
    return at


def _varint(body: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = body[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return number, at
