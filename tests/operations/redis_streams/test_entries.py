"""Ids are read as Redis writes them, and stand in its order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.operations.redis_streams.entries import BEGINNING, END, EntryId

NUMBERS = st.integers(0, 2**64 - 1) | st.sampled_from([0, 1, 2**64 - 1])
IDS = st.builds(EntryId, NUMBERS, NUMBERS)


@given(IDS)
def test_what_is_written_is_read(entry):
    assert EntryId.read(str(entry)) == entry


@given(IDS, IDS)
def test_nothing_stands_between_an_id_and_its_neighbours(entry, other):
    assert not entry < other < entry.next
    assert not entry.previous < other < entry
    if entry != END:
        assert entry.next.previous == entry


def test_the_first_and_the_last_have_no_further_neighbour():
    assert (BEGINNING.previous, END.next) == (BEGINNING, END)


def test_an_id_without_a_sequence_is_the_first_of_its_millisecond():
    assert EntryId.read("1700000000000") == EntryId(1_700_000_000_000, 0)


@pytest.mark.parametrize(
    "text", ["", "-", "+", "$", "1-", "-1", "1-2-3", "a", "1.5", "\u0661-0", str(2**64), f"0-{2**64}"]
)
def test_nothing_else_is_an_id(text):
    with pytest.raises(ValueError, match="is no id of an entry"):
        EntryId.read(text)
