"""What a changed schema can do to those who write and read the records."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.contracts.changes.risks import SettingChange
from omni_assets.contracts.changes.schemas import DEEPEST, MOST_CHANGES, schema_changes
from omni_assets.contracts.model import Role

TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
READERS, BOTH = (Role.SUBSCRIBES,), (Role.SUBSCRIBES, Role.PUBLISHES)


def record(*needed: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(needed), "properties": properties}


def told(before: Any, after: Any) -> list[SettingChange]:
    return list(schema_changes(json.dumps(before), json.dumps(after)))


@pytest.mark.parametrize(
    ("before", "after", "name", "was", "now", "risk", "hurts"),
    [
        (record(a=TEXT), record(), "$.a", "optional", "absent", "finds it no longer", READERS),
        (record("a", a=TEXT), record(), "$.a", "required", "absent", "finds it no longer", READERS),
        (record("a", a=TEXT), record(a=TEXT), "$.a", "required", "optional", "may find it missing", READERS),
        (record(a=TEXT), record("a", a=TEXT), "$.a", "optional", "required", "no longer fit", BOTH),
        (record(), record("a", a=TEXT), "$.a", "absent", "required", "no longer fit", BOTH),
        (record(), record("a"), "$.a", "absent", "required", "no longer fit", BOTH),
        (record(a=TEXT), record(a=NUMBER), "$.a", "string", "integer", "a type that was not there", BOTH),
        (
            record(a=TEXT), record(a={"type": ["string", "null"]}),
            "$.a", "string", "null or string", "a type that was not there", BOTH,
        ),
        (
            record(a={"type": ["string", "null"]}), record(a=TEXT),
            "$.a", "null or string", "string", "another type", BOTH,
        ),
        (record(a=TEXT), record(a={}), "$.a", "string", "anything", "a type that was not there", BOTH),
        (
            record(a={"enum": ["x"]}), record(a={"enum": ["x", 1]}),
            "$.a values", '"x"', '"x", 1', "values that were not there before", BOTH,
        ),
        (record(a={"const": "x"}), record(a={}), "$.a values", '"x"', None, "values that were not there before", BOTH),
        (record(a={}), record(a={"enum": ["x"]}), "$.a values", None, '"x"', "another value", BOTH),
        (record(a=TEXT), record(a={**TEXT, "maxLength": 3}), "$.a maxLength", None, "3", "is not known", BOTH),
        (record(), {**record(), "additionalProperties": False}, "$ additionalProperties", None, "false", "known", BOTH),
        (
            record(a={"type": "array", "items": record(b=TEXT)}),
            record(a={"type": "array", "items": record(b=NUMBER)}),
            "$.a[].b", "string", "integer", "a type that was not there", BOTH,
        ),
        (
            {**record(a={"$ref": "#/$defs/x"}), "$defs": {"x": TEXT}},
            {**record(a={"$ref": "#/$defs/x"}), "$defs": {"x": NUMBER}},
            "$.a", "string", "integer", "a type that was not there", BOTH,
        ),
        (
            {"anyOf": [{"$ref": "#/$defs/x"}], "$defs": {"x": TEXT}},
            {"anyOf": [{"$ref": "#/$defs/x"}], "$defs": {"x": NUMBER}},
            "$ $defs.x", '{"type": "string"}', '{"type": "integer"}', "is not known", BOTH,
        ),
    ],
)  # fmt: skip
def test_what_can_hurt(
    before: Any, after: Any, name: str, was: str | None, now: str | None, risk: str, hurts: tuple[Role, ...]
) -> None:
    (found,) = told(before, after)
    assert (found.name, found.before, found.after, found.hurts) == (name, was, now, hurts)
    assert risk in found.risk


def test_a_field_that_need_not_be_there_hurts_nobody() -> None:
    assert told(record(), record(a=TEXT)) == [SettingChange("$.a", "absent", "optional", "", READERS)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (record(a=TEXT), record(a={**TEXT, "description": "what is said", "title": "A", "default": ""})),
        ({**record("a", "b"), "$schema": "x"}, {**record("a", "b"), "$schema": "y"}),
        (record("a", "b"), record("b", "a")),
    ],
)
def test_what_only_describes_is_no_change(before: Any, after: Any) -> None:
    assert [each for each in told(before, after) if each.risk] == []


def test_a_field_that_is_called_as_what_describes_is_a_field() -> None:
    (found,) = told(record(title=TEXT), record(title=NUMBER))
    assert found.name == "$.title"


def test_a_schema_that_comes_or_goes() -> None:
    (new,) = schema_changes(None, "{}")
    (gone,) = schema_changes("{}", None)
    assert (new.before, new.after, new.hurts) == ("none", "stated", BOTH)
    assert (gone.before, gone.after, gone.hurts) == ("stated", "none", READERS)
    assert new.risk
    assert gone.risk
    assert schema_changes(None, None) == ()


def test_references_in_a_circle_and_into_nowhere_end() -> None:
    def tree(leaf: object) -> dict[str, Any]:
        below = {"$ref": "#/$defs/tree"}
        return {**record(root=below), "$defs": {"tree": record(left=below, right=below, value=leaf)}}

    assert [each.name for each in told(tree(TEXT), tree(NUMBER))] == ["$.root.value"]
    assert told(record(a={"$ref": "#/$defs/x"}), record(a={"$ref": "#/$defs/y"}))


def test_definitions_that_double_at_each_step_are_met_once() -> None:
    def doubled(leaf: object) -> dict[str, Any]:
        steps = {f"d{n}": record(a={"$ref": f"#/$defs/d{n + 1}"}, b={"$ref": f"#/$defs/d{n + 1}"}) for n in range(30)}
        return {**record(root={"$ref": "#/$defs/d0"}), "$defs": {**steps, "d30": leaf}}

    assert [each.name for each in told(doubled(TEXT), doubled(NUMBER))] == ["$.root" + ".a" * 30]


def test_what_is_told_and_how_deep_it_is_looked_is_bounded() -> None:
    wide = [{"type": "object", "properties": {f"f{n}": kind for n in range(500)}} for kind in (TEXT, NUMBER)]
    assert len(told(*wide)) == MOST_CHANGES
    deep: list[Any] = [TEXT, NUMBER]
    for _ in range(4 * DEEPEST):
        deep = [record(a=each) for each in deep]
    (found,) = told(*deep)
    assert (found.name, len(found.before or "") < 100) == ("$" + ".a" * (DEEPEST + 1), True)
    assert "not known" in found.risk


SCHEMAS = st.recursive(
    st.sampled_from([{}, TEXT, NUMBER, {"type": ["string", "null"]}, {"enum": ["a", "b"]}, {"const": 1}, True, False]),
    lambda inner: st.builds(
        lambda properties, needed, items: {
            "properties": properties, "required": sorted(needed), **({"items": items} if items is not None else {}),
        },
        st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        st.sets(st.sampled_from("abc")),
        st.none() | inner,
    ),
    max_leaves=8,
)  # fmt: skip


@given(SCHEMAS, SCHEMAS)
def test_no_difference_is_passed_over_in_silence(before: Any, after: Any) -> None:
    assert told(before, before) == []
    assert (told(before, after) == []) == (json.dumps(before) == json.dumps(after))
    there, back = told(before, after), told(after, before)
    assert {each.name for each in there} == {each.name for each in back}
