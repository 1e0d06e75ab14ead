"""Tables that would make a page too large lose rows: never a bad one before one that is not, and never in silence."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.operations.report.fitting import _level, fitted
from omni_assets.operations.report.gathering import gather
from omni_assets.operations.report.packing import packed, table_document
from omni_assets.operations.report.page import page
from omni_assets.operations.report.tables import Column, Kind, Table
from omni_assets.operations.report.writing import parts
from tests.support.reported import NOW

COLUMNS = (Column("at", "At", Kind.TIME), Column("mark", "Mark", Kind.MARK), Column("text", "Text"))


def table(name, rows):
    chance = random.Random(name)
    found = tuple(
        (1_000 - each, "failed" if each % 10 == 9 else "done", f"{chance.getrandbits(80):020x}") for each in range(rows)
    )
    return Table(name, name, COLUMNS, found, "-at", ("text",), "none")


def size(tables):
    return sum(len(packed(table_document(each, tables))) for each in tables.values())


@pytest.mark.parametrize("excess", [1, 2_000, 9_000, 10**9])
def test_the_largest_lose_rows_the_oldest_good_ones_first(excess):
    tables = {"small": table("small", 20), "large": table("large", 500), "larger": table("larger", 900)}
    found = fitted(tables, excess)
    assert size(found) <= size(tables) - excess or not any(each.rows for each in found.values())
    assert sum(each.left_out for each in found.values()) > 0
    assert found["small"].left_out == 0 or excess == 10**9
    for name, each in found.items():
        before = tables[name].rows
        assert len(each.rows) + each.left_out == len(before)
        assert each.rows == tuple(row for row in before if row in set(each.rows))
        for mark in ("failed", "done"):
            of_mark = [row for row in before if row[1] == mark]
            kept = [row for row in each.rows if row[1] == mark]
            assert kept == of_mark[: len(kept)]
        if any(row[1] == "done" for row in each.rows):
            assert sum(row[1] == "failed" for row in each.rows) == sum(row[1] == "failed" for row in before)


@given(st.lists(st.integers(0, 1_000), min_size=1), st.integers(0, 10_000))
def test_the_level_is_the_most_that_each_may_have(sizes, room):
    if sum(sizes) > room:
        most = _level(sizes, room)
        assert sum(min(each, most) for each in sizes) <= room
        assert sum(min(each, most + 1) for each in sizes) > room - len(sizes)


def test_a_page_is_no_larger_than_it_may_be_and_says_what_is_left_out(project):
    content = gather(project, NOW)
    whole = len(page(content, parts()).encode())
    text = page(content, parts(), whole - 3_000)
    assert len(text.encode()) <= whole - 3_000
    assert "rows of Receipts of the router" in text
    assert "Left out are" not in page(content, parts(), whole)
