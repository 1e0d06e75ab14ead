"""What records hold: a schema, written out or beside the contract, and an example."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from omni_assets.contracts import Contract, Manifest
from omni_assets.contracts.json_data import MAX_DEPTH, MAX_NODES
from omni_assets.contracts.model import Location, Payload
from omni_assets.contracts.payloads import SchemaUnusable, payloads, schema_of

Read = Callable[..., Contract]
DONE = "onex.evt.router.done.v1"


def stating(text: str) -> str:
    return f"event_bus:\n  publish_topics:\n  - topic: {DONE}\n    {text}\n"


def only(contract: Contract) -> Payload:
    (payload,) = contract.payloads
    return payload


def test_a_schema_and_an_example_as_they_are_written(read: Read) -> None:
    contract = read(
        stating(
            "schema: {type: object, required: [text], maxProperties: 0x10}\n"
            "    example: {text: 2026-11-26, n: [1.5, yes, ~]}"
        )
    )
    assert contract.findings == ()
    payload = only(contract)
    assert (payload.topic, payload.location[1:], payload.flaw) == (DONE, (4, 13), "")
    assert json.loads(payload.schema) == {"type": "object", "required": ["text"], "maxProperties": 16}
    assert json.loads(payload.example) == {"text": "2026-11-26", "n": [1.5, True, None]}


def test_below_a_topic_that_is_a_key(read: Read) -> None:
    contract = read(f"event_bus:\n  publish_topic_metadata:\n    {DONE}: {{schema: {{type: object}}, partitions: 3}}\n")
    assert (contract.findings, only(contract).schema) == ((), '{"type":"object"}')


def test_a_schema_that_takes_all_or_nothing(read: Read) -> None:
    assert only(read(stating("schema: true"))).schema == "{}"
    assert only(read(stating("schema: no"))).schema == '{"not":{}}'


def test_what_an_example_holds_is_no_declaration(read: Read) -> None:
    contract = read(stating("example: {topic: onex.evt.other.thing.v1, more: [onex.evt.other.more.v1]}"))
    assert contract.findings == ()
    assert [each.topic for each in contract.declarations] == [DONE]


@pytest.mark.parametrize(
    "text", ["schema_ref: package.models.ModelDone", "schema_ref: dict", "schema: ModelDone", "schema: ~"]
)
def test_a_reference_that_others_understand_is_left_alone(text: str, read: Read) -> None:
    contract = read(stating(text))
    assert (contract.payloads, contract.findings) == ((), ())


@pytest.mark.parametrize(
    "path", ["../done.json", "a/../../done.json", "/etc/done.json", "file:///done.json", "C:/done.json", "a\\b.json"]
)
def test_a_schema_elsewhere_is_refused(path: str, read: Read) -> None:
    contract = read(stating(f"schema_ref: '{path}'"))
    (found,) = contract.findings
    assert (found.rule.name, found.severity, found.topic) == ("invalid-schema", "error", DONE)
    with pytest.raises(SchemaUnusable, match="folder of this contract"):
        schema_of(only(contract))


@pytest.mark.parametrize(
    "text",
    [
        "schema: {maximum: .inf}", "schema: {maximum: !!int x}", "schema: {[a]: 1}",
        "schema: {type: object}\n    schema_ref: a.json",
        f"schema: {{a: {'[' * (MAX_DEPTH + 1)}{']' * (MAX_DEPTH + 1)}}}",
        f"schema: {{a: [{'1,' * MAX_NODES}]}}",
    ],
)  # fmt: skip
def test_what_json_has_no_value_for_is_no_schema(text: str, read: Read) -> None:
    contract = read(stating(text))
    assert {each.rule.name for each in contract.findings} == {"invalid-schema"}
    assert only(contract).flaw


def test_aliases_are_bounded_and_circles_end(read: Read) -> None:
    lines = ["a: &a0 [1, 1]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9))]
    contract = read("\n".join(lines) + "\n" + stating("example: *a8"))
    assert [each.rule.name for each in contract.findings] == ["unfit-example"]
    contract = read(stating("example: &x {again: *x}"))
    assert [each.rule.name for each in contract.findings] == ["unfit-example"]


def test_a_file_beside_the_contract(read: Read, tmp_path: Path) -> None:
    payload = only(read(stating("schema_ref: schemas/done.json")))
    with pytest.raises(SchemaUnusable, match="cannot be read"):
        schema_of(payload)
    (tmp_path / "router" / "schemas").mkdir()
    file = tmp_path / "router" / "schemas" / "done.json"
    file.write_text('{"type": "object"}')
    assert schema_of(payload) == '{"type":"object"}'
    file.write_text("{")
    with pytest.raises(SchemaUnusable, match="no JSON"):
        schema_of(payload)
    file.write_text("[1]")
    with pytest.raises(SchemaUnusable, match="holds no mapping"):
        schema_of(payload)
    file.write_text("false")
    assert schema_of(payload) == '{"not":{}}'
    file.write_text("[" * 100_000)
    with pytest.raises(SchemaUnusable, match="no JSON"):
        schema_of(payload)
    file.unlink()
    (tmp_path / "far.json").write_text("{}")
    file.symlink_to(tmp_path / "far.json")
    with pytest.raises(SchemaUnusable, match="leads out of the folder"):
        schema_of(payload)


def test_publishers_come_before_subscribers(assemble: Callable[..., Manifest]) -> None:
    manifest = assemble(
        f"name: reader\nevent_bus: {{subscribe_topics: [{{topic: {DONE}, schema: {{maximum: 1}}, example: 1}}]}}\n",
        f"name: writer\nevent_bus: {{publish_topics: [{{topic: {DONE}, schema: {{maximum: 2}}}}]}}\n",
        "name: silent\nevent_bus: {publish_topics: [onex.evt.silent.done.v1]}\n",
    )
    known = payloads(manifest)
    assert set(known) == {DONE}
    assert (known[DONE].schema, known[DONE].example) == ('{"maximum":2}', "1")


def test_without_a_schema_there_is_none() -> None:
    assert schema_of(Payload(DONE, Location("a/contract.yaml"), example="1")) is None
