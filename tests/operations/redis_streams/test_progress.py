"""How far a stream was copied is kept as text, and held against the stream that is there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.broker.intake import Incoming, Reached
from omni_assets.operations.redis_streams.copies import Form
from omni_assets.operations.redis_streams.entries import BEGINNING, EntryId, Stream
from omni_assets.operations.redis_streams.progress import Progress

FORM = Form("order")
LAST = EntryId(9, 0)
HERE = "redis.example:6379/0"
RECORD = Incoming("5-1", b"k", b"v", (), 0)
NAMES = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def stream(last: EntryId = LAST, added: int | None = 12, length: int = 10) -> Stream:
    return Stream("orders", length, EntryId(1, 0), last, added)


def copied(**more) -> Progress:
    return Progress.begin(stream(**more), HERE, FORM).past([Incoming("1-0", None, b"", (), 0), RECORD])


@given(NAMES, NAMES, st.none() | st.integers(10, 99), st.text("ab.:/0", max_size=9))
def test_what_is_kept_is_read(key, value, added, address):
    progress = Progress.begin(stream(added=added), address, Form(key, value)).past([RECORD])
    assert Progress.read(Reached(str(progress.after), progress.copied, progress.text)) == progress


@pytest.mark.parametrize(
    "reached", [Reached("5-1", 1, ""), Reached("5-1", 1, "{}"), Reached("x", 1, copied().text), Reached("1", 1, "[1]")]
)
def test_what_somebody_else_wrote_is_not_read(reached):
    with pytest.raises(ValueError):  # noqa: PT011 - pydantic's and ours
        Progress.read(reached)


def test_it_begins_before_the_first_entry_or_where_somebody_says():
    assert Progress.begin(stream(), HERE, FORM).after == BEGINNING
    assert Progress.begin(stream(), HERE, FORM, EntryId(4, 0)).after == EntryId(4, 0)


def test_it_goes_on_behind_the_last_of_the_records():
    progress = copied()
    assert (progress.after, progress.copied, progress.checksum) == (EntryId(5, 1), 2, RECORD.checksum)


def test_entries_that_were_deleted_before_they_could_be_copied_are_counted():
    progress = copied()  # two entries were gone before it began
    assert progress.missed(stream(added=4)) == 0
    assert progress.missed(stream(added=9)) == 5


@pytest.mark.parametrize("progress", [copied(added=None), Progress(EntryId(5, 1), 2, "1")])
def test_where_redis_or_the_topic_does_not_say_that_is_not_known(progress):
    assert progress.missed(stream(added=9)) is None
    assert copied().missed(stream(added=None)) is None


def test_the_same_entry_is_the_same_stream_wherever_it_moved():
    assert copied().doubt(stream(), RECORD, "elsewhere:6379/0", FORM) == ""
    assert copied().at("elsewhere:6379/0", FORM).terms.address == "elsewhere:6379/0"
    assert copied().at("elsewhere:6379/0", FORM).missed(stream(added=4)) == 0


def test_an_entry_that_was_deleted_is_no_doubt_at_the_same_server():
    assert copied().doubt(stream(), None, HERE, FORM) == ""


@pytest.mark.parametrize(
    ("found", "address", "form", "more", "why"),
    [
        (None, "elsewhere:6379/0", FORM, {}, f"from {HERE}, and whether it is the same stream is not known"),
        (RECORD._replace(value=b"w"), HERE, FORM, {}, "is not the one that was copied"),
        (RECORD._replace(key=b"w"), HERE, FORM, {}, "is not the one that was copied"),
        (None, HERE, FORM, {"last": EntryId(5, 0)}, "which this stream never had: it is another one"),
        (None, HERE, FORM, {"added": 3}, "2 of its entries were copied, and this stream never had so many"),
        (RECORD, HERE, Form(), {}, "it was begun with --key order and no --value"),
        (RECORD, HERE, Form("order", "data"), {}, "it was begun with --key order and no --value"),
    ],
)
def test_another_stream_or_another_form_is_told(found, address, form, more, why):
    assert why in copied().doubt(stream(**more), found, address, form)


def test_what_the_records_of_the_topic_tell_is_held_against_the_stream_too():
    scanned = Progress(EntryId(5, 1), 2, RECORD.checksum)
    assert scanned.doubt(stream(), RECORD, HERE, FORM) == ""
    assert "is not known" in scanned.doubt(stream(), None, HERE, FORM)


def test_before_the_first_record_there_is_no_doubt_and_nothing_to_keep():
    began = Progress.begin(stream(), HERE, FORM)
    assert began.doubt(stream(last=BEGINNING), None, "elsewhere", FORM) == ""
    with pytest.raises(ValueError, match="nothing was copied yet"):
        _ = began.text
