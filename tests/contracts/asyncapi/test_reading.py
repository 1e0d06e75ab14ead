"""Documents that are read: those of omni say what they said, those of others what contracts can state, or why not."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from omni_assets.contracts.asyncapi.parsing import MAX_BYTES, NotAsyncApi, parsed
from omni_assets.contracts.asyncapi.reading import End, described
from omni_assets.contracts.asyncapi.writing import Notation, asyncapi_document, written
from omni_assets.contracts.model import Role, TopicSettings
from tests.support.asyncapi import manifests

TOPIC = "onex.evt.account.user-signed-up.v1"
ACCOUNT = f"""
asyncapi: 3.0.0
info: {{title: 'Account Service!', version: 1.0.0}}
channels:
  signedUp:
    address: {TOPIC}
    messages:
      signedUp: {{$ref: '#/components/messages/UserSignedUp'}}
    bindings:
      kafka:
        partitions: 20
        replicas: 3
        topicConfiguration: {{retention.ms: 604800000, cleanup.policy: [delete, compact], x-note: ours}}
  requests:
    address: ignored
    bindings: {{kafka: {{topic: onex.cmd.account.sign-up.v1}}}}
operations:
  publishSignedUp: {{action: send, channel: {{$ref: '#/channels/signedUp'}}}}
  onRequest:
    action: receive
    channel: {{$ref: '#/channels/requests'}}
    reply: {{channel: {{$ref: '#/channels/signedUp'}}}}
components:
  messages:
    UserSignedUp:
      payload: {{$ref: '#/components/schemas/User'}}
      bindings: {{kafka: {{key: {{type: string}}}}}}
      examples: [{{name: without}}, {{payload: {{name: Ada}}}}]
  schemas:
    User:
      type: object
      properties:
        name: {{type: string}}
        friends: {{type: array, items: {{$ref: '#/components/schemas/User'}}}}
        address: {{$ref: '#/components/schemas/Address'}}
    Address:
      type: object
      properties: {{owner: {{$ref: '#/components/schemas/User'}}, country: {{$ref: '#/components/schemas/Country'}}}}
    Country: {{enum: [DE, FR]}}
"""


def read(text: str):
    return described(parsed("a.yaml", text.encode()))


def document(**parts):
    return {"asyncapi": "3.0.0", "info": {"title": "App", "version": "1"}, **parts}


def channel(**parts):
    """What is read of a document whose one channel, which the application sends to, has these parts."""
    operations = {"o": {"action": "send", "channel": {"$ref": "#/channels/c"}}}
    return described(document(channels={"c": {"address": TOPIC, **parts}}, operations=operations))


def reasons(found):
    return [f"{each.place}: {each.why}" for each in found.left_out]


def schema_of(*payloads, **parts):
    messages = {f"m{number}": {"payload": payload} for number, payload in enumerate(payloads)}
    operations = {"o": {"action": "send", "channel": {"$ref": "#/channels/c"}}}
    whole = document(channels={"c": {"address": TOPIC, "messages": messages}}, operations=operations, **parts)
    found = described(whole)
    text = found.channels[TOPIC].schema
    return json.loads(text) if text else None, reasons(found)


@settings(max_examples=60)
@given(manifests(), st.sampled_from(Notation))
def test_a_document_of_omni_says_what_the_contracts_said(manifest, notation):
    found = described(parsed("a.yaml", written(asyncapi_document(manifest), notation).encode()))
    assert {name: each.settings for name, each in found.channels.items()} == {
        name: TopicSettings(
            each.spec.partitions,
            each.spec.replication_factor,
            each.spec.keyed,
            each.spec.config,
            each.spec.expected_every,
        )
        for name, each in manifest.topics.items()
    }
    assert set(found.ends) == {
        End(end.node, end.role, name)
        for name, each in manifest.topics.items()
        for end in (*each.publishers, *each.subscribers)
    }
    assert {name: each.outside for name, each in found.channels.items()} == {
        name: frozenset(end.role for end in each.outside) for name, each in manifest.topics.items()
    }
    assert all("example.org" in each.why for each in found.left_out)


def test_a_document_of_others_is_read_as_one_node():
    found = read(ACCOUNT)
    assert set(found.ends) == {
        End("account-service", Role.PUBLISHES, TOPIC),
        End("account-service", Role.SUBSCRIBES, "onex.cmd.account.sign-up.v1"),
    }
    settings = found.channels[TOPIC].settings
    assert (settings.partitions, settings.replication_factor, settings.keyed) == (20, 3, True)
    assert dict(settings.config) == {"cleanup.policy": "compact,delete", "retention.ms": "604800000"}
    assert json.loads(found.channels[TOPIC].example) == {"name": "Ada"}
    assert found.left_out == ()


def test_what_a_schema_refers_to_comes_with_it_and_circles_stay_circles():
    assert json.loads(read(ACCOUNT).channels[TOPIC].schema) == {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "friends": {"type": "array", "items": {"$ref": "#"}},
            "address": {"$ref": "#/$defs/Address"},
        },
        "$defs": {
            "Address": {
                "type": "object",
                "properties": {"owner": {"$ref": "#"}, "country": {"$ref": "#/$defs/Country"}},
            },
            "Country": {"enum": ["DE", "FR"]},
        },
    }


def test_a_record_fits_one_of_several_messages():
    schema, left = schema_of({"type": "string"}, {"$ref": "#/components/schemas/N"}, components={"schemas": {"N": {}}})
    assert schema == {
        "oneOf": [{"$ref": "#/$defs/payload"}, {"$ref": "#/$defs/N"}],
        "$defs": {"payload": {"type": "string"}, "N": {}},
    }
    assert left == []


def test_definitions_that_are_there_keep_their_names():
    payload = {"$defs": {"A": {"type": "null"}}, "items": {"$ref": "#/components/schemas/A"}}
    schema, _ = schema_of(payload, components={"schemas": {"A": {"type": "string"}}})
    assert schema == {"items": {"$ref": "#/$defs/A-2"}, "$defs": {"A": {"type": "null"}, "A-2": {"type": "string"}}}


def test_what_only_draft_07_means_so_says_its_draft():
    schema, _ = schema_of({"items": [{"type": "string"}]})
    assert schema == {"$schema": "http://json-schema.org/draft-07/schema", "items": [{"type": "string"}]}


@pytest.mark.parametrize(
    ("payloads", "why"),
    [
        ([{"schemaFormat": "application/vnd.apache.avro;version=1.9.0", "schema": {}}], "contracts take JSON schemas"),
        ([{"schemaFormat": ["x"], "schema": {}}], "contracts take JSON schemas"),
        ([["a"]], "neither a mapping nor a truth value"),
        ([{"$ref": "#/components/schemas/None"}], "`#/components/schemas/None`, which is not there"),
        ([{"$ref": "#/channels/c/messages/m1/payload"}, {"$ref": "#/channels/c/messages/m0/payload"}], "more than 20"),
        (
            [{"schemaFormat": "application/schema+json;version=draft-04", "schema": {}}, {}],
            "in several formats, draft-04 and draft-07",
        ),
    ],
)
def test_a_schema_that_no_contract_states_is_left_out_and_told(payloads, why):
    schema, left = schema_of(*payloads)
    assert schema is None
    assert len(left) == 1
    assert left[0].startswith("#/channels/c: ")
    assert why in left[0]


@pytest.mark.parametrize(
    "reference", ["https://example.org/x.json", "file:///etc/passwd", "other.yaml#/a", "#/nowhere"]
)
def test_nothing_is_fetched_and_what_leads_nowhere_stays_as_it_is(reference):
    schema, left = schema_of({"items": {"$ref": reference}})
    assert schema == {"items": {"$ref": reference}}
    assert len(left) == 1
    assert reference in left[0]


def test_definitions_that_multiply_are_refused():
    big = {"a": {"description": "x" * 50_000}}
    many = {"items": [{"$ref": "#/components/schemas/big/a"}] * 3}
    assert schema_of(many, components={"schemas": {"big": big}})[0] is not None
    deep: dict = {"description": "x" * 40_000}
    for _ in range(40):
        deep = {"not": deep}
    paths = [{"$ref": "#/components/schemas/deep" + "/not" * depth} for depth in range(40)]
    schema, left = schema_of({"allOf": paths}, components={"schemas": {"deep": deep}})
    assert schema is None
    assert "more than 500,000 characters" in left[0]


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"address": None}, "no address that is a text"),
        ({"address": 7}, "no address that is a text"),
        ({"address": "user.{id}.signed"}, "holds a parameter"),
        ({"address": "user signed up"}, "no broker takes the name"),
        ({"address": "x" * 250}, "no broker takes the name"),
        ({"bindings": {"amqp": {}, "ws": {}}}, "bound to amqp, ws, and not to Kafka"),
        ({"$ref": "#/channels/c"}, "more than 20 references"),
        ({"$ref": "other.yaml"}, "`other.yaml`, and only what is in the document"),
    ],
)
def test_a_channel_that_is_no_topic_is_left_out_and_told(parts, why):
    found = channel(**parts)
    assert found.channels == {}
    assert why in reasons(found)[0]
    assert reasons(found)[0].startswith("#/channels/c: ")


@pytest.mark.parametrize(
    ("kafka", "why"),
    [
        ({"partitions": 0}, "`partitions` cannot be used"),
        ({"partitions": "three"}, "`partitions` cannot be used"),
        ({"partitions": True}, "`partitions` cannot be used"),
        ({"replicas": -1}, "`replicas` cannot be used"),
        ({"topicConfiguration": {"retention.ms": "soon"}}, "`retention.ms` cannot be used"),
        ({"topicConfiguration": {"retention.ms": {"a": 1}}}, "`retention.ms` cannot be used: it is no value"),
        ({"topicConfiguration": {"cleanup.policy": [[]]}}, "`cleanup.policy` cannot be used: it is no value"),
    ],
)
def test_a_setting_that_cannot_be_used_is_left_out_and_told(kafka, why):
    found = channel(bindings={"kafka": kafka})
    assert found.channels[TOPIC].settings == TopicSettings()
    assert [each for each in reasons(found) if why in each]


def test_what_omni_says_of_itself_is_checked_too():
    found = channel(**{"x-omni": {"keyed": "yes", "expected_every_ms": -1, "outside": ["everybody"]}})
    assert found.channels[TOPIC].settings == TopicSettings()
    assert len(found.left_out) == 3


def test_a_channel_that_nobody_uses_and_a_topic_that_stands_twice_are_told():
    found = described(document(channels={"a": {"address": TOPIC}, "b": {"address": TOPIC}}, operations={}))
    assert found.channels == {}
    assert any("another channel is the topic" in each for each in reasons(found))
    assert any("no operation sends to or receives from" in each for each in reasons(found))


def test_both_channels_of_one_topic_count_for_its_ends():
    operations = {
        "o": {"action": "send", "channel": {"$ref": "#/channels/a"}},
        "p": {"action": "receive", "channel": {"$ref": "#/channels/b"}, "x-omni": {"node": "reader"}},
    }
    found = described(document(channels={"a": {"address": TOPIC}, "b": {"address": TOPIC}}, operations=operations))
    assert set(found.ends) == {End("app", Role.PUBLISHES, TOPIC), End("reader", Role.SUBSCRIBES, TOPIC)}


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        ({"action": "publish"}, "neither `send` nor `receive`"),
        ({"action": ["send"]}, "neither `send` nor `receive`"),
        ({"action": "send", "channel": "c"}, "its channel is no reference"),
        ({"action": "send", "channel": {"$ref": "#/channels/none"}}, "which is not there"),
        ({"action": "send", "channel": {"$ref": "#/info"}}, "no channel that is read"),
        ({"$ref": "http://example.org/op"}, "only what is in the document"),
        ("nothing", "neither `send` nor `receive`"),
    ],
)
def test_an_operation_that_cannot_be_followed_is_told(operation, why):
    found = described(document(channels={"c": {"address": TOPIC}}, operations={"o": operation}))
    assert found.ends == ()
    assert [each for each in reasons(found) if each.startswith("#/operations/o: ") and why in each]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("asyncapi: 2.6.0", "AsyncAPI 2.6.0, and only 3.x is read"),
        ("asyncapi: 3", "AsyncAPI 3, and only 3.x is read"),
        ("openapi: 3.0.0", "no `asyncapi`"),
        ("asyncapi: 3.0.0\nasyncapi: 3.0.0", "`asyncapi` stands there twice"),
        ('{"asyncapi": "3.0.0", "channels": {"a": {}, "a": {}}}', "`a` stands there twice"),
        ("asyncapi: 3.0.0\nx: .nan", "JSON has no number"),
        ('{"asyncapi": "3.0.0", "x": "\\ud800"}', "half a character"),
        ('{"asyncapi": "3.0.0", "x": ' + "[" * 300 + "]" * 300 + "}", "nests deeper than 200"),
        ('{"asyncapi": "3.0.0", "x": ' + "[" * 9000 + "]" * 9000 + "}", "nests deeper than 1000"),
        ("- a", "is a list"),
        ("", "is empty"),
        ("asyncapi: [", "not valid YAML"),
        ("asyncapi: 3.0.0\nx: " + "[" * 500 + "]" * 500, "nests deeper than 200"),
        (
            "asyncapi: 3.0.0\na0: &a0 [x]\n"
            + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)),
            "holds more than 1,000,000 values",
        ),
        ("asyncapi: 3.0.0\nx: &x {y: *x}", "nests deeper"),
    ],
)
def test_what_is_no_document_is_refused_with_its_place(text, why):
    with pytest.raises(NotAsyncApi) as refused:
        parsed("a.yaml", text.encode())
    assert why in refused.value.why
    assert refused.value.fix
    assert refused.value.location.path == "a.yaml"


def test_the_converter_is_named_for_older_versions():
    with pytest.raises(NotAsyncApi) as refused:
        parsed("a.yaml", b"asyncapi: '2.0.0'")
    assert "asyncapi convert" in refused.value.fix


_anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([TOPIC, "send", "#/channels/c", "#/", "#", "%", "#/%ff"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["$ref", "address", "bindings", "kafka", "topic", "partitions", "topicConfiguration", "retention.ms",
                 "messages", "payload", "schema", "schemaFormat", "examples", "x-omni", "node", "outside", "action",
                 "channel", "reply", "traits", "tags", "name", "description", "title", "c", "$defs", "items", "$id"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=300)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(["info", "channels", "operations", "components"], _anything)))
def test_no_document_is_too_odd_to_be_read(parts):
    content = yaml.safe_dump({"asyncapi": "3.0.0", **parts}).encode()
    found = described(parsed("a.yaml", content))
    assert {end.topic for end in found.ends} <= set(found.channels)


def test_a_large_document_is_within_the_bounds():
    channels = {f"onex.evt.p.e{n}.v1": {"address": f"onex.evt.p.e{n}.v1"} for n in range(2_000)}
    operations = {
        name: {"action": "send", "channel": {"$ref": f"#/channels/{name}"}, "x-omni": {"node": "p"}}
        for name in channels
    }
    content = json.dumps(document(channels=channels, operations=operations)).encode()
    assert len(content) < MAX_BYTES
    assert len(described(parsed("a.json", content)).channels) == 2_000
