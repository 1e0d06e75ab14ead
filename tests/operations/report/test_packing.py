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

VALUES = st.one_of(
    st.lists(st.integers(-(2**53), 2**53)),
    st.lists(st.sampled_from(["done", "failed", None])),
    st.lists(st.one_of(st.none(), st.text(), st.integers(-(2**53), 2**53))),
)


@given(VALUES)
def test_a_column_comes_out_as_it_went_in_with_its_texts_made_safe(values):
    document = json.loads(json.dumps(column_document(values)))
    assert column_values(document) == [visible(each) if isinstance(each, str) else each for each in values]


@pytest.mark.parametrize(
    ("values", "form"),
    [
        ([1_000_000 - each for each in range(100)], "steps"),
        (["done"] * 90 + ["failed"] * 10, "words"),
        ([None] * 100, "words"),
        ([str(each) for each in range(100)], "list"),
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
