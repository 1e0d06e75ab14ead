"""JSON, and JSON of the shape that is wanted: in bounded steps, with nothing fetched."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from omni_assets.router.gates.gate import Check, Verdict
from omni_assets.router.task import Task
from omni_assets.router.values import OutputFormat

JSON = OutputFormat.JSON


def matched(held: Any, schema: Any, text: str) -> Check:
    return held("matches-schema", text, task=Task(id="t", output_schema=schema), output_format=JSON)


@pytest.mark.parametrize("text", ['{"a": 1}', "null", "0", "[]", '"a"', "```\n{}\n```", 'So: {"a": 1}.'])
@pytest.mark.parametrize("output_format", [JSON, OutputFormat.TEXT])
def test_json_is_json(text: str, output_format: OutputFormat, held: Any) -> None:
    bare = text if output_format is JSON else text.removeprefix("```\n").removesuffix("\n```").removeprefix("So: ")
    assert held("valid-json", bare.removesuffix("."), output_format=output_format).verdict is Verdict.PASSED


@pytest.mark.parametrize("text", ["", "bug", "{", '{"a": 1,}', "{'a': 1}", "NaN", '{"a": 1, "a": 1}', "[" * 9999])
def test_what_is_no_json_is_none(text: str, held: Any) -> None:
    check = held("valid-json", text, output_format=JSON)
    assert check.verdict is Verdict.FAILED
    assert check.evidence.startswith("the output is no JSON: ")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.0, 1.0, 1.5]) | st.text("ab", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abx"), inner, max_size=3),
    max_leaves=6,
)
SCHEMAS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["object", "array", "string", "integer", "number", "null", "boolean"]),
        "properties": st.dictionaries(st.sampled_from("abx"), st.sampled_from([{"type": "integer"}, True, False])),
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "b$", "[ab]"]), st.just({"type": "string"})),
        "additionalProperties": st.sampled_from([True, False, {"type": "null"}]),
        "pattern": st.sampled_from(["^a", "b+", "^[ab]{2}$"]),
        "uniqueItems": st.booleans(),
        "items": st.sampled_from([{"type": "integer"}, {"pattern": "a"}]),
        "required": st.lists(st.sampled_from("abx"), unique=True),
        "enum": st.lists(VALUES, min_size=1, max_size=3),
        "minLength": st.integers(0, 3),
        "anyOf": st.just([{"type": "object"}, {"type": "array"}, {"minimum": 1}]),
        "not": st.just({"const": "a"}),
    },
)


@given(schema=SCHEMAS, value=VALUES)
def test_it_says_what_jsonschema_says(schema: dict[str, Any], value: Any, held: Any) -> None:
    """Four of its keywords are written anew here, for theirs are not bounded."""
    expected = Verdict.PASSED if Draft202012Validator(schema).is_valid(value) else Verdict.FAILED
    check = matched(held, schema, json.dumps(value))
    assert check.verdict is expected, check.evidence


def test_the_place_and_the_reason_are_told(held: Any) -> None:
    schema = {"properties": {"steps": {"items": {"properties": {"id": {"type": "integer"}}}}}}
    check = matched(held, schema, '{"steps": [{"id": 1}, {"id": "two"}]}')
    assert check.evidence == "at `$.steps[1].id`: 'two' is not of type 'integer'"


def test_the_schema_of_the_task_comes_before_that_of_its_class(held: Any) -> None:
    given = {"output_format": JSON, "schema": {"type": "string"}}
    assert held("matches-schema", "1", **given).verdict is Verdict.FAILED
    task = Task(id="t", output_schema={"type": "integer"})
    assert held("matches-schema", "1", task=task, **given).verdict is Verdict.PASSED
    assert held("matches-schema", "1", output_format=JSON).verdict is Verdict.UNKNOWN
    assert held("matches-schema", "one", **given).verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"$ref": "http://127.0.0.1:9/schema.json"}, "refers to `http://127.0.0.1:9/schema.json`, which is not there"),
        ({"$ref": "file:///etc/hostname"}, "refers to `file:///etc/hostname`, which is not there"),
        ({"$ref": "#/$defs/gone"}, "refers to `/$defs/gone`, which is not there"),
        ({"type": 12}, "the schema is none: "),
        ({"pattern": "(?=a)"}, "the pattern `(?=a)` is not judged"),
        ({"pattern": r"(a)\1"}, "is not judged, for it could take for ever"),
        ({"unevaluatedProperties": False, "patternProperties": {"a": True}}, "is not judged"),
        ({"properties": {"a": {"$schema": "http://json-schema.org/draft-07/schema#"}}}, "in several dialects"),
    ],
)
def test_what_cannot_be_judged_is_unknown_and_nothing_is_fetched(
    schema: Any, why: str, held: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    check = matched(held, schema, '"a"')
    assert check.verdict is Verdict.UNKNOWN
    assert why in check.evidence


@pytest.mark.parametrize("dialect", [None, "https://json-schema.org/draft/2020-12/schema"])
def test_a_schema_that_branches_for_ever_is_left(dialect: str | None, held: Any) -> None:
    """A tree of 2**60 ways through sixty levels, with the dialect named at its root or not."""
    schema = {"properties": {"a": {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}}, "required": ["z"]}
    schema |= {"$schema": dialect} if dialect else {}
    check = matched(held, schema, '{"a":' * 60 + "1" + "}" * 60)
    assert (check.verdict, check.evidence) == (Verdict.UNKNOWN, "the schema was not through after 200,000 steps")


def test_a_pattern_takes_no_longer_than_its_text(held: Any) -> None:
    """Python's own expressions take 2**50000 steps here."""
    assert matched(held, {"pattern": "^(a+)+$"}, json.dumps("a" * 50_000 + "!")).verdict is Verdict.FAILED
    assert matched(held, {"pattern": "^(a+)+$"}, json.dumps("a" * 50_000)).verdict is Verdict.PASSED


def test_too_many_messages_about_something_large_are_left(held: Any) -> None:
    schema = {"anyOf": [{"type": "string"}] * 200}
    assert matched(held, schema, "[" + "1," * 1_000_000 + "1]").verdict is Verdict.UNKNOWN
