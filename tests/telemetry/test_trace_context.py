from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from omni_assets.telemetry.trace_context import TraceContext, read_trace_context

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b9c7c989f97918e1-01"


def hex_of(digits: int) -> st.SearchStrategy[str]:
    return st.integers(1, 16**digits - 1).map(lambda number: f"{number:0{digits}x}")


KEYS = st.from_regex(r"[a-z][a-z0-9_*/-]{0,20}(@[a-z][a-z0-9]{0,8})?", fullmatch=True)
VALUES = st.from_regex(r"[!-+\--<>-~]{1,20}", fullmatch=True)
STATES = st.dictionaries(KEYS, VALUES, max_size=10).map(lambda found: ",".join(f"{k}={v}" for k, v in found.items()))


@given(hex_of(32), hex_of(16), st.integers(0, 3), STATES)
def test_what_is_written_is_read(trace_id, span_id, flags, state):
    place = TraceContext(trace_id, span_id, flags, state)
    assert read_trace_context(place.traceparent, state) == place


@given(hex_of(32), hex_of(16), st.integers(0, 1), STATES)
def test_opentelemetry_reads_the_same(trace_id, span_id, flags, state):
    place = TraceContext(trace_id, span_id, flags, state)
    carrier = {"traceparent": place.traceparent, "tracestate": place.state}
    found = trace.get_current_span(TraceContextTextMapPropagator().extract(carrier)).get_span_context()
    assert trace.format_trace_id(found.trace_id) == trace_id
    assert trace.format_span_id(found.span_id) == span_id
    assert int(found.trace_flags) == flags
    assert dict(found.trace_state) == dict(each.split("=", 1) for each in state.split(",") if each)


@pytest.mark.parametrize(
    "malformed",
    [
        None,
        "",
        "00",
        PARENT.upper(),
        PARENT[:-1],
        PARENT + "0",
        PARENT + "-more",
        "ff" + PARENT[2:],
        PARENT.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32),
        PARENT.replace("b9c7c989f97918e1", "0" * 16),
        PARENT.replace("-", "_"),
        PARENT + "\n",
        "\N{ARABIC-INDIC DIGIT ZERO}" * 2 + PARENT[2:],
        "x" * 100_000,
    ],
)
def test_what_is_malformed_is_nowhere(malformed):
    assert read_trace_context(malformed, "a=1") is None


@given(st.text(max_size=80), st.text(max_size=80))
def test_nothing_that_anybody_writes_raises(parent, state):
    read_trace_context(parent, state)
    found = read_trace_context(PARENT, state)
    assert found is not None
    assert read_trace_context(found.traceparent, found.state) == found


def test_a_later_version_is_read_as_far_as_this_one_goes():
    found = read_trace_context("cc" + PARENT[2:-2] + "ff-what-the-future-will-be-like")
    assert found == TraceContext("0af7651916cd43dd8448eb211c80319c", "b9c7c989f97918e1", 3)


@pytest.mark.parametrize(
    "state", ["a", "=1", "a=1,a=2", "A=1", "a=" + "x" * 300, ",".join(f"k{n}=v" for n in range(33)), "a=1\n"]
)
def test_a_malformed_state_is_left_out_alone(state):
    found = read_trace_context(PARENT, state)
    assert found is not None
    assert found.state == ""
    assert found.traceparent == PARENT


def test_spaces_and_empty_members_of_a_state_are_nothing():
    found = read_trace_context(PARENT, "a=1 , ,b=2")
    assert found is not None
    assert found.state == "a=1,b=2"
