"""Redis as it is asked: the only place that knows its client. Nothing is ever written there.

Answers are taken as Redis gives them: the client's own reading of an entry keeps one value of a field that has several.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from omni_assets.agents.daemons import Daemons
from omni_assets.credentials import Redactor, secret, without_users
from omni_assets.errors import ExtraMissing, RedisRefused, RedisUnreachable, SettingsError
from omni_assets.operations.redis_streams.entries import Entry, EntryId, Group, Stream

if TYPE_CHECKING:
    from redis import Redis

VARIABLE = "OMNI_REDIS_URL"
"""Names the server. It may hold a password, so it is no option of a command and part of no message."""

MOST_STREAMS = 10_000
LISTING_SECONDS = 60.0
"""The most streams that are listed, and the most seconds that are spent on looking for them."""

SECONDS = 10.0
"""Most seconds that Redis may be silent."""

WHOLE_SECONDS = 60.0
"""Most seconds that one call may take: a server that says a byte now and then is never silent for long."""

_KEYS_PER_CALL = 1_000
_STREAMS_PER_CALL = 100
_PENDING_PER_CALL = 1_000
_DEFAULT_PORT = 6379


@dataclass(frozen=True, slots=True)
class Listing:
    """The streams of a database, in order of their names. ``unknown`` says, as a clause, why some may be missing."""

    streams: tuple[Stream, ...]
    unknown: str = ""


class RedisStreams:
    """The streams of one database, as a context manager. ``address`` names it, without user and password.

    Methods raise ``RedisUnreachable`` and ``RedisRefused``; opening one raises ``SettingsError`` and ``ExtraMissing``.
    """

    def __init__(self, url: str) -> None:
        try:
            from redis import Redis
        except ImportError:
            raise ExtraMissing("redis", "reading Redis Streams") from None
        try:
            client: Redis = Redis.from_url(url, protocol=2, socket_timeout=SECONDS, socket_connect_timeout=SECONDS)
            # Connects to nothing; what the address states beside host and port is looked at here.
            client.connection_pool.make_connection()
        except (ValueError, TypeError):
            raise SettingsError(
                f"{VARIABLE} is no address of a Redis server.",
                "Give redis://HOST:PORT/DATABASE, or rediss:// for TLS, with USER:PASSWORD@ before HOST where it asks.",
            ) from None
        client.response_callbacks.clear()
        self._client, self._threads = client, Daemons()
        stated: Mapping[str, Any] = client.connection_pool.connection_kwargs
        self._redactor = Redactor(str(each) for name in ("username", "password") if (each := stated.get(name)))
        place = stated.get("path") or f"{stated.get('host', 'localhost')}:{stated.get('port', _DEFAULT_PORT)}"
        self.address = f"{place}/{stated.get('db') or 0}"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """The database that ``OMNI_REDIS_URL`` names, or the file that ``OMNI_REDIS_URL_FILE`` names."""
        url = secret(VARIABLE, environ)
        if not url:
            raise SettingsError(
                f"{VARIABLE} is not set, so no Redis is known.", f"Set it: `export {VARIABLE}=redis://HOST:PORT/0`."
            )
        return cls(url)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def listing(self) -> Listing:
        """All streams of the database, as many and for as long as is looked; what is deleted meanwhile is left out."""
        names, unknown = self._names()
        return Listing(tuple(self._described(sorted(names))), unknown)

    def stream(self, name: str) -> Stream | None:
        """The stream of that name; ``None`` where there is none."""
        return next(self._described([_bytes(name)]), None)

    def entries(self, name: str, after: EntryId, upto: EntryId, most: int) -> tuple[Entry, ...]:
        """The entries behind ``after`` up to ``upto``, in their order, so many at most."""
        if after >= upto:
            return ()
        told = self._ask("XRANGE", _bytes(name), str(after.next), str(upto), "COUNT", most)
        return tuple(_entry(*each) for each in told)

    def pending(self, name: str, group: str, most: int) -> tuple[EntryId, ...]:
        """The first ids that a group was given and nobody acknowledged, in their order, so many at most."""
        found: list[EntryId] = []
        while len(found) < most:
            start = str(found[-1].next) if found else "-"
            asked = min(_PENDING_PER_CALL, most - len(found))
            told = self._ask("XPENDING", _bytes(name), _bytes(group), start, "+", asked)
            found += [_id(each[0]) for each in told]
            if len(told) < asked:
                break
        return tuple(found)

    def _names(self) -> tuple[set[bytes], str]:
        names: set[bytes] = set()
        cursor, deadline = 0, time.monotonic() + LISTING_SECONDS
        while True:
            told, keys = self._ask("SCAN", cursor, "COUNT", _KEYS_PER_CALL, "TYPE", "stream")
            cursor = int(told)
            names.update(keys)
            if not cursor:
                return names, ""
            if len(names) >= MOST_STREAMS:
                return names, f"only the first {len(names):,} were listed"
            if time.monotonic() > deadline:
                return names, f"not all keys were looked at within {LISTING_SECONDS:g} s"

    def _described(self, names: Sequence[bytes]) -> Iterator[Stream]:
        for start in range(0, len(names), _STREAMS_PER_CALL):
            batch = names[start : start + _STREAMS_PER_CALL]
            told = self._ask_all([("XINFO", what, name) for name in batch for what in ("STREAM", "GROUPS")])
            for name, stream, groups in zip(batch, told[::2], told[1::2], strict=True):
                if not (_is_absent(stream) or _is_absent(groups)):
                    yield _stream(name, self._told(stream), self._told(groups))

    def _ask(self, *words: Any) -> Any:
        (told,) = self._ask_all([words])
        return self._told(told)

    def _ask_all(self, questions: Sequence[tuple[Any, ...]]) -> list[Any]:
        """The answers in the order of the questions; an error in the place of an answer is one of them."""
        from redis import exceptions

        asked: Any = self._client.pipeline(transaction=False)
        for words in questions:
            asked.execute_command(*words)
        try:
            return self._in_time(asked)
        except exceptions.RedisError as error:
            asked_whom = isinstance(error, (exceptions.AuthenticationError, exceptions.AuthorizationError))
            silent = isinstance(error, (exceptions.ConnectionError, exceptions.TimeoutError)) and not asked_whom
            failure = RedisUnreachable if silent else RedisRefused
            raise failure(self.address, self._clause(error)) from None

    def _in_time(self, asked: Any) -> list[Any]:
        """The answers, however often the client asks again by itself."""
        told: Future[list[Any]] = self._threads.submit(asked.execute, raise_on_error=False)
        try:
            return told.result(WHOLE_SECONDS)
        except FutureTimeout:
            self._client.connection_pool.disconnect()
            raise RedisUnreachable(self.address, f"it gave no whole answer within {WHOLE_SECONDS:g} s") from None

    def _told(self, answer: Any) -> Any:
        if isinstance(answer, Exception):
            raise RedisRefused(self.address, self._clause(answer))
        return answer

    def _clause(self, error: Exception) -> str:
        words = self._redactor.clause(without_users(" ".join(str(error).split())))
        return words[:300].rstrip(".") or type(error).__name__


def _is_absent(answer: Any) -> bool:
    return isinstance(answer, Exception) and "no such key" in str(answer)


def _stream(name: bytes, told: Sequence[Any], groups: Sequence[Sequence[Any]]) -> Stream:
    facts = _facts(told)
    first = facts["first-entry"]
    return Stream(
        _text(name),
        facts["length"],
        _id(first[0]) if first else None,
        _id(facts["last-generated-id"]),
        facts.get("entries-added"),
        tuple(sorted((_group(each) for each in groups), key=lambda each: each.name)),
    )


def _group(told: Sequence[Any]) -> Group:
    facts = _facts(told)
    return Group(_text(facts["name"]), _id(facts["last-delivered-id"]), facts["pending"], facts["consumers"])


def _facts(told: Sequence[Any]) -> Mapping[str, Any]:
    return {bytes(name).decode("ascii", "replace"): value for name, value in zip(told[::2], told[1::2], strict=True)}


def _entry(told: bytes, fields: Sequence[bytes] | None) -> Entry:
    stated = fields or ()
    return Entry(_id(told), tuple(zip(stated[::2], stated[1::2], strict=True)))


def _id(told: bytes) -> EntryId:
    return EntryId.read(told.decode("ascii"))


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")
