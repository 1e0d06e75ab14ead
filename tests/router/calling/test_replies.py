from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.contracts.text import visible
from omni_assets.router.calling import replies
from omni_assets.router.calling.failures import Failed, Kind
from omni_assets.router.calling.replies import Answer, Question, read

QUESTION = Question("small", "You are terse.", "What is 6 times 7?", 64, 0.0)

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)


def members(**named: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """An object with some of those members, each as it should be or anything else; or anything else in its place."""
    return st.fixed_dictionaries({}, optional={name: each | anything for name, each in named.items()}) | anything


usage = members(
    prompt_tokens=st.integers(),
    completion_tokens=st.integers(),
    prompt_tokens_details=members(cached_tokens=st.integers()),
)
message = members(
    content=st.text() | st.lists(members(text=st.text())),
    refusal=st.text(),
    reasoning_content=st.text(),
    tool_calls=st.lists(anything),
)
choice = members(message=message, finish_reason=st.sampled_from(["stop", "length", "content_filter", "eos"]))
error = members(message=st.text(), code=st.integers(0, 999) | st.text(), type=st.text(), param=st.text())
reply = members(choices=st.lists(choice, max_size=2), usage=usage, error=error | st.none())
bodies = st.one_of(reply.map(lambda document: json.dumps(document).encode()), st.binary(max_size=200))
headers = st.dictionaries(st.sampled_from(["content-type", "retry-after"]), st.text(max_size=30))


@given(st.integers(0, 999), headers, bodies)
def test_whatever_is_replied_is_an_answer_or_has_a_reason(status: int, headers: dict[str, str], body: bytes) -> None:
    read_as = read(status, headers, body, QUESTION)
    if isinstance(read_as, Answer):
        assert status == 200
        assert read_as.text.strip()
        read_as.text.encode()
    else:
        assert visible(read_as.message) == read_as.message
        assert 0 < len(read_as.message) < 2 * replies.MOST_MESSAGE
        assert read_as.retry_after is None or 0 <= read_as.retry_after <= replies.MOST_WAIT
    if read_as.usage is not None:
        assert read_as.usage.cached_tokens <= read_as.usage.input_tokens <= replies.MOST_TOKENS
    replies.models(status, headers, body)
    replies.blamed_parameter(body)


@pytest.mark.parametrize("status", range(300, 600))
def test_no_status_but_200_is_an_answer(status: int) -> None:
    body = json.dumps({"choices": [{"message": {"content": "42"}}]}).encode()
    assert isinstance(read(status, {}, body, QUESTION), Failed)


def test_an_error_in_place_of_an_answer_has_its_own_kind() -> None:
    body = json.dumps({"error": {"code": 429, "message": "busy"}, "choices": None}).encode()
    failed = read(200, {}, body, QUESTION)
    assert isinstance(failed, Failed)
    assert failed.kind is Kind.RATE_LIMITED
