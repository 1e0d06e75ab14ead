"""A real HTTP server on loopback that speaks OpenAI's chat completions, and misbehaves on order.

It runs in a thread of its own with a loop of its own, so that nothing that a client does can hold it up.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

_HOST = "127.0.0.1"
_CHUNK = b"x" * 65_536


@dataclass(frozen=True)
class Seen:
    """A request that came in. Header names are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    document: Any

    @property
    def prompt(self) -> str:
        """All texts of its messages."""
        return "".join(message["content"] for message in self.document["messages"])


Behaviour = Callable[[Seen, asyncio.StreamWriter], Awaitable[None]]


def tokens_of(text: str) -> int:
    """How many tokens this server's models see in a text."""
    return -(-len(text.encode()) // 4)


def completion(seen: Seen, text: str | None, **changes: Any) -> dict[str, Any]:
    """A truthful reply with that text; ``message``, ``choice`` and ``top`` add to its parts or replace them."""
    usage = {"prompt_tokens": tokens_of(seen.prompt), "completion_tokens": tokens_of(text or "")}
    message = {"role": "assistant", "content": text, **changes.get("message", {})}
    choice = {"index": 0, "message": message, "finish_reason": "stop", **changes.get("choice", {})}
    return {"id": "c", "object": "chat.completion", "choices": [choice], "usage": usage, **changes.get("top", {})}


def answers(text: str | Callable[[Seen], str] | None, **changes: Any) -> Behaviour:
    """Answers with that text, and truthfully counted tokens."""

    async def behave(seen: Seen, writer: asyncio.StreamWriter) -> None:
        said = text(seen) if callable(text) else text
        await _send(writer, 200, json.dumps(completion(seen, said, **changes)).encode())

    return behave


def slowly(seconds: float, behaviour: Behaviour) -> Behaviour:
    """Waits, and then behaves."""

    async def behave(seen: Seen, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        await behaviour(seen, writer)

    return behave


def replies(status: int, body: object, headers: Mapping[str, str] | None = None) -> Behaviour:
    """Replies with a status and a body: bytes as they are, anything else as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def behave(_: Seen, writer: asyncio.StreamWriter) -> None:
        await _send(writer, status, content, headers or {})

    return behave


def fails(status: int, message: str = "", headers: Mapping[str, str] | None = None, **error: Any) -> Behaviour:
    """Replies with an error of OpenAI's form."""
    return replies(status, {"error": {"message": message, **error}}, headers)


def sends(raw: bytes) -> Behaviour:
    """Sends those bytes as they are, and closes the connection."""

    async def behave(_: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()
        writer.close()

    return behave


async def hangs(_: Seen, writer: asyncio.StreamWriter) -> None:
    """Never answers."""
    await asyncio.sleep(3600)


async def drips(_: Seen, writer: asyncio.StreamWriter) -> None:
    """Sends a space of an answer now and then, without end: no single wait is ever long."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def resets(_: Seen, writer: asyncio.StreamWriter) -> None:
    """Resets the connection, as a server does that is killed."""
    peer: socket.socket = writer.get_extra_info("socket")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def floods(size: int, *, stated: bool = False) -> Behaviour:
    """Streams so many bytes of rubbish; ``stated``: says beforehand how many."""

    async def behave(_: Seen, writer: asyncio.StreamWriter) -> None:
        framing = f"Content-Length: {size}" if stated else "Connection: close"
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{framing}\r\n\r\n".encode())
        for _ in range(size // len(_CHUNK)):
            writer.write(_CHUNK)
            await writer.drain()
        writer.close()

    return behave


async def quotes_headers(seen: Seen, writer: asyncio.StreamWriter) -> None:
    """Answers with all headers that it was sent, the key among them."""
    await answers(json.dumps(dict(seen.headers)))(seen, writer)


_OK = answers("ok")
_TWO_MODELS = replies(200, {"object": "list", "data": [{"id": "small"}, {"id": "large"}]})


@dataclass
class ModelEndpoint:
    """Use it as a context manager. Each chat request meets the next behaviour of ``script``, and then ``otherwise``.

    ``asked`` is set as soon as one came in.
    """

    script: list[Behaviour] = field(default_factory=list)
    otherwise: Behaviour = _OK
    models: Behaviour = _TWO_MODELS
    seen: list[Seen] = field(default_factory=list)
    asked: threading.Event = field(default_factory=threading.Event)
    most_at_once: int = 0

    def __enter__(self) -> Self:
        self._at_once = 0
        self._loop = asyncio.new_event_loop()
        self._socket = socket.create_server((_HOST, 0), backlog=512)
        started = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(started,), daemon=True)
        self._thread.start()
        started.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)

    @property
    def base_url(self) -> str:
        """Where clients find it."""
        return f"http://{_HOST}:{self._socket.getsockname()[1]}/v1"

    @property
    def chats(self) -> list[Seen]:
        """The chat requests that came in."""
        return [each for each in self.seen if each.method == "POST"]

    def _serve(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen(started))
        self._loop.close()

    async def _listen(self, started: threading.Event) -> None:
        self._stopped = asyncio.Event()
        server = await asyncio.start_server(self._converse, sock=self._socket)
        started.set()
        await self._stopped.wait()
        server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not writer.is_closing():
                seen = await _request(reader)
                self.seen.append(seen)
                self._at_once += 1
                self.most_at_once = max(self.most_at_once, self._at_once)
                try:
                    await self._behaviour(seen)(seen, writer)
                finally:
                    self._at_once -= 1
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    def _behaviour(self, seen: Seen) -> Behaviour:
        if seen.method == "GET":
            return self.models
        self.asked.set()
        return self.script.pop(0) if self.script else self.otherwise


async def _request(reader: asyncio.StreamReader) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Seen(method, path, headers, json.loads(body) if body else None)


async def _send(
    writer: asyncio.StreamWriter, status: int, body: bytes, headers: Mapping[str, str] | None = None
) -> None:
    stated = {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in stated.items())
    writer.write(f"HTTP/1.1 {status} Said\r\n{lines}\r\n".encode("latin-1") + body)
    await writer.drain()
