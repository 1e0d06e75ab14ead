"""What an endpoint replied, read: an answer, or why there is none. Pure.

Servers that speak OpenAI's chat completions differ in the small: llama.cpp, vLLM, Ollama and the routers before them
leave out usage, give content in parts or none at all, report errors with status 200 and name things in their own way.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Any

from omni_assets.contracts.text import visible
from omni_assets.router.calling.failures import Failed, Kind
from omni_assets.router.money.pricing import estimate_tokens, most_input_tokens
from omni_assets.router.values import FinishReason, Usage

MOST_MESSAGE = 300
"""Characters of an endpoint's own words that a message quotes."""

MOST_TOKENS = 10**9
"""A larger count is no count of one call's tokens."""

MOST_WAIT = 86_400.0
"""Seconds beyond which it does not matter how much longer an endpoint wants to be left alone."""

_CONTEXT = re.compile(
    r"context[_ ](?:length|size|window)|maximum context|exceed_context|(?:prompt|input) is too long|too many tokens",
    re.IGNORECASE,
)
_HALVES = re.compile("[\ud800-\udfff]")
_QUOTA = re.compile(r"insufficient_quota|insufficient (?:balance|credits?|funds)|billing", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Question:
    """What one model is asked. ``served_name`` is what the endpoint calls it. ``temperature`` is as in OpenAI's API: 0
    for the likeliest answer.
    """

    served_name: str
    system: str
    user: str
    max_output_tokens: int
    temperature: float

    @property
    def prompt(self) -> str:
        """Both texts."""
        return self.system + self.user


@dataclass(frozen=True, slots=True)
class Answer:
    """An output. ``findings`` are clauses about what the endpoint should not have said."""

    text: str
    finish_reason: FinishReason
    usage: Usage
    findings: tuple[str, ...] = ()


def read(status: int, headers: Mapping[str, str], body: bytes, asked: Question) -> Answer | Failed:
    """The reply to a question, of this HTTP ``status``."""
    document = _document(body)
    if status != 200:
        return _refusal(status, headers, document)
    if not isinstance(document, dict):
        return Failed(Kind.NOT_JSON, f"the reply is {_described(headers, body)}, no JSON object")
    choices = document.get("choices")
    if not isinstance(choices, list) or not choices:
        return _error_within(document) or Failed(Kind.MALFORMED, "the reply holds no choice")
    choice = choices[0]
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        return _error_within(choice) or Failed(Kind.MALFORMED, "the reply's choice holds no message")
    return _answer(document, choice, message, asked)


def models(status: int, headers: Mapping[str, str], body: bytes) -> tuple[str, ...] | Failed:
    """The names that an endpoint lists, by the HTTP ``status`` and what comes with it. Empty where it answers, and its
    answer is no such list: many have none, and some want a key in another header there, or one that may do more, than
    for asking a model.
    """
    document = _document(body)
    if status >= 500 and status != 501:
        return _refusal(status, headers, document)
    listed = document.get("data") if isinstance(document, dict) else None
    names = (each.get("id") for each in listed if isinstance(each, dict)) if isinstance(listed, list) else ()
    return tuple(name for name in names if isinstance(name, str))


def listing(status: int, headers: Mapping[str, str], body: bytes) -> tuple[str, ...] | Failed:
    """As ``models``, and where the list is refused, why."""
    return _refusal(status, headers, _document(body)) if status >= 400 else models(status, headers, body)


def blamed_parameter(body: bytes) -> str | None:
    """The parameter that a model does not take, where an error says so."""
    document = _document(body)
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict) or error.get("code") not in ("unsupported_parameter", "unsupported_value"):
        return None
    name = error.get("param")
    return name if isinstance(name, str) else None


def _document(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _answer(
    document: dict[str, Any], choice: dict[str, Any], message: dict[str, Any], asked: Question
) -> Answer | Failed:
    text, reasoning = _text(message.get("content")), _text(message.get("reasoning_content") or message.get("reasoning"))
    finish_reason = _FINISH.get(str(choice.get("finish_reason")).lower(), FinishReason.UNKNOWN)
    usage, findings = _usage(document.get("usage"), text + reasoning, asked)
    if text.strip():
        return Answer(text, finish_reason, usage, findings)
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal:
        return Failed(Kind.DECLINED, f"the model declined: {quoted(refusal)}", usage)
    if finish_reason is FinishReason.CONTENT_FILTER:
        return Failed(Kind.DECLINED, "the endpoint's content filter held the answer back", usage)
    if message.get("tool_calls") or message.get("function_call"):
        return Failed(Kind.NO_TEXT, "the model wanted to call a tool, and there is none", usage)
    if reasoning and finish_reason is FinishReason.LENGTH:
        return Failed(Kind.NO_TEXT, f"all of {asked.max_output_tokens} output tokens went into reasoning", usage)
    within = _error_within(choice)
    return replace(within, usage=usage) if within else Failed(Kind.NO_TEXT, "the answer has no text", usage)


def _text(content: object) -> str:
    """Content as text that can be encoded: itself, or its parts that are text one after the other."""
    if isinstance(content, list):
        parts = (part.get("text") if isinstance(part, dict) else part for part in content)
        content = "".join(part for part in parts if isinstance(part, str))
    return _HALVES.sub("\N{REPLACEMENT CHARACTER}", content) if isinstance(content, str) else ""


def _usage(reported: object, output: str, asked: Question) -> tuple[Usage, tuple[str, ...]]:
    """The tokens as reported, or estimated where that is missing or cannot be; what cannot be is a finding."""
    estimate = Usage(input_tokens=estimate_tokens(asked.prompt), output_tokens=estimate_tokens(output), reported=False)
    if not isinstance(reported, dict):
        return estimate, ()
    given, answered = _tokens(reported.get("prompt_tokens")), _tokens(reported.get("completion_tokens"))
    if given is None or answered is None:
        return estimate, ("its usage is no count of tokens, so they are estimated",)
    if (asked.prompt and not given) or (output and not answered):
        return estimate, ("it reports no tokens for a text that has some, so they are estimated",)
    details = reported.get("prompt_tokens_details")
    cached = _tokens(
        details.get("cached_tokens") if isinstance(details, dict) else reported.get("prompt_cache_hit_tokens")
    )
    findings = []
    bound = most_input_tokens(len(asked.prompt.encode(errors="surrogatepass")))
    if given > bound:
        findings.append(f"it reports {given:,} input tokens, and the prompt cannot have more than {bound:,}")
    if answered > asked.max_output_tokens:
        findings.append(f"it reports {answered:,} output tokens, and {asked.max_output_tokens:,} were the limit")
    usage = Usage(input_tokens=given, output_tokens=answered, cached_tokens=min(cached or 0, given), reported=True)
    return usage, tuple(findings)


def _tokens(count: object) -> int | None:
    return count if type(count) is int and 0 <= count <= MOST_TOKENS else None


def _refusal(status: int, headers: Mapping[str, str], document: object) -> Failed:
    """A reply that says by its status that there is no answer."""
    said = _said(document)
    message = f"HTTP {status}" + (f": {said}" if said else "")
    if 300 <= status < 400:
        return Failed(Kind.REDIRECTED, f"{message}: it sends calls elsewhere, which is not followed")
    kind = _STATUS.get(status) or (Kind.SERVER_ERROR if status >= 500 else Kind.REFUSED)
    if kind is Kind.RATE_LIMITED and _QUOTA.search(said):
        return Failed(Kind.QUOTA, message)
    if kind in {Kind.REFUSED, Kind.SERVER_ERROR} and _CONTEXT.search(said):
        return Failed(Kind.CONTEXT_EXCEEDED, message)
    return Failed(kind, message, retry_after=retry_after(headers, datetime.now(UTC)))


def _error_within(document: object) -> Failed | None:
    """An error that is reported within a reply of status 200."""
    error = document.get("error") if isinstance(document, dict) else None
    if not error:
        return None
    code = error.get("code") if isinstance(error, dict) else None
    status = code if type(code) is int and 400 <= code < 600 else 500
    return _refusal(status, {}, document)


def _said(document: object) -> str:
    """An endpoint's own words about an error, bounded and without anything that a terminal would obey."""
    if not isinstance(document, dict):
        return ""
    error = document.get("error", document)
    if not isinstance(error, dict):
        return quoted(str(error))
    words = [error[key] for key in ("code", "type", "message", "detail") if isinstance(error.get(key), str)]
    return quoted(", ".join(words))


def quoted(text: str) -> str:
    """``text`` as a message quotes it: on one line, bounded, and without anything that a terminal would obey."""
    shown = visible(" ".join(text[: 2 * MOST_MESSAGE].split()))
    return shown if len(shown) <= MOST_MESSAGE else f"{shown[: MOST_MESSAGE - 1]}…"


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds from ``now`` that ``Retry-After`` asks for, as a number or a date (RFC 9110, 10.2.3)."""
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            then = parsedate_to_datetime(value)
        except (ValueError, IndexError, TypeError, OverflowError):
            return None
        seconds = ((then if then.tzinfo else then.replace(tzinfo=UTC)) - now).total_seconds()
    return None if math.isnan(seconds) else min(max(seconds, 0.0), MOST_WAIT)


def _described(headers: Mapping[str, str], body: bytes) -> str:
    """What a reply is, where it is not what it should be."""
    if not body:
        return "empty"
    kind = quoted(headers.get("content-type", "").partition(";")[0].strip())
    return f"{kind or 'of no stated type'} ({len(body):,} bytes)"


_FINISH: Mapping[str, FinishReason] = MappingProxyType(
    {
        **{reason.value: reason for reason in FinishReason},
        "eos": FinishReason.STOP,
        "eos_token": FinishReason.STOP,
        "stop_sequence": FinishReason.STOP,
        "end_turn": FinishReason.STOP,
        "max_tokens": FinishReason.LENGTH,
        "model_length": FinishReason.LENGTH,
        "safety": FinishReason.CONTENT_FILTER,
        "function_call": FinishReason.TOOL_CALLS,
    }
)
_STATUS: Mapping[int, Kind] = MappingProxyType(
    {
        401: Kind.UNAUTHORIZED,
        402: Kind.QUOTA,
        403: Kind.UNAUTHORIZED,
        404: Kind.NO_SUCH_MODEL,
        408: Kind.GATEWAY_ERROR,
        413: Kind.CONTEXT_EXCEEDED,
        425: Kind.SERVER_ERROR,
        429: Kind.RATE_LIMITED,
        501: Kind.REFUSED,
        502: Kind.GATEWAY_ERROR,
        504: Kind.GATEWAY_ERROR,
        522: Kind.UNREACHABLE,
        524: Kind.GATEWAY_ERROR,
    }
)
