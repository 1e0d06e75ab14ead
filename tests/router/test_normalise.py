"""Outputs unwrapped: what is taken off, what stays, and that it takes no longer than the text is long."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.router.normalise import canonical, normalise, read_json
from omni_assets.router.values import OutputFormat

JSON, CODE, TEXT = OutputFormat.JSON, OutputFormat.CODE, OutputFormat.TEXT
FENCED = "took the JSON out of a code fence"
AROUND = "took the JSON out of the text around it"
MENDED = "mended backslashes and line breaks in strings"

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)
RECORDS = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), VALUES, min_size=1)


@pytest.mark.parametrize(
    ("text", "value", "steps"),
    [
        ('{"label": "bug"}', {"label": "bug"}, ()),
        (' \n{"label": "bug"}\n ', {"label": "bug"}, ()),
        ("7", 7, ()),
        ('```json\n{"a": 1}\n```', {"a": 1}, (FENCED,)),
        ('Sure!\n~~~~\n{"a": 1}\n~~~~\nAnything else?', {"a": 1}, (FENCED,)),
        ('```json\n{"a": 1}', {"a": 1}, (FENCED,)),
        ('```\n[1]\n```\n```\n{"answer": 1, "b": 2}\n```', {"answer": 1, "b": 2}, (FENCED,)),
        ('The answer [1] is {"answer": "A"}, I think.', {"answer": "A"}, (AROUND,)),
        ('{"answer": 1} or rather {"answer": 2}; {"longer than the others": true}', {"answer": 2}, (AROUND,)),
        ("It is\n[1, 2]\nas said.", [1, 2], (AROUND,)),
        ("I cannot tell [1].", None, ()),
        ("An empty set {} or {a, b}.", None, ()),
        (r'{"r": "\(x \alpha\)"}', {"r": r"\(x \alpha\)"}, (MENDED,)),
        ('{"r": "one\ntwo"}', {"r": "one\ntwo"}, (MENDED,)),
        ('{"a": 1, "a": 2}', None, ()),
        ('{"a": NaN}', None, ()),
        ('{"a": 1e999}', None, ()),
        ('{"a": "cut', None, ()),
        ("[" * 100_000, None, ()),
        ("", None, ()),
        ('\ufeff{"a": 1}', {"a": 1}, ("took off a byte order mark",)),
        ('<think>{"a": 2}</think>{"a": 1}', {"a": 1}, ("left out the thoughts before the answer",)),
    ],
)
def test_json_is_unwrapped_and_it_is_said(text: str, value: object, steps: tuple[str, ...]) -> None:
    found = normalise(text, JSON, "answer")
    assert (found.value, found.steps) == (value, steps)
    if value is not None:
        assert read_json(found.text) == value


@given(RECORDS, st.sampled_from(["{}", "```json\n{}\n```", "Here:\n{}\nBye."]))
def test_any_object_comes_back_out_of_its_wrapping(record: dict[str, Any], wrapping: str) -> None:
    written = json.dumps(record)
    found = normalise(wrapping.replace("{}", written), JSON)
    assert json.dumps(found.value) == json.dumps(json.loads(written.encode("utf-8", "replace")))


@given(st.text(), st.sampled_from(OutputFormat))
def test_what_was_unwrapped_stays_as_it_is(text: str, output_format: OutputFormat) -> None:
    once = normalise(text, output_format)
    once.text.encode()
    if output_format is JSON and once.value is not None:
        assert normalise(once.text, JSON).value == once.value
    if output_format is TEXT and not once.text.startswith(("<think", "<thought", "<reasoning", "\ufeff")):
        assert normalise(once.text, TEXT).text == once.text


@pytest.mark.parametrize(
    ("text", "code", "steps"),
    [
        ("x = 1", "x = 1", ()),
        ("Here:\n```python\nx = 1\n```\n", "x = 1", ("took the code out of its fence",)),
        ("```\nx = 1\ny = 2\n```\nRun it:\n```\ngo\n```", "x = 1\ny = 2", ("took the longest of 2 fenced blocks",)),
        ("````\n```\nx\n```\n````", "```\nx\n```", ("took the code out of its fence",)),
        ("```python\nx = 1", "x = 1", ("took the code out of its fence",)),
        ("```python\n```", "", ("took the code out of its fence",)),
        ("x = 1\r\ny = 2\r\n", "x = 1\ny = 2", ("made all line endings alike",)),
        ("a\ud800b", "a\ufffdb", ("replaced halves of characters",)),
        ("<think>never ends", "", ("left out thoughts that never end",)),
    ],
)
def test_code_is_taken_out_of_its_fence(text: str, code: str, steps: tuple[str, ...]) -> None:
    found = normalise(text, CODE)
    assert (found.text, found.steps) == (code, steps)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"answer": "$1,800.0"}', '{"answer": 1800}'),
        ('{"answer": "**Yes.**"}', '{"answer": "yes"}'),
        ('{"answer": "5"}', '{"answer": 5.0}'),
        ('{"answer": "B "}', 'Well: {"answer": "b"}'),
        ('{"answer": [1, {"b": 1, "a": 2}]}', '{"answer": [1, {"a": 2, "b": 1}]}'),
        ('{"answer": "\uff21"}', '{"answer": "a"}'),
    ],
)
def test_answers_that_say_the_same_are_the_same(one: str, other: str) -> None:
    assert normalise(one, JSON, "answer").answer == normalise(other, JSON, "answer").answer is not None


@pytest.mark.parametrize(
    ("one", "other"), [("1", "2"), ('"1,80"', '"180"'), ("true", "1"), ('"a b"', '"ab"'), ("[1]", "[[1]]"), ("0", '""')]
)
def test_answers_that_differ_differ(one: str, other: str) -> None:
    assert normalise(one, JSON).answer != normalise(other, JSON).answer


@pytest.mark.parametrize("text", ['{"other": 1}', '{"answer": null}', "[1]", "no JSON"])
def test_an_answer_that_is_not_there_is_none(text: str) -> None:
    assert normalise(text, JSON, "answer").answer is None


def test_the_answer_of_a_text() -> None:
    assert normalise("First.\n**Answer: 42.**\n", TEXT, "answer").answer == "42"
    assert normalise("It is 42.", TEXT, "answer").answer is None
    assert normalise(" Bug. ", TEXT).answer == "bug"
    assert normalise("word " * 1000, TEXT).answer is None
    assert normalise("x = 1  \n\n\ny = 2", CODE).answer == normalise("x = 1\ny = 2", CODE).answer


@given(st.integers(-(10**30), 10**30) | st.decimals(-(10**9), 10**9, places=3))
def test_a_number_is_what_it_is_worth_however_written(number: int | Decimal) -> None:
    written = canonical(number)
    assert written is not None
    assert Decimal(written) == number
    assert {canonical(f"{number:,}"), canonical(f"${number}"), canonical(f" {number}. ")} == {written}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_compared_by_what_it_is_worth(number: float) -> None:
    written = canonical(number)
    assert written is not None
    assert math.isclose(float(written), number, rel_tol=1e-15)


@pytest.mark.parametrize("text", ["", "{", "NaN", "1e999", '{"a":1,"a":1}', "[" * 5000, "1" * 5000])
def test_what_is_no_json_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        read_json(text)
