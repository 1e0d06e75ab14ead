"""Worlds of contracts for AsyncAPI, and the official schemas that documents are held against."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from omni_assets.contracts.extractor import ContractTopicExtractor
from omni_assets.contracts.manifest import Limits, SpecPolicy
from omni_assets.contracts.model import Manifest, TopicSettings

WEB = Path(__file__).parents[2] / "web" / "asyncapi"

TOPICS = (
    "onex.cmd.router.route-request.v1",
    "onex.evt.router.routing-complete.v1",
    "onex.evt.router.routing-complete.v2",
    "onex.evt.reviewer.review-complete.v1",
    "onex.snapshot.reviewer.verdicts.v3",
)
NODES = ("router", "reviewer", "Prüferin: #1", "- 'quoted' \"twice\"", "true", "1e3", "node:send:x", "a/b~c")
CONFIGS: dict[str, tuple[str, ...]] = {
    "cleanup.policy": ("delete", "compact", "compact,delete"),
    "compression.type": ("zstd", "producer"),
    "local.retention.ms": ("-2", "60000"),
    "min.cleanable.dirty.ratio": ("0.5", "1"),
    "min.insync.replicas": ("1", "2"),
    "preallocate": ("true", "false"),
    "retention.ms": ("-1", "604800000"),
    "retention.bytes": ("1073741824",),
    "confluent.key.subject.name.strategy": ("io.confluent.TopicNameStrategy", "true", "7"),
}

POLICIES = (
    SpecPolicy(),
    SpecPolicy(
        lambda kind: TopicSettings(3, 3, None, {"retention.ms": "86400000"}),
        Limits(partitions=2, replication_factor=1, unsupported_config=("preallocate",)),
    ),
)
"""What fills and cuts settings: nothing, and as much as can be."""

_any_policy = st.sampled_from(POLICIES)
_texts = st.text(max_size=8)
_data = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts | st.just("$ref"), inner, max_size=3),
    max_leaves=5,
)
_references = st.sampled_from(
    ["#", "#/$defs/a", "#/$defs/a~1b", "#/properties/$ref", "#/none", "#anchor", "https://example.org/x.json"]
)


def _schemas(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["object", "string", ["string", "null"]]),
            "title": _texts,
            "properties": st.dictionaries(st.sampled_from(["a", "$ref", "enum"]), inner, max_size=2),
            "items": inner | st.lists(inner, min_size=1, max_size=2),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "enum": st.lists(_data, min_size=1, max_size=2, unique_by=repr),
            "default": _data,
            "const": st.fixed_dictionaries({"$ref": _references}),
            "$ref": _references,
            "$id": st.just("https://example.org/own.json"),
            "prefixItems": st.lists(inner, max_size=2),
            "minContains": st.integers(0, 3),
            "dependencies": st.dictionaries(_texts, inner, max_size=1),
        },
    )


@st.composite
def schemas(draw: st.DrawFn) -> dict[str, Any]:
    """A JSON schema as a contract may state it, with references of every kind, and data that looks like some."""
    schema = draw(st.recursive(st.just({}) | st.booleans(), _schemas, max_leaves=6).filter(lambda each: each != {}))
    if isinstance(schema, bool):
        return schema
    if draw(st.booleans()):
        schema = {**schema, "$defs": {"a": draw(_schemas(st.just({}))), "a/b": {"type": "string"}}}
    stated = draw(st.sampled_from([None, "2020-12", "07", "06", "other"]))
    addresses = {
        "2020-12": "https://json-schema.org/draft/2020-12/schema",
        "07": "http://json-schema.org/draft-07/schema#",
        "06": "http://json-schema.org/draft-06/schema#",
        "other": "https://example.org/dialect",
    }
    return {"$schema": addresses[stated], **schema} if stated else schema


@st.composite
def manifests(draw: st.DrawFn, policies: st.SearchStrategy[SpecPolicy] = _any_policy) -> Manifest:
    """The manifest of some nodes, read by the extractor from their contracts."""
    nodes = draw(st.lists(st.sampled_from(NODES), min_size=1, max_size=4, unique=True))
    ends: dict[str, dict[str, list[Any]]] = {node: {"publish_topics": [], "subscribe_topics": []} for node in nodes}
    outside: dict[str, dict[str, list[str]]] = {node: {} for node in nodes}
    for topic in draw(st.lists(st.sampled_from(TOPICS), min_size=1, max_size=4, unique=True)):
        publishers = draw(st.lists(st.sampled_from(nodes), max_size=2, unique=True))
        subscribers = draw(st.lists(st.sampled_from(nodes), min_size=not publishers, max_size=2, unique=True))
        owner = (publishers or subscribers)[0]
        for key, some in (("publish_topics", publishers), ("subscribe_topics", subscribers)):
            for node in some:
                says_all = node == owner and key == ("publish_topics" if publishers else "subscribe_topics")
                ends[node][key].append({"topic": topic, **(draw(_stated()) if says_all else {})})
        for form in draw(st.sets(st.sampled_from(["externally_published_topics", "externally_consumed_topics"]))):
            outside[owner].setdefault(form, []).append(topic)
    policy = draw(policies)
    extractor = ContractTopicExtractor(policy=policy)
    contracts = []
    for number, node in enumerate(nodes):
        purpose = draw(st.none() | _texts.filter(lambda text: bool(text.split())))
        bus = {key: value for key, value in {**ends[node], **outside[node]}.items() if value}
        document = {"name": node, **({"description": purpose} if purpose else {}), "event_bus": bus}
        text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
        contracts.append(extractor.parsed(f"contracts/{number}/contract.yaml", text.encode()))
    return extractor.assemble(contracts)


@st.composite
def _stated(draw: st.DrawFn) -> dict[str, Any]:
    """What a contract says of a topic besides its name."""
    said = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "partitions": st.integers(1, 5),
                "replication_factor": st.integers(1, 3),
                "keyed": st.booleans(),
                "expected_every": st.sampled_from(["15min", "1d", "90001ms"]),
                "schema": schemas(),
                "example": _data,
            },
        )
    )
    keys = draw(st.lists(st.sampled_from(sorted(CONFIGS)), max_size=3, unique=True))
    config = {key: draw(st.sampled_from(CONFIGS[key])) for key in keys}
    return {**said, **({"config": config} if config else {})}


@cache
def official() -> Draft7Validator:
    """The official schema of AsyncAPI 3.0.0; skips, with the reason, where it is not installed."""
    file = WEB / "node_modules" / "@asyncapi" / "specs" / "schemas" / "3.0.0.json"
    if not file.exists():
        pytest.skip("web/asyncapi/node_modules is not there: `make web/asyncapi/node_modules` installs the schemas")
    return Draft7Validator(json.loads(file.read_text(encoding="utf-8")))


def flaws(document: Any) -> Iterator[str]:
    """What the official schema has against a document."""
    return (f"{each.json_path}: {each.message[:300]}" for each in official().iter_errors(document))
