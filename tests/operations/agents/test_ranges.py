"""From where to where: how people say it, and what of a log that is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.errors import InputError
from omni_assets.operations.agents.ranges import read_bound, spans

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("2026-02-01", datetime(2026, 2, 1, tzinfo=UTC)),
        ("2026-02-01T10:30", datetime(2026, 2, 1, 10, 30, tzinfo=UTC)),
        ("2026-02-01T10:30:00.5Z", datetime(2026, 2, 1, 10, 30, 0, 500_000, tzinfo=UTC)),
        ("2026-02-01T10:30+02:00", datetime(2026, 2, 1, 8, 30, tzinfo=UTC)),
        (" 2h ", NOW - timedelta(hours=2)),
        ("15min", NOW - timedelta(minutes=15)),
        ("7d", NOW - timedelta(days=7)),
        ("start", datetime(1970, 1, 1, tzinfo=UTC)),
        ("0:1200", {0: 1200}),
        ("2:7,0:1200", {0: 1200, 2: 7}),
    ],
)
def test_bounds_are_read_as_people_write_them(text, bound):
    assert read_bound(text, NOW) == bound


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01", "12", "-2h", "0:", "0:1,", "a:1", "0:-1", "9999999d", "0:1 1:2"]
)
def test_what_is_no_bound_is_named(text):
    with pytest.raises(InputError, match="is no place in a topic"):
        read_bound(text, NOW)


def test_a_partition_that_is_named_twice_has_no_offset():
    with pytest.raises(InputError, match="names a partition twice"):
        read_bound("0:1,0:2", NOW)


_PARTITIONS = st.integers(0, 4)
_OFFSETS = st.integers(0, 30)


@given(
    st.dictionaries(_PARTITIONS, st.tuples(_OFFSETS, _OFFSETS).map(lambda ends: range(min(ends), max(ends)))),
    st.dictionaries(_PARTITIONS, _OFFSETS),
    st.dictionaries(_PARTITIONS, _OFFSETS),
)
def test_spans_are_what_lies_in_the_log_and_between_both_bounds_and_nothing_else(log, start, end):
    found = spans(log, start, end)
    held = {(each, offset) for each, span in found.items() for offset in span}
    assert held == {
        (each, offset)
        for each, offsets in log.items()
        for offset in offsets
        if each in start and each in end and start[each] <= offset < end[each]
    }
    assert all(found.values())
