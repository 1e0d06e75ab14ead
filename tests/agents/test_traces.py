from __future__ import annotations

from datetime import UTC, datetime

import pytest

from omni_assets.agents.approvals import SOURCE
from omni_assets.agents.events import Event, from_record, to_record
from omni_assets.agents.traces import created, trace_extensions, trace_of
from omni_assets.telemetry.trace_context import NewTrace, TraceContext

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b9c7c989f97918e1-01"


def told(**extensions: str) -> Event:
    return Event("e1", SOURCE, "onex.evt.a.b.v1", time=datetime.now(UTC), extensions=extensions)


def test_a_place_goes_with_an_event_and_comes_back():
    place = TraceContext("0af7651916cd43dd8448eb211c80319c", "b9c7c989f97918e1", 1, "vendor=1,other=2")
    event = told(**trace_extensions(place))
    record = to_record(event, b"k")
    headers = dict(record.headers)
    assert headers["ce_traceparent"] == PARENT.encode()
    assert headers["ce_tracestate"] == b"vendor=1,other=2"
    assert trace_of(from_record(*record)) == place


def test_an_event_without_a_place_has_no_headers_of_one():
    assert trace_extensions(None) == {}
    assert trace_of(told()) is None
    assert "ce_tracestate" not in dict(to_record(told(traceparent=PARENT), None).headers)


@pytest.mark.parametrize(
    "traceparent", ["", "00-nonsense-01", PARENT.upper(), f"{PARENT}-00", PARENT.replace("b9c7", "0000") + "0"]
)
def test_what_is_malformed_is_passed_on_by_nobody(traceparent):
    """The event itself is no worse for it: it is worked on, in a trace of its own."""
    assert trace_of(told(traceparent=traceparent, tracestate="vendor=1")) is None


def test_a_malformed_state_is_left_out():
    place = trace_of(told(traceparent=PARENT, tracestate="not a state"))
    assert place is not None
    assert trace_extensions(place) == {"traceparent": PARENT}


def test_nothing_is_made_up_where_nobody_is_told():
    with created("onex.evt.a.b.v1", "e1", NewTrace()) as place:
        assert place is None
