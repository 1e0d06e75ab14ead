"""Nothing of an entry is lost in the record that it becomes, whatever its bytes are."""

from __future__ import annotations

import json
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.operations.redis_streams.copies import BASE64, STREAMS_SINCE_MS, Form, Unfit, copy_of, time_of
from omni_assets.operations.redis_streams.entries import Entry, EntryId

NOW = 1_800_000_000_000
AT = EntryId(1_700_000_000_000, 3)
NAMES = st.text(max_size=5).map(lambda name: name.encode(errors="ignore"))
FIELDS = st.lists(st.tuples(NAMES, st.binary(max_size=8) | NAMES), max_size=6).map(tuple)


def fields_of(value: bytes, headers) -> list[tuple[bytes, bytes]]:
    """The fields that a record's value states, those of one name together."""
    encoded = json.loads(dict(headers).get(BASE64, b"[]"))
    return [
        (name.encode(), b64decode(text) if name in encoded else text.encode())
        for name, texts in json.loads(value).items()
        for text in ([texts] if isinstance(texts, str) else texts)
    ]


@given(FIELDS)
def test_all_fields_are_in_the_document_in_their_order(fields):
    record = copy_of(Entry(AT, fields), Form(), NOW)
    first_of = {name: number for number, (name, _) in reversed(list(enumerate(fields)))}
    assert fields_of(record.value, record.headers) == sorted(fields, key=lambda each: first_of[each[0]])


@given(FIELDS, st.binary(max_size=8))
def test_a_payload_is_the_value_byte_for_byte_and_the_others_are_headers(fields, payload):
    others = tuple(each for each in fields if each[0] != b"data")
    record = copy_of(Entry(AT, (*others, (b"data", payload))), Form(value="data"), NOW)
    assert record.value == payload
    assert record.headers == tuple((name.decode(), value) for name, value in others)


@given(FIELDS, st.sampled_from([Form(), Form("order"), Form("order", "data")]), st.integers(NOW, 2 * NOW))
def test_the_same_entry_is_the_same_record_whenever_it_is_copied(fields, form, later):
    entry = Entry(AT, (*fields, (b"data", b"")))
    assert copy_of(entry, form, NOW) == copy_of(entry, form, later)


def test_a_key_is_the_first_of_its_fields_and_decides_where_a_record_goes():
    entry = Entry(AT, ((b"a", b"1"), (b"order", b"\xff"), (b"order", b"2")))
    record = copy_of(entry, Form("order"), NOW)
    assert (record.id, record.key, record.partition) == ("1700000000000-3", b"\xff", None)


@pytest.mark.parametrize("form", [Form(), Form("order")])
def test_without_a_key_all_go_to_one_partition(form):
    record = copy_of(Entry(AT, ((b"a", b"1"),)), form, NOW)
    assert (record.key, record.partition) == (None, 0)


@pytest.mark.parametrize(
    ("milliseconds", "at_ms"), [(STREAMS_SINCE_MS, STREAMS_SINCE_MS), (NOW, NOW), (NOW + 1, 0), (1, 0), (2**64 - 1, 0)]
)
def test_an_id_that_is_no_time_up_to_now_is_stamped_when_it_is_written(milliseconds, at_ms):
    assert copy_of(Entry(EntryId(milliseconds, 1), ()), Form(), NOW).at_ms == at_ms


def test_the_time_of_an_id_that_counts_is_not_known():
    assert (time_of(EntryId(7, 0)), time_of(AT)) == (None, 1_700_000_000_000)


def test_what_becomes_no_record_says_which_entry_it_is():
    with pytest.raises(Unfit, match="1700000000000-3 has a field whose name is no UTF-8"):
        copy_of(Entry(AT, ((b"\xff", b"1"),)), Form(), NOW)
    with pytest.raises(Unfit, match="1700000000000-3 has no field `data`"):
        copy_of(Entry(AT, ((b"a", b"1"),)), Form(value="data"), NOW)
