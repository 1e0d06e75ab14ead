"""A manifest as an AsyncAPI 3.0 document: a channel for each topic, an operation for each node at either end of it.

The same manifest gives the same bytes, wherever its contracts are. Nothing of a contract is left out of what it says
of its topics; what works on a node's records, and in which order nodes come, has no word in AsyncAPI.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, NamedTuple

import yaml

from omni_assets.contracts.asyncapi.json_schemas import moved, read_alike
from omni_assets.contracts.asyncapi.vocabulary import (
    ACTIONS,
    DRAFT_07,
    DRAFTS,
    EXTENSION,
    JSON,
    KAFKA_BINDING,
    NEWEST_DRAFT,
    RECORD,
    VERSION,
    configured,
    pointer,
    schema_format,
)
from omni_assets.contracts.model import Declaration, Manifest, Payload, Role, Topic, TopicSpec
from omni_assets.contracts.payloads import payloads

Document = dict[str, Any]

_WIDTH = 120
_Dumper: type[yaml.CSafeDumper | yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class Notation(StrEnum):
    """How a document is written."""

    YAML = "yaml"
    JSON = "json"


class About(NamedTuple):
    """What the document says of itself: its ``info``."""

    title: str = "Topics"
    version: str = "1.0.0"


UNTITLED = About()


def asyncapi_document(manifest: Manifest, about: About = UNTITLED) -> Document:
    """The document over all topics of ``manifest``, as JSON data.

    The schema of a payload is taken as its contract has it (``payloads.with_schemas`` writes out those in files); one
    that cannot be used is left out.
    """
    described = payloads(manifest)
    nodes = {each.node for topic in manifest.topics.values() for each in (*topic.publishers, *topic.subscribers)}
    purposes = {each.node: each.description for each in reversed(manifest.contracts) if each.description}
    tags = [_tag(node, purposes.get(node, "")) for node in sorted(nodes)]
    return {
        "asyncapi": VERSION,
        "info": {"title": about.title, "version": about.version, **({"tags": tags} if tags else {})},
        "defaultContentType": JSON,
        "channels": {name: _channel(topic, described.get(name)) for name, topic in manifest.topics.items()},
        "operations": {
            f"{name}:{ACTIONS[role]}:{node}": _operation(name, role, node)
            for name, topic in manifest.topics.items()
            for role, ends in ((Role.PUBLISHES, topic.publishers), (Role.SUBSCRIBES, topic.subscribers))
            for node in _nodes(ends)
        },
    }


def written(document: Document, notation: Notation) -> str:
    """The document as text, with a line break at its end."""
    if notation is Notation.JSON:
        return json.dumps(document, indent=2) + "\n"
    # A half of a surrogate pair, which JSON can hold in an escape, is no character: YAML has no way to write it.
    plain = json.loads(json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"))
    text: str = yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return text


def _channel(topic: Topic, payload: Payload | None) -> Document:
    channel: Document = {"address": topic.name, "messages": {RECORD: _message(topic.name, payload)}}
    binding = _binding(topic.spec)
    if binding:
        channel["bindings"] = {"kafka": {**binding, "bindingVersion": KAFKA_BINDING}}
    extension = _beyond(topic)
    return {**channel, EXTENSION: extension} if extension else channel


def _message(topic: str, payload: Payload | None) -> Document:
    message: Document = {"name": topic}
    if payload is not None and payload.schema and not payload.flaw:
        message["payload"] = _payload(topic, json.loads(payload.schema))
    if payload is not None and payload.example:
        message["examples"] = [{"payload": json.loads(payload.example)}]
    return message


def _payload(topic: str, schema: Document) -> Document:
    """The schema with the draft that it is in, its references led to where it stands now.

    Nearly all schemas mean the same in draft-07, the one that every tool has to know, and in the newest.
    """
    base = pointer("channels", topic, "messages", RECORD, "payload", "schema")
    stated = schema.get("$schema")
    draft = DRAFTS.get(stated.removesuffix("#"), "") if isinstance(stated, str) else NEWEST_DRAFT
    if draft == NEWEST_DRAFT:
        schema = {key: value for key, value in schema.items() if key != "$schema"}
        draft = DRAFT_07 if read_alike(schema) else NEWEST_DRAFT
    led = moved(schema, lambda each: base + each[1:] if each == "#" or each.startswith("#/") else each)
    return {"schemaFormat": schema_format(draft), "schema": led} if draft else {"schema": led}


def _binding(spec: TopicSpec) -> Document:
    stated = {
        "partitions": spec.partitions,
        "replicas": spec.replication_factor,
        "topicConfiguration": {key: configured(key, text) for key, text in spec.config.items()} or None,
    }
    return {key: value for key, value in stated.items() if value is not None}


def _beyond(topic: Topic) -> Document:
    """What AsyncAPI has no word for."""
    outside = sorted({each.role.value for each in topic.outside})
    stated = {
        "keyed": topic.spec.keyed,
        "expected_every_ms": topic.spec.expected_every,
        "outside": outside or None,
    }
    return {key: value for key, value in stated.items() if value is not None}


def _operation(topic: str, role: Role, node: str) -> Document:
    return {
        "action": ACTIONS[role],
        "channel": {"$ref": pointer("channels", topic)},
        "messages": [{"$ref": pointer("channels", topic, "messages", RECORD)}],
        "tags": [{"name": node}],
        EXTENSION: {"node": node},
    }


def _tag(node: str, purpose: str) -> Document:
    return {"name": node, "description": purpose} if purpose else {"name": node}


def _nodes(ends: Iterable[Declaration]) -> list[str]:
    return sorted({each.node for each in ends})
