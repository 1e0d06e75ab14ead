"""Tables as few bytes: nothing is lost on the way, and the same table gives the same bytes."""

from __future__ import annotations

import base64
import gzip
import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.contracts.text import visible
from omni_assets.operations.report.packing import column_document, column_values, packed, table_document
from omni_assets.operations.report.tables import Column, Kind, Table

HEXADECIMAL = st.text("0123456789abcdef", min_size=10, max_size=10)
VALUES = st.one_of(
    st.lists(st.integers(-(2**53), 2**53)),
    st.lists(st.sampled_from(["done", "failed", None])),
    st.lists(HEXADECIMAL, min_size=8),
    st.lists(st.sampled_from(["0a", "ff"]), min_size=8),
    st.lists(st.text(), min_size=8),
    st.lists(st.one_of(st.none(), st.text(), st.integers(-(2**53), 2**53))),
)


def one_column(values, kind=Kind.TEXT, **changed):
    return Table(
        "t", "T", (Column("a", "A", kind, **changed),), tuple((each,) for each in values), "a", ("a",), "nothing"
    )


def packed_values(table, others=None):
    document = json.loads(json.dumps(table_document(table, others)))
    return document["columns"][0]["values"]


@given(VALUES)
def test_a_column_comes_out_as_it_went_in_with_its_texts_made_safe(values):
    expected = [visible(each) if isinstance(each, str) else each for each in values]
    assert column_values(packed_values(one_column(values))) == expected


@given(st.lists(st.none() | st.text()))
def test_lines_stay_lines_each_made_safe(values):
    expected = [each and "\n".join(map(visible, each.split("\n"))) for each in values]
    assert column_values(packed_values(one_column(values, Kind.LINES))) == expected


@given(st.lists(HEXADECIMAL, unique=True), st.lists(st.none() | HEXADECIMAL))
def test_a_column_that_refers_to_another_table_names_its_rows(there, asked):
    others = {"u": one_column(there)}
    document = packed_values(one_column([*asked, *there], refers="u.a"), others)
    assert (document["table"], document["column"]) == ("u", "a")
    which = column_values(document["which"])
    assert [None if each is None else there[each] for each in which] == [
        each if each in there else None for each in [*asked, *there]
    ]


@pytest.mark.parametrize(
    ("values", "form"),
    [
        ([1_000_000 - each for each in range(100)], "steps"),
        ([(each * 7919) % 1000 for each in range(100)], "list"),
        (["done"] * 90 + ["failed"] * 10, "words"),
        ([None] * 100, "list"),
        ([str(each) for each in range(100)], "lines"),
        ([f"{each:010x}" for each in range(100)], "bytes"),
        ([f"line\n{each}" for each in range(100)], "list"),
        ([1, None] * 50, "list"),
        ([], "list"),
    ],
)
def test_a_column_takes_the_form_that_is_short(values, form):
    assert form in column_document(values)


@given(st.dictionaries(st.text(), st.text()))
def test_packed_is_letters_that_no_markup_has_a_meaning_for(document):
    text = packed(document)
    assert set(text) <= set(string.ascii_letters + string.digits + "+/=")
    assert json.loads(gzip.decompress(base64.b64decode(text))) == document
    assert packed(document) == text


def test_a_table_without_rows_keeps_its_columns():
    table = Table("t", "T", (Column("a", "A"), Column("b", "B", Kind.NUMBER)), (), "a", ("a",), "nothing")
    document = table_document(table)
    assert [column["key"] for column in document["columns"]] == ["a", "b"]
    assert [column_values(column["values"]) for column in document["columns"]] == [[], []]
    assert document["length"] == 0
