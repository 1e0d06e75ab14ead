"""What the records of a topic hold: ``schema``, ``schema_ref`` and ``example`` beside its name."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from types import MappingProxyType

from yaml.nodes import MappingNode, Node, ScalarNode

from omni_assets.contracts.document import Pairs, Unreadable, place, read
from omni_assets.contracts.faults import short
from omni_assets.contracts.findings import finding
from omni_assets.contracts.json_data import JsonData, NotJson
from omni_assets.contracts.model import Contract, Finding, Manifest, Payload
from omni_assets.contracts.rules import INVALID_SCHEMA, UNFIT_EXAMPLE

KEYS = frozenset({"schema", "schema_ref", "example"})
"""What stands below these is no declaration, whatever it looks like."""

_SUFFIX = ".json"
_ANYTHING, _NOTHING = "{}", '{"not":{}}'
_BOOLEAN = "tag:yaml.org,2002:bool"


class SchemaUnusable(ValueError):
    """The file of a schema that cannot be used; ``str()`` is a clause that says why."""


def read_payload(path: str, topic: str, pairs: Pairs, data: JsonData) -> tuple[Payload | None, list[Finding]]:
    """What the mapping of ``topic`` says of its records, and a finding for each part that cannot be used.

    A ``schema`` that is a text, or a ``schema_ref`` that names no ``.json`` file, is a reference that others
    understand, and is left alone.
    """
    stated = {key.value: value for key, value in pairs if isinstance(key, ScalarNode) and key.value in KEYS}
    if not stated:
        return None, []
    findings: list[Finding] = []
    schema, reference, example, flaw = "", "", "", ""
    node = stated.get("schema")
    if node is not None and (isinstance(node, MappingNode) or node.tag == _BOOLEAN):
        try:
            schema = _written(data.of(node))
        except NotJson as reason:
            flaw = str(reason)
            findings.append(_unusable(path, topic, reason.node, flaw))
    node = stated.get("schema_ref")
    if isinstance(node, ScalarNode) and node.value.strip().endswith(_SUFFIX):
        reference = node.value.strip()
        elsewhere = _why_elsewhere(reference) or ("the schema is written out here, too" if "schema" in stated else "")
        if elsewhere:
            flaw = elsewhere
            findings.append(_unusable(path, topic, node, flaw))
    if "example" in stated:
        try:
            example = _json(data.of(stated["example"]))
        except NotJson as reason:
            message = f"the example of `{topic}` cannot be used: {reason}."
            where = place(path, reason.node)
            findings.append(finding(UNFIT_EXAMPLE, message, where, topic=topic, fix="write it as JSON has it"))
    if not (schema or reference or example or flaw):
        return None, findings
    return Payload(topic, place(path, next(iter(stated.values()))), schema, reference, example, flaw), findings


def payloads(manifest: Manifest) -> Mapping[str, Payload]:
    """What the records of each topic hold, by its name: as its publishers say, else its subscribers.

    Topics of which no contract says it are not in it.
    """
    stated: dict[tuple[str, str], Payload] = {}
    for contract in manifest.contracts:
        for each in contract.payloads:
            stated.setdefault((each.topic, contract.node), each)
    known: dict[str, Payload] = {}
    for name in sorted({topic for topic, _ in stated} & manifest.topics.keys()):
        topic = manifest.topics[name]
        said = [stated.get((name, each.node)) for each in (*topic.publishers, *topic.subscribers)]
        known[name] = _together([each for each in said if each is not None])
    return MappingProxyType(known)


def schema_of(payload: Payload) -> str | None:
    """The JSON schema of a payload as text; ``None`` where its contract states none.

    A file is read anew each time, and only within the folder of the contract. Raises ``SchemaUnusable``.
    """
    if payload.flaw:
        raise SchemaUnusable(payload.flaw)
    if not payload.schema_ref:
        return payload.schema or None
    return _schema_in(payload, _file_of(payload))


def with_schemas(contract: Contract, content: Callable[[Payload], bytes | None] | None = None) -> Contract:
    """The contract with its ``schema_ref`` files written out, or with the flaw that says why one cannot be used.

    ``content`` gives the bytes of the file that a payload refers to, ``None`` where there is none; by default those
    that are there now.
    """
    if not any(each.schema_ref for each in contract.payloads):
        return contract
    return replace(contract, payloads=tuple(_written_out(each, content or _file_of) for each in contract.payloads))


def _written_out(payload: Payload, content: Callable[[Payload], bytes | None]) -> Payload:
    if payload.flaw or not payload.schema_ref:
        return payload
    try:
        return replace(payload, schema=_schema_in(payload, content(payload)), schema_ref="")
    except SchemaUnusable as flaw:
        return replace(payload, flaw=str(flaw))


def _file_of(payload: Payload) -> bytes:
    """What the file that a payload refers to holds now. Raises ``SchemaUnusable``."""
    folder = os.path.realpath(os.path.dirname(payload.location.path))
    path = os.path.realpath(os.path.join(folder, payload.schema_ref))
    if not path.startswith(folder.rstrip(os.sep) + os.sep):
        raise SchemaUnusable(f"`{short(payload.schema_ref)}` leads out of the folder of its contract")
    try:
        return read(path)
    except Unreadable as error:
        raise SchemaUnusable(f"`{short(payload.schema_ref)}`: {str(error).rstrip('.')}") from None


def _schema_in(payload: Payload, content: bytes | None) -> str:
    """The schema that a file holds. Raises ``SchemaUnusable``."""
    if content is None:
        raise SchemaUnusable(f"`{short(payload.schema_ref)}` is not there")
    try:
        schema = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise SchemaUnusable(f"`{short(payload.schema_ref)}` is no JSON: {error}") from None
    if not isinstance(schema, dict | bool):
        raise SchemaUnusable(f"`{short(payload.schema_ref)}` holds no mapping, and a JSON schema is one")
    return _written(schema)


def _together(said: list[Payload]) -> Payload:
    """The first that states a schema, with the first example."""
    first = next((each for each in said if each.schema or each.schema_ref or each.flaw), said[0])
    return replace(first, example=next((each.example for each in said if each.example), ""))


def _why_elsewhere(reference: str) -> str:
    """Why a path does not lie below the contract's folder, as a clause; empty where it does."""
    path = PurePosixPath(reference)
    if "\0" in reference or "\\" in reference or path.is_absolute() or ":" in path.parts[0]:
        return f"`{short(reference)}` is no path below the folder of this contract"
    if ".." in path.parts:
        return f"`{short(reference)}` leads out of the folder of this contract"
    return ""


def _unusable(path: str, topic: str, node: Node, why: str) -> Finding:
    message = f"the schema of `{topic}` cannot be used: {why}."
    fix = "write it out under `schema`, or name a `.json` file beside this contract"
    return finding(INVALID_SCHEMA, message, place(path, node), topic=topic, fix=fix)


def _written(schema: object) -> str:
    """A schema as a mapping: `true` takes everything, and `false` nothing."""
    if isinstance(schema, bool):
        return _ANYTHING if schema else _NOTHING
    return _json(schema)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
