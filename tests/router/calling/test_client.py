from __future__ import annotations

import asyncio
import gzip
import json
import logging
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from omni_assets.credentials import Redactor
from omni_assets.router.calling import client as client_module
from omni_assets.router.calling.addresses import Address
from omni_assets.router.calling.client import Client
from omni_assets.router.calling.failures import Failed, Kind
from omni_assets.router.calling.replies import Answer, Question
from omni_assets.router.catalog import Endpoint
from omni_assets.router.values import FinishReason, Location
from tests.support.model_endpoint import (
    Behaviour,
    ModelEndpoint,
    answers,
    drips,
    fails,
    floods,
    hangs,
    quotes_headers,
    replies,
    resets,
    sends,
    tokens_of,
)

KEY = "sk-canary-0123456789abcdefABCDEF"
QUESTION = Question("small", "You are terse.", "What is 6 times 7?", 64, 0.0)


@pytest.fixture
def endpoint() -> Iterator[ModelEndpoint]:
    with ModelEndpoint() as served:
        yield served


def ask(
    endpoint: ModelEndpoint,
    *script: Behaviour,
    seconds: float = 20.0,
    key: str | None = KEY,
    times: int = 1,
    location: Location = Location.CLOUD,
) -> Answer | Failed:
    """What comes of the last of so many questions."""
    endpoint.script[:] = script

    async def asked() -> Answer | Failed:
        client = Client(
            Endpoint(location=location, timeout_seconds=seconds), Address(endpoint.base_url, key), Redactor([KEY])
        )
        try:
            for _ in range(times - 1):
                await client.ask(QUESTION)
            return await client.ask(QUESTION)
        finally:
            await client.close()

    return asyncio.run(asked())


def failed(reply: Answer | Failed) -> Failed:
    assert isinstance(reply, Failed), reply
    return reply


def answered(reply: Answer | Failed) -> Answer:
    assert isinstance(reply, Answer), reply
    return reply


def test_an_answer_comes_with_the_tokens_that_were_reported(endpoint: ModelEndpoint) -> None:
    answer = answered(ask(endpoint, answers("42")))
    assert answer.text == "42"
    assert answer.finish_reason is FinishReason.STOP
    assert answer.usage.reported
    assert answer.usage.input_tokens == tokens_of(QUESTION.prompt)
    assert answer.findings == ()
    sent = endpoint.seen[0]
    assert sent.path == "/v1/chat/completions"
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert sent.document == {
        "model": "small",
        "messages": [
            {"role": "system", "content": "You are terse."},
            {"role": "user", "content": "What is 6 times 7?"},
        ],
        "max_tokens": 64,
        "temperature": 0.0,
    }


@pytest.mark.parametrize(
    ("changes", "text", "finish_reason"),
    [
        ({"message": {"content": [{"type": "text", "text": "4"}, {"type": "text", "text": "2"}]}}, "42", "stop"),
        ({"message": {"content": "42", "reasoning_content": "six times seven"}}, "42", "stop"),
        ({"message": {"content": "42"}, "choice": {"finish_reason": None}}, "42", "unknown"),
        ({"message": {"content": "42"}, "choice": {"finish_reason": "eos"}}, "42", "stop"),
        ({"message": {"content": "4"}, "choice": {"finish_reason": "max_tokens"}}, "4", "length"),
        ({"message": {"content": "42", "refusal": None, "tool_calls": []}}, "42", "stop"),
    ],
)
def test_servers_say_the_same_in_many_ways(
    endpoint: ModelEndpoint, changes: dict[str, Any], text: str, finish_reason: str
) -> None:
    answer = answered(ask(endpoint, answers(None, **changes, top={"usage": None})))
    assert (answer.text, answer.finish_reason.value) == (text, finish_reason)
    assert not answer.usage.reported
    assert answer.usage.input_tokens > 0
    assert answer.usage.output_tokens > 0


@pytest.mark.parametrize(
    ("changes", "kind", "says"),
    [
        ({"message": {"refusal": "I cannot help."}}, Kind.DECLINED, "I cannot help."),
        ({"choice": {"finish_reason": "content_filter"}}, Kind.DECLINED, "content filter"),
        ({"message": {"tool_calls": [{"id": "1"}]}}, Kind.NO_TEXT, "tool"),
        ({"message": {"reasoning_content": "hm"}, "choice": {"finish_reason": "length"}}, Kind.NO_TEXT, "reasoning"),
        ({"message": {"content": "  \n"}}, Kind.NO_TEXT, "no text"),
        ({"message": {"content": 42}}, Kind.NO_TEXT, "no text"),
    ],
)
def test_an_answer_without_text_is_none_and_has_its_tokens(
    endpoint: ModelEndpoint, changes: dict[str, Any], kind: Kind, says: str
) -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 64}
    reply = failed(ask(endpoint, answers(None, **changes, top={"usage": usage})))
    assert reply.kind is kind
    assert says in reply.message
    assert reply.usage is not None
    assert reply.usage.output_tokens == 64


@pytest.mark.parametrize(
    ("behaviour", "kind", "says"),
    [
        (resets, Kind.RESET, "broke"),
        (sends(b""), Kind.RESET, "broke"),
        (sends(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"), Kind.MALFORMED, "HTTP"),
        (sends(b"\x00\xff\x1b[31mrubbish\r\n\r\n" * 50), Kind.MALFORMED, "HTTP"),
        (sends(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 10**6), Kind.MALFORMED, "HTTP"),
        (
            replies(200, b"<html><title>Portal</title></html>", {"Content-Type": "text/html"}),
            Kind.NOT_JSON,
            "text/html",
        ),
        (replies(200, b""), Kind.NOT_JSON, "empty"),
        (replies(200, b"data: {}\n\n", {"Content-Type": "text/event-stream"}), Kind.NOT_JSON, "event-stream"),
        (replies(200, b"[" * 100_000), Kind.NOT_JSON, "no JSON"),
        (replies(200, b"\xff\xfe{}"), Kind.NOT_JSON, "no JSON"),
        (replies(200, b'{"choices": ' + b"9" * 5000 + b"}"), Kind.NOT_JSON, "no JSON"),
        (replies(200, [1]), Kind.NOT_JSON, "no JSON object"),
        (replies(200, {}), Kind.MALFORMED, "no choice"),
        (replies(200, {"choices": []}), Kind.MALFORMED, "no choice"),
        (replies(200, {"choices": [7]}), Kind.MALFORMED, "no message"),
        (replies(200, {"choices": [{"message": None}]}), Kind.MALFORMED, "no message"),
        (replies(200, {"error": {"message": "overloaded", "code": 503}}), Kind.SERVER_ERROR, "overloaded"),
        (replies(200, {"choices": [{"error": {"message": "gone", "code": 502}}]}), Kind.GATEWAY_ERROR, "gone"),
        (replies(200, gzip.compress(b"{}"), {"Content-Encoding": "gzip"}), Kind.MALFORMED, "compressed"),
        (replies(204, b""), Kind.REFUSED, "204"),
        (replies(302, b"", {"Location": "http://127.0.0.1:1/"}), Kind.REDIRECTED, "not followed"),
        (fails(400, "bad request"), Kind.REFUSED, "bad request"),
        (fails(400, "maximum context length is 4096 tokens"), Kind.CONTEXT_EXCEEDED, "4096"),
        (fails(400, "too long", type="exceed_context_size_error"), Kind.CONTEXT_EXCEEDED, "exceed_context"),
        (fails(500, "the request exceeds the available context size"), Kind.CONTEXT_EXCEEDED, "context size"),
        (fails(401, "who?"), Kind.UNAUTHORIZED, "401"),
        (fails(404, "model not found"), Kind.NO_SUCH_MODEL, "model not found"),
        (fails(429, "slow down"), Kind.RATE_LIMITED, "slow down"),
        (fails(429, "", code="insufficient_quota"), Kind.QUOTA, "insufficient_quota"),
        (fails(500, "oops"), Kind.SERVER_ERROR, "oops"),
        (fails(503, "Loading model"), Kind.SERVER_ERROR, "Loading model"),
        (replies(502, b"<html>Bad gateway</html>", {"Content-Type": "text/html"}), Kind.GATEWAY_ERROR, "502"),
        (replies(422, {"detail": "no such field"}), Kind.REFUSED, "no such field"),
        (replies(400, {"error": "unsupported"}), Kind.REFUSED, "unsupported"),
    ],
)
def test_every_way_to_fail_is_told_by_its_kind(
    endpoint: ModelEndpoint, behaviour: Behaviour, kind: Kind, says: str
) -> None:
    reply = failed(ask(endpoint, behaviour))
    assert reply.kind is kind, reply
    assert says in reply.message
    assert reply.message.isprintable()
    assert len(reply.message) < 500


@pytest.mark.parametrize("behaviour", [hangs, drips])
def test_a_call_ends_at_its_deadline(endpoint: ModelEndpoint, behaviour: Behaviour) -> None:
    reply = failed(ask(endpoint, behaviour, seconds=0.3))
    assert reply.kind is Kind.TIMEOUT
    assert "0.3 s" in reply.message


@pytest.mark.parametrize("stated", [False, True])
def test_a_reply_that_is_too_large_is_cut_off_while_it_is_read(
    endpoint: ModelEndpoint, monkeypatch: pytest.MonkeyPatch, stated: bool
) -> None:
    read = 0
    chunks = client_module._Bounded.__aiter__

    async def counted(self: Any) -> Any:
        nonlocal read
        async for chunk in chunks(self):
            read += len(chunk)
            yield chunk

    monkeypatch.setattr(client_module._Bounded, "__aiter__", counted)
    reply = failed(ask(endpoint, floods(10 * 1024 * 1024, stated=stated)))
    assert reply.kind is Kind.TOO_LARGE
    assert 0 < read <= client_module.MOST_BYTES


def test_the_client_is_of_use_after_every_failure(endpoint: ModelEndpoint) -> None:
    trouble = [resets, floods(10 * 1024 * 1024), sends(b"rubbish"), fails(500), hangs]
    assert answered(ask(endpoint, *trouble, answers("42"), seconds=1.5, times=6)).text == "42"


def test_no_cookie_is_kept_so_that_a_bad_one_spoils_nothing(endpoint: ModelEndpoint) -> None:
    cookies = [fails(500, headers={"Set-Cookie": cookie}) for cookie in ("session=1; Path=/", "session=\x9d; Path=/")]
    assert answered(ask(endpoint, *cookies, answers("42"), times=3)).text == "42"
    assert all("cookie" not in seen.headers for seen in endpoint.seen)


def test_where_nobody_listens_there_is_no_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    async def asked() -> Answer | Failed:
        client = Client(Endpoint(location=Location.LOCAL), Address(f"http://127.0.0.1:{port}/v1"), Redactor([]))
        try:
            return await client.ask(QUESTION)
        finally:
            await client.close()

    reply = failed(asyncio.run(asked()))
    assert reply.kind is Kind.UNREACHABLE
    assert not reply.nature.charged


@pytest.mark.parametrize(
    ("usage", "reported", "finding"),
    [
        ({"prompt_tokens": 10**6, "completion_tokens": 5}, True, "1,000,000 input tokens"),
        ({"prompt_tokens": 9, "completion_tokens": 10**6}, True, "1,000,000 output tokens"),
        ({"prompt_tokens": 0, "completion_tokens": 0}, False, "no tokens"),
        ({"prompt_tokens": -5, "completion_tokens": 5}, False, "no count"),
        ({"prompt_tokens": 10**30, "completion_tokens": 5}, False, "no count"),
        ({"prompt_tokens": "9", "completion_tokens": True}, False, "no count"),
        ({"prompt_tokens": 9}, False, "no count"),
        (["lies"], False, None),
    ],
)
def test_usage_that_cannot_be_is_told(
    endpoint: ModelEndpoint, usage: object, reported: bool, finding: str | None
) -> None:
    answer = answered(ask(endpoint, answers("42", top={"usage": usage})))
    assert answer.usage.reported is reported
    assert (finding in answer.findings[0]) if finding else answer.findings == ()


@pytest.mark.parametrize("more", [{"prompt_tokens_details": {"cached_tokens": 6}}, {"prompt_cache_hit_tokens": 6}])
def test_cached_tokens_are_known_by_two_names(endpoint: ModelEndpoint, more: dict[str, object]) -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 1, **more}
    assert answered(ask(endpoint, answers("42", top={"usage": usage}))).usage.cached_tokens == 6


def test_a_model_that_refuses_a_parameter_is_asked_without_it_from_then_on(endpoint: ModelEndpoint) -> None:
    def unsupported(name: str) -> Behaviour:
        return fails(400, f"Unsupported parameter: '{name}'", code="unsupported_parameter", param=name)

    script = [unsupported("max_tokens"), unsupported("temperature"), answers("a"), answers("b")]
    assert answered(ask(endpoint, *script, times=2)).text == "b"
    assert len(endpoint.seen) == 4
    for sent in endpoint.seen[2:]:
        assert sent.document["max_completion_tokens"] == 64
        assert not {"max_tokens", "temperature"} & sent.document.keys()


def test_a_parameter_that_is_refused_for_good_ends_the_call(endpoint: ModelEndpoint) -> None:
    endpoint.otherwise = fails(400, "no", code="unsupported_value", param="temperature")
    assert failed(ask(endpoint)).kind is Kind.REFUSED
    assert len(endpoint.seen) == 2


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("7", 7, 7),
        ("0.5", 0.5, 0.5),
        ("-3", 0, 0),
        ("1e400", 86_400, 86_400),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 86_400, 86_400),
        ("Fri, 01 Jan 1999 00:00:00 GMT", 0, 0),
    ],
)
def test_retry_after_is_read_as_a_number_or_a_date(
    endpoint: ModelEndpoint, header: str, least: float, most: float
) -> None:
    wait = failed(ask(endpoint, fails(429, headers={"Retry-After": header}))).retry_after
    assert wait is not None
    assert least <= wait <= most


@pytest.mark.parametrize("header", ["soon", "", "nan", "99 Foo 99999"])
def test_a_retry_after_that_says_nothing_is_none(endpoint: ModelEndpoint, header: str) -> None:
    assert failed(ask(endpoint, fails(429, headers={"Retry-After": header}))).retry_after is None


@pytest.mark.parametrize(
    "behaviour",
    [
        fails(401, f"Incorrect API key provided: {KEY}. Find yours at https://example.com/?key={KEY}"),
        fails(401, f"Incorrect API key provided: {KEY[:12]}***{KEY[-4:]}."),
        fails(400, json.dumps({"headers": {"authorization": f"Bearer {KEY}"}})),
        replies(302, b"", {"Location": f"http://127.0.0.1:1/?key={KEY}"}),
        replies(200, b"{}", {"Content-Type": f"text/{KEY}"}),
        sends(f"HTTP/1.1 {KEY}\r\n\r\n".encode()),
        quotes_headers,
    ],
)
def test_no_key_comes_out(endpoint: ModelEndpoint, behaviour: Behaviour, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    reply = ask(endpoint, behaviour)
    assert endpoint.seen[0].headers["authorization"] == f"Bearer {KEY}"
    for shown in (repr(reply), caplog.text):
        assert KEY not in shown
        assert KEY[:12] not in shown
    assert KEY not in repr(Address("http://127.0.0.1", KEY))


def test_an_answer_that_quotes_the_key_is_told(endpoint: ModelEndpoint) -> None:
    answer = answered(ask(endpoint, quotes_headers))
    assert "Bearer ***" in answer.text
    assert any("masked" in finding for finding in answer.findings)


def test_an_endpoint_without_a_key_is_sent_none_that_was_set_for_another(
    endpoint: ModelEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1")
    answered(ask(endpoint, answers("42"), key=None))
    assert KEY not in repr(endpoint.seen)
    assert "authorization" not in endpoint.seen[0].headers


def test_what_is_sent_to_a_local_endpoint_goes_through_no_proxy(
    endpoint: ModelEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert failed(ask(endpoint)).kind is Kind.UNREACHABLE
    assert answered(ask(endpoint, location=Location.LOCAL)).text == "ok"


def test_cancelling_a_question_is_not_held_up(endpoint: ModelEndpoint) -> None:
    async def cancelled() -> None:
        client = Client(Endpoint(location=Location.CLOUD), Address(endpoint.base_url, KEY), Redactor([KEY]))
        asking = asyncio.create_task(client.ask(QUESTION))
        await asyncio.to_thread(endpoint.asked.wait, 20)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await client.close()

    endpoint.script[:] = [hangs]
    asyncio.run(asyncio.wait_for(cancelled(), 30))


def test_the_models_of_an_endpoint(endpoint: ModelEndpoint) -> None:
    async def listed() -> tuple[str, ...] | Failed:
        client = Client(Endpoint(location=Location.CLOUD), Address(endpoint.base_url, KEY), Redactor([KEY]))
        try:
            return await client.models(5.0)
        finally:
            await client.close()

    assert asyncio.run(listed()) == ("small", "large")
    for none in (replies(404, b""), replies(200, {"data": 7}), replies(200, b"<html>"), fails(403), fails(501)):
        endpoint.models = none
        assert asyncio.run(listed()) == ()
