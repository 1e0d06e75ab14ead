from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.agents.events import Event, NotAnEvent, from_record, to_record
from omni_assets.agents.terms import deadline, idempotency_key, moment, requeue_of, stated

ZONES = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
NEAR = st.builds(datetime.fromtimestamp, st.floats(0, 4e9), ZONES)


def event(**extensions: str) -> Event:
    return Event("1", "/tests", "asked", extensions=extensions)


def test_an_event_that_asks_for_nothing() -> None:
    assert (deadline(event()), idempotency_key(event()), requeue_of(event(), "echo")) == (None, None, None)
    assert (idempotency_key(event(idempotencykey="")), requeue_of(event(requeueof=""), "echo")) == (None, None)


def test_a_letter_is_sent_again_to_the_node_that_could_not_do_it() -> None:
    letter = event(requeueof="r1", requeuefor="echo")
    assert (requeue_of(letter, "echo"), requeue_of(letter, "auditor")) == ("r1", None)


@given(NEAR)
def test_a_moment_is_read_as_it_was_said(said: datetime) -> None:
    assert moment(said.isoformat()) == moment(stated(said)) == said


@given(NEAR, st.text(min_size=1), st.text(min_size=1))
def test_what_an_event_asks_for_travels_with_it(said: datetime, key: str, letter: str) -> None:
    asked = event(expirytime=stated(said), idempotencykey=key, requeueof=letter)
    try:
        record = to_record(asked, None)
    except NotAnEvent:
        return  # what no header can carry
    read = from_record(*record)
    assert (deadline(read), idempotency_key(read), requeue_of(read, "echo")) == (said, key, letter)


@pytest.mark.parametrize("text", ["2026-03-01t12:00:00z", "2026-03-01T13:30:00.000+01:30", "2026-03-01T12:00:00Z"])
def test_the_forms_of_rfc_3339(text: str) -> None:
    assert moment(text) == datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "now", "20260301T120000Z", "2026-03-01T12:00Z", "2026-03-01T12:00:60Z", "0001-01-01T00:00:00+14:00"]
)
def test_what_is_no_moment_is_named(text: str) -> None:
    with pytest.raises(NotAnEvent, match="its attribute `expirytime` cannot be used: `"):
        deadline(event(expirytime=text))


@given(st.one_of(st.text(), st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,12}[Z+-][0-9:]*", fullmatch=True)))
def test_whatever_stands_there_is_read_or_refused(text: str) -> None:
    with suppress(ValueError):
        assert moment(text).tzinfo is UTC
