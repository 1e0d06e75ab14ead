"""Documents that are written: valid by the official schema, the same each time, with all that contracts say."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from jsonschema import Draft7Validator

from omni_assets.contracts.asyncapi.writing import About, Notation, asyncapi_document, written
from omni_assets.contracts.extractor import ContractTopicExtractor
from omni_assets.contracts.payloads import with_schemas
from tests.support.asyncapi import WEB, flaws, manifests, official

CONTRACTS = Path(__file__).parents[3] / "contracts"
ROUTER = """
name: router
description: Routes each task.
event_bus:
  publish_topics:
    - topic: onex.evt.router.routing-complete.v1
      partitions: 6
      replication_factor: 3
      keyed: true
      expected_every: 15min
      external_consumer: true
      config: {retention.ms: 7d, cleanup.policy: [compact, delete], min.cleanable.dirty.ratio: 0.5}
      schema:
        type: object
        properties: {model: {$ref: "#/$defs/name"}}
        $defs: {name: {type: string}}
      example: {model: small}
  subscribe_topics:
    - onex.cmd.router.route-request.v1
"""


def manifest(*texts: str):
    extractor = ContractTopicExtractor()
    return extractor.assemble(
        extractor.parsed(f"contracts/{number}/contract.yaml", text.encode()) for number, text in enumerate(texts)
    )


@pytest.fixture(scope="module")
def document():
    return asyncapi_document(manifest(ROUTER), About("Routing", "2.1.0"))


def test_a_channel_says_what_its_topic_should_be(document):
    channel = document["channels"]["onex.evt.router.routing-complete.v1"]
    assert channel["address"] == "onex.evt.router.routing-complete.v1"
    assert channel["bindings"] == {
        "kafka": {
            "partitions": 6,
            "replicas": 3,
            "topicConfiguration": {
                "cleanup.policy": ["compact", "delete"],
                "min.cleanable.dirty.ratio": "0.5",
                "retention.ms": 604_800_000,
            },
            "bindingVersion": "0.5.0",
        }
    }
    assert channel["x-omni"] == {"keyed": True, "expected_every_ms": 900_000, "outside": ["subscribes"]}


def test_a_message_holds_the_schema_with_its_references_led_to_where_it_stands(document):
    message = document["channels"]["onex.evt.router.routing-complete.v1"]["messages"]["record"]
    here = "#/channels/onex.evt.router.routing-complete.v1/messages/record/payload/schema"
    assert message["payload"] == {
        "schemaFormat": "application/schema+json;version=draft-07",
        "schema": {
            "type": "object",
            "properties": {"model": {"$ref": f"{here}/$defs/name"}},
            "$defs": {"name": {"type": "string"}},
        },
    }
    assert message["examples"] == [{"payload": {"model": "small"}}]


def test_an_operation_says_which_node_does_what(document):
    assert document["info"] == {
        "title": "Routing",
        "version": "2.1.0",
        "tags": [{"name": "router", "description": "Routes each task."}],
    }
    assert document["operations"]["onex.cmd.router.route-request.v1:receive:router"] == {
        "action": "receive",
        "channel": {"$ref": "#/channels/onex.cmd.router.route-request.v1"},
        "messages": [{"$ref": "#/channels/onex.cmd.router.route-request.v1/messages/record"}],
        "tags": [{"name": "router"}],
        "x-omni": {"node": "router"},
    }
    assert document["operations"]["onex.evt.router.routing-complete.v1:send:router"]["action"] == "send"


@pytest.mark.parametrize(
    ("schema", "draft"),
    [
        ({"type": "string"}, "draft-07"),
        ({"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "string"}, "draft-07"),
        ({"prefixItems": [{}]}, "draft-2020-12"),
        ({"properties": {"prefixItems": {}}}, "draft-07"),
        ({"items": [{}]}, "draft-2020-12"),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "items": [{}]}, "draft-07"),
        ({"$ref": "#/$defs/a", "minLength": 3, "$defs": {"a": {}}}, "draft-2020-12"),
        ({"$ref": "#/$defs/a", "description": "of a kind", "$defs": {"a": {}}}, "draft-07"),
        ({"$schema": "http://json-schema.org/draft-04/schema#"}, "draft-04"),
    ],
)
def test_a_schema_is_called_what_means_the_same_to_most_tools(schema, draft):
    text = json.dumps({"name": "n", "published_events": [{"topic": "onex.evt.n.said.v1", "schema": schema}]})
    channel = asyncapi_document(manifest(text))["channels"]["onex.evt.n.said.v1"]
    assert channel["messages"]["record"]["payload"]["schemaFormat"] == f"application/schema+json;version={draft}"


def test_the_contracts_of_this_project_are_a_valid_document():
    read = ContractTopicExtractor().extract([str(CONTRACTS)])
    whole = replace(read, contracts=tuple(map(with_schemas, read.contracts)))
    found = asyncapi_document(whole)
    assert list(flaws(found)) == []
    described = [each for each in found["channels"].values() if "payload" in each["messages"]["record"]]
    assert len(described) > 10


@settings(max_examples=25)
@given(manifests())
def test_every_document_is_valid_and_written_alike_in_both_notations(found):
    document = asyncapi_document(found)
    # The metaschemas of drafts apart: a contract may state a schema that is none, which `omni check` finds.
    for channel in document["channels"].values():
        payload = channel["messages"]["record"].get("payload", {"schema": True})
        if list(Draft7Validator(Draft7Validator.META_SCHEMA).iter_errors(payload["schema"])):
            payload["schema"] = {}
    assert list(flaws(document)) == []
    as_json = written(document, Notation.JSON)
    as_yaml = written(document, Notation.YAML)
    assert as_json.isascii()
    assert json.loads(as_json) == document
    assert "&id" not in as_yaml
    assert written(document, Notation.YAML) == as_yaml


def test_where_contracts_are_and_in_which_order_they_are_read_makes_no_difference():
    other = "name: merger\nsubscribed: []\nsubscribe_topics: [onex.evt.router.routing-complete.v1]\n"
    extractor = ContractTopicExtractor()
    there = extractor.assemble(
        [extractor.parsed("x/contract.yaml", other.encode()), extractor.parsed("a", ROUTER.encode())]
    )
    assert written(asyncapi_document(manifest(ROUTER, other)), Notation.YAML) == written(
        asyncapi_document(there), Notation.YAML
    )


def test_half_a_character_in_a_schema_does_not_break_yaml():
    text = "name: n\npublished_events: [{topic: onex.evt.n.said.v1, schema: {}}]\n"
    found = manifest(text)
    payload = replace(found.contracts[0].payloads[0], schema='{"title":"\\ud800"}')
    broken = replace(found, contracts=(replace(found.contracts[0], payloads=(payload,)),))
    assert yaml.safe_load(written(asyncapi_document(broken), Notation.YAML))
    assert json.loads(written(asyncapi_document(broken), Notation.JSON))


def test_the_official_schema_refuses_what_is_no_document():
    assert list(official().iter_errors({"asyncapi": "3.0.0"}))


def test_versions_of_the_official_schemas_are_pinned_with_their_hashes_and_without_addresses():
    package = json.loads((WEB / "package.json").read_text(encoding="utf-8"))
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in package["devDependencies"].values())
    for path, entry in json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))["packages"].items():
        assert "resolved" not in entry
        assert not path or entry["integrity"].startswith("sha512-")
