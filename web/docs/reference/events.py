"""The events of this project's own agents, out of their contracts, and how an event and a dead letter travel."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from omni_assets.agents.events import Event, Record, source_of, to_record
from omni_assets.agents.letters import Headers, Origin, sealed
from omni_assets.contracts import ContractTopicExtractor
from omni_assets.contracts.model import Declaration, Payload, Topic
from omni_assets.contracts.payloads import payloads, schema_of
from web.docs.reference.markdown import fenced, page, table

ROOT = Path(__file__).resolve().parents[3]

_BEGINNING = """\
# Events

What agents tell one another: CloudEvents in Kafka's binary mode. [Agents](../agents.md#events) says what each attribute
means, and what a node may publish.

## An event as it travels

The headers of a record, here of an `echo-completed`:
"""

_LETTERS = """\
## A dead letter

The record as it came, and behind its own headers these, as [Kafka Connect](../agents.md#dead-letters) has them:
"""

_CONTRACTS = """\
## The events of this project

What the contracts in `contracts/` declare. A field in bold is always there.
"""

_ID, _RECEIPT = "5f0c6f4e6c0b4f0f8a57a1d1b0a0c9a1", "3fb1c2d4a5964e0f8a57a1d1b0a0c9a1"
_TIME = datetime(2026, 3, 1, 12, tzinfo=UTC)
_TOPIC = "onex.evt.echo.echo-completed.v1"


def events_page() -> str:
    """The page, as Markdown."""
    return page([_BEGINNING, *_headers(), _LETTERS, *_letter_headers(), _CONTRACTS, *_sections()])


def _record() -> Record:
    event = Event(
        id=_ID,
        source=source_of("echo"),
        type=_TOPIC,
        subject="a",
        time=_TIME,
        correlation_id="0b7e",
        causation_id="0b7e",
        data=b'{"text": "hi"}',
    )
    return to_record(event, b"a")


def _headers() -> Iterator[str]:
    return _shown(_record().headers)


def _letter_headers() -> Iterator[str]:
    origin = Origin("echo", "onex.cmd.echo.echo-requested.v1", 2, 41, _RECEIPT, "its data is no JSON", "PayloadUnfit")
    return _shown(sealed((), origin))


def _shown(headers: Headers) -> Iterator[str]:
    return table(("header", "for example"), ((f"`{name}`", f"`{(value or b'').decode()}`") for name, value in headers))


def _sections() -> Iterator[str]:
    manifest = ContractTopicExtractor().extract([str(ROOT / "contracts")])
    stated = payloads(manifest)
    for contract in sorted(manifest.contracts, key=lambda each: each.node):
        owned = [topic for topic in manifest.topics.values() if topic.owner.node == contract.node]
        if owned:
            yield from (f"### `{contract.node}`", "", contract.description, "")
            for topic in sorted(owned, key=lambda each: each.name):
                yield from _event(topic, stated.get(topic.name))


def _event(topic: Topic, payload: Payload | None) -> Iterator[str]:
    yield from (f"#### `{topic.name}`", "")
    yield f"Published by {_nodes(topic.publishers)}, subscribed by {_nodes(topic.subscribers)}."
    yield ""
    if payload is None:
        return
    if schema := schema_of(payload):
        yield from _fields(json.loads(schema))
    if payload.example:
        yield from fenced("json", json.dumps(json.loads(payload.example), indent=2, ensure_ascii=False))


def _nodes(declarations: tuple[Declaration, ...]) -> str:
    return ", ".join(f"`{node}`" for node in sorted({each.node for each in declarations})) or "nobody here"


def _fields(schema: object) -> Iterator[str]:
    """A row for each field of an object; what is below it is shown by the example."""
    if not isinstance(schema, dict) or not schema.get("properties"):
        return
    needed = set(schema.get("required", ()))
    fields = schema["properties"].items()
    rows = ((f"**`{name}`**" if name in needed else f"`{name}`", _kind(field)) for name, field in fields)
    yield from table(("field", "holds"), rows)


def _kind(field: Mapping[str, Any]) -> str:
    counted = [field["const"]] if "const" in field else field.get("enum", ())
    kind = field.get("type", "anything")
    kinds = " or ".join(kind) if isinstance(kind, list) else str(kind)
    return ", ".join(f"`{json.dumps(value)}`" for value in counted) or kinds
