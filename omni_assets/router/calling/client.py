"""One endpoint that speaks OpenAI's chat completions: asked, and what it replied. The only module that imports openai.

Nothing is tried twice here, nothing is raised for what an endpoint does, and no key is in anything that comes out. A
reply that is larger than ``MOST_BYTES`` is cut off while it is read. Redirects are not followed: what is sent to an
endpoint stays there.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar

import httpx2
import openai
from openai import RequestOptions

from omni_assets.credentials import Redactor
from omni_assets.router.calling import replies
from omni_assets.router.calling.addresses import Address
from omni_assets.router.calling.failures import Failed, Kind
from omni_assets.router.calling.replies import Answer, Question
from omni_assets.router.catalog import Endpoint
from omni_assets.router.values import Location

MOST_BYTES = 4 * 1024 * 1024
"""The largest reply that is read: some hundred times a long answer."""

SECONDS_TO_CONNECT = 10.0
"""The most that an endpoint may take until it accepts a connection."""

for _talkative in ("httpcore2", "openai"):
    # At the level of debugging these tell prompts, and whatever an endpoint sends back: its own key, from some.
    logging.getLogger(_talkative).setLevel(logging.INFO)

Reply = TypeVar("Reply", Answer, tuple[str, ...])
_ReadList: TypeAlias = Callable[[int, Mapping[str, str], bytes], tuple[str, ...] | Failed]


class Client:
    """A client of one endpoint. Use it within one event loop, and close it.

    ``redactor`` knows the keys of all endpoints: one may stand before another and pass on what that one says.
    """

    def __init__(self, endpoint: Endpoint, at: Address, redactor: Redactor) -> None:
        self._seconds = endpoint.timeout_seconds
        self._redactor = redactor
        self._instead: dict[str, Mapping[str, str | None]] = {}
        withheld = _AMBIENT if at.key else (*_AMBIENT, "Authorization")
        self._options: RequestOptions = {"headers": {name: openai.Omit() for name in withheld}}
        self._client = openai.AsyncOpenAI(
            base_url=at.base_url,
            api_key=at.key or "none",
            max_retries=0,
            http_client=httpx2.AsyncClient(
                timeout=httpx2.Timeout(None, connect=min(SECONDS_TO_CONNECT, self._seconds)),
                limits=httpx2.Limits(max_connections=None, max_keepalive_connections=endpoint.concurrency),
                follow_redirects=False,
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # a bad one would spoil every later request
                mounts=_PAST_ANY_PROXY if endpoint.location is Location.LOCAL else None,
                headers={"Accept-Encoding": "identity"},
                event_hooks={"response": [_bound]},
            ),
        )

    async def ask(self, question: Question) -> Answer | Failed:
        """The model's answer, or why there is none. Takes no longer than the endpoint may."""
        reply = await self._within(self._seconds, self._answer(question))
        if isinstance(reply, Answer) and (text := self._redactor.exact(reply.text)) != reply.text:
            return replace(reply, text=text, findings=(*reply.findings, "its answer held a key, which is masked"))
        return reply

    async def models(self, seconds: float) -> tuple[str, ...] | Failed:
        """The names of the models that the endpoint lists, asked for within so many seconds."""
        return await self._within(seconds, self._listed(replies.models))

    async def listing(self, seconds: float) -> tuple[str, ...] | Failed:
        """As ``models``, and where the endpoint refuses the list, why: for people, who want to know."""
        return await self._within(seconds, self._listed(replies.listing))

    async def close(self) -> None:
        """Close every connection."""
        await self._client.close()

    async def _answer(self, question: Question) -> Answer | Failed:
        instead = self._instead.get(question.served_name, {})
        while True:
            body = _body(question, instead)
            asking = self._client.post(_CHAT, cast_to=httpx2.Response, body=body, options=self._options)
            reply = await _received(asking)
            blamed = replies.blamed_parameter(reply.content) if reply.status_code == 400 else None
            if blamed is None or blamed not in _INSTEAD or blamed in instead:
                return replies.read(reply.status_code, reply.headers, reply.content, question)
            instead = self._instead[question.served_name] = {**instead, blamed: _INSTEAD[blamed]}

    async def _listed(self, read: _ReadList) -> tuple[str, ...] | Failed:
        reply = await _received(self._client.get(_MODELS, cast_to=httpx2.Response, options=self._options))
        return read(reply.status_code, reply.headers, reply.content)

    async def _within(self, seconds: float, asking: Coroutine[Any, Any, Reply | Failed]) -> Reply | Failed:
        """What comes of asking; where nothing does, no message holds the key, which some endpoints quote."""
        try:
            async with asyncio.timeout(seconds):
                reply = await asking
        except TimeoutError:
            return Failed(Kind.TIMEOUT, f"no whole reply within {seconds:g} s")
        except _Unreadable as error:
            return error.failed
        except (openai.OpenAIError, httpx2.HTTPError, ValueError, OSError, RuntimeError) as error:
            reply = _lost(error.__cause__ or error)
        return replace(reply, message=self._redactor.clause(reply.message)) if isinstance(reply, Failed) else reply


class _Unreadable(Exception):
    """A reply that is not read to its end."""

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(message)
        self.failed = Failed(kind, message)


class _Bounded(httpx2.AsyncByteStream):
    """A response's bytes as they come over the wire, and no more than ``MOST_BYTES`` of them."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = MOST_BYTES
        async for chunk in self._stream:
            left -= len(chunk)
            if left < 0:
                raise _Unreadable(Kind.TOO_LARGE, _TOO_LARGE)
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _bound(response: httpx2.Response) -> None:
    """Let no more of a response be read than is bearable. Nothing is unpacked: a small one could become a large one."""
    if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise _Unreadable(Kind.MALFORMED, "the reply is compressed, which it was not asked to be")
    response.stream = _Bounded(response.stream)


async def _received(sending: Awaitable[httpx2.Response]) -> httpx2.Response:
    """A response, of whatever status."""
    try:
        return await sending
    except openai.APIStatusError as error:
        return error.response


def _body(question: Question, instead: Mapping[str, str | None]) -> dict[str, object]:
    """A question as the API takes it; parameters that this model does not know go by another name, or are left out."""
    system = [{"role": "system", "content": question.system}] if question.system else []
    parameters = {"max_tokens": question.max_output_tokens, "temperature": question.temperature}
    named = {instead.get(name, name): value for name, value in parameters.items()}
    return {
        "model": question.served_name,
        "messages": [*system, {"role": "user", "content": question.user}],
        **{name: value for name, value in named.items() if name is not None},
    }


def _lost(error: BaseException) -> Failed:
    """Why no response came."""
    kind = next((kind for types, kind in _LOST if isinstance(error, types)), Kind.MALFORMED)
    said = replies.quoted(str(error)) or type(error).__name__
    if isinstance(error, httpx2.RemoteProtocolError) and "disconnected" in said:
        kind = Kind.RESET
    return Failed(kind, f"{_CLAUSES[kind]} ({said})")


_CHAT = "/chat/completions"
_MODELS = "/models"
_TOO_LARGE = f"the reply has more than {MOST_BYTES // 1024**2} MiB, and was cut off"
_PAST_ANY_PROXY: Mapping[str, None] = MappingProxyType({"http://": None, "https://": None})
"""The way to what is local, whatever proxies the environment names for the rest."""

_AMBIENT = ("OpenAI-Organization", "OpenAI-Project")
"""Headers that the package would fill from variables that were set for another endpoint."""

_INSTEAD: Mapping[str, str | None] = MappingProxyType({"max_tokens": "max_completion_tokens", "temperature": None})
"""Parameters that newer models of OpenAI refuse, and what they take instead; ``None``: nothing."""

_LOST: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Kind], ...] = (
    ((httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError, ssl.SSLError), Kind.UNREACHABLE),
    (httpx2.TimeoutException, Kind.TIMEOUT),
    ((httpx2.NetworkError, OSError), Kind.RESET),
)
_CLAUSES: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.UNREACHABLE: "no connection",
        Kind.TIMEOUT: "no reply in time",
        Kind.RESET: "the connection broke before the reply was whole",
        Kind.MALFORMED: "the reply is no HTTP that can be read",
    }
)
