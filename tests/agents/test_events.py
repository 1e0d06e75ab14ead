"""Events survive their way through a record; what is none is told, whatever it holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from cloudevents.core.bindings import kafka
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.agents.events import Event, NotAnEvent, from_record, to_record

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
STATED = TEXTS.filter(bool)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=12).filter(
    lambda name: (
        name
        not in {"id", "source", "type", "specversion", "subject", "time", "datacontenttype", "data", "dataschema"}
        | {"correlationid", "causationid"}
    )
)
ZONES = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
EVENTS = st.builds(
    Event,
    STATED,
    STATED,
    STATED,
    st.none() | STATED,
    st.none() | st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=ZONES),  # noqa: DTZ001 - given a zone
    st.none() | TEXTS,
    st.none() | TEXTS,
    st.binary(max_size=50),
    st.none() | STATED,
    st.dictionaries(NAMES, TEXTS, max_size=3),
)
MINIMAL = {"ce_id": b"1", "ce_source": b"a", "ce_type": b"b", "ce_specversion": b"1.0"}


@given(EVENTS, st.none() | st.binary(max_size=8))
def test_any_event_comes_back(event: Event, key: bytes | None) -> None:
    record = to_record(event, key)
    assert record.key == key
    assert record.value == event.data
    assert from_record(*record) == event


HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [*MINIMAL, "ce_time", "ce_subject", "content-type", "CE_ID", "ce_", "ce_x\n", "ce_data", "ce_X-y"]
        )
        | st.text(max_size=8),
        st.none()
        | st.sampled_from([b"1.0", b"2026-11-26T01:00:00Z", b"24:00", b"", b"\xff", b"0001-01-01T00:00:00+14:00"])
        | st.binary(max_size=12),
    ),
    max_size=10,
)


@given(st.none() | st.binary(), st.none() | st.binary(), HEADERS, st.booleans())
def test_any_record_is_an_event_or_none(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]], whole: bool
) -> None:
    stated = {name.lower() for name, _ in headers}
    more = [(name, content) for name, content in MINIMAL.items() if whole and name not in stated]
    try:
        event = from_record(key, value, [*headers, *more])
    except NotAnEvent as reason:
        event, told = None, reason.reason
    else:
        told = "it is one"
    assert told
    assert event is None or from_record(*to_record(event, key)) == event


@given(EVENTS)
def test_the_packages_own_reader_reads_the_same(event: Event) -> None:
    record = to_record(event, None)
    read = kafka.from_binary_event(kafka.KafkaMessage(dict(record.headers), None, b""))
    assert (read.get_id(), read.get_source(), read.get_type()) == (event.id, event.source, event.type)
    assert (read.get_subject(), read.get_datacontenttype()) == (event.subject, event.content_type)
    assert read.get_extension("correlationid") == event.correlation_id
    assert read.get_extension("causationid") == event.causation_id
    assert event.time is None or read.get_time() == event.time
    assert {name: read.get_extension(name) for name in event.extensions} == event.extensions


def test_what_the_package_writes_is_read() -> None:
    written = kafka.to_binary_event(
        CloudEvent(
            {"id": "7", "source": "console", "type": "asked", "datacontenttype": "application/json",
             "partitionkey": "k", "time": datetime(2026, 11, 26, tzinfo=UTC), "correlationid": "c"},
            {"text": "hello"},
        )
    )  # fmt: skip
    event = from_record(b"k", written.value, written.headers.items())
    assert (event.id, event.correlation_id, event.time) == ("7", "c", datetime(2026, 11, 26, tzinfo=UTC))
    assert (event.data, event.content_type) == (b'{"text": "hello"}', "application/json")
    assert event.extensions == {"partitionkey": "k"}


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({}, "it has no header `ce_id`"),
        ({"content-type": b"application/cloudevents+json"}, "it has no header `ce_id`"),
        ({**MINIMAL, "ce_id": b""}, "its attribute `id` cannot be used: Attribute 'id' must not be None or empty"),
        ({**MINIMAL, "ce_specversion": b"0.3"}, "its attribute `specversion` cannot be used: .*must be '1.0'"),
        ({**MINIMAL, "ce_time": b"yesterday"}, "."),
        ({**MINIMAL, "ce_time": b"2026-11-26T01:00:00"}, "its attribute `time` cannot be used: .* timezone aware"),
        ({**MINIMAL, "ce_source": b"\xff"}, "an attribute of it is no UTF-8"),
        ({**MINIMAL, "CE_ID": b"2"}, "its header `ce_id` stands twice"),
        ({**MINIMAL, "ce_subject": None}, "its header `ce_subject` is empty"),
        ({**MINIMAL, "ce_no-name": b"x"}, "`no-name` is no name of an attribute"),
        ({**MINIMAL, "content-type": b""}, "."),
    ],
)
def test_why_a_record_is_no_event(headers: dict[str, bytes | None], why: str) -> None:
    with pytest.raises(NotAnEvent, match=why):
        from_record(None, b"{}", headers.items())


def test_a_tombstone_is_none() -> None:
    with pytest.raises(NotAnEvent, match="tombstone"):
        from_record(b"k", None, MINIMAL.items())


def test_nothing_is_made_up() -> None:
    event = from_record(None, b"", MINIMAL.items())
    assert event == Event("1", "a", "b", content_type=None)
    assert dict(to_record(event, None).headers) == MINIMAL


@pytest.mark.parametrize(
    "event",
    [
        Event("", "a", "b"),
        Event("1", "a", "b", subject=""),
        Event("1", "a", "b", time=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))),
        Event("\ud800", "a", "b"),
        Event("1", "a", "b", extensions={"id": "2"}),
        Event("1", "a", "b", extensions={"data": "2"}),
        Event("1", "a", "b", extensions={"no-name": "2"}),
    ],
)
def test_what_no_record_can_be_is_refused(event: Event) -> None:
    with pytest.raises(NotAnEvent):
        to_record(event, None)
