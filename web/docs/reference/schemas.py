"""The JSON schemas that others validate with, and the page that lists their fields."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from omni_assets.agents import task_receipt
from omni_assets.router import receipt
from omni_assets.router.receipt_schema import receipt_schema, written_schema
from web.docs.reference.markdown import page, table

Schema = Mapping[str, Any]

_BEGINNING = """\
# JSON schemas

What others may hold documents of omni against: JSON Schema 2020-12, a file for each version. Fields are only ever added
to a version, so that a reader of today reads what a newer omni writes.
"""


def schemas() -> Mapping[str, Schema]:
    """Every schema, by the name of its file in docs/schemas."""
    return {
        f"receipt-{receipt.VERSION}.json": receipt_schema(),
        f"task-receipt-{task_receipt.VERSION}.json": written_schema(task_receipt.TaskReceipt, task_receipt.SCHEMA_NAME),
    }


def schema_texts() -> Mapping[str, str]:
    """The text of every file of docs/schemas, by its name."""
    return {name: json.dumps(schema, indent=2) + "\n" for name, schema in schemas().items()}


def schemas_page() -> str:
    """The page, as Markdown."""
    return page([_BEGINNING, *_sections()])


def _sections() -> Iterator[str]:
    roots = schemas()
    parts = {part: each for schema in roots.values() for part, each in schema["$defs"].items()}
    anchors = {part: _anchor(part, each, roots) for part, each in parts.items()}
    for name, schema in roots.items():
        yield from (f"## `{name}`", "", f"[The file](../schemas/{name}). Its `$id` is `{schema['$id']}`.", "")
        yield from _described(schema, parts, anchors)
    yield from ("## What is within them", "")
    for part in sorted(parts):
        if anchors[part] == part.lower() and "properties" in parts[part]:
            yield from (f"### {part}", "", *_described(parts[part], parts, anchors))


def _anchor(part: str, definition: Schema, roots: Mapping[str, Schema]) -> str:
    """Where a part is told: at the schema that it is the whole of, else in a section of its own."""
    fields = definition.get("properties")
    whole = (
        name for name, schema in roots.items() if fields is not None and schema["properties"].keys() == fields.keys()
    )
    return next(whole, part).lower().replace(".", "")


def _described(definition: Schema, parts: Mapping[str, Schema], anchors: Mapping[str, str]) -> Iterator[str]:
    if "description" in definition:
        yield from (definition["description"], "")
    rows = ((f"`{name}`", _holds(field, parts, anchors)) for name, field in definition["properties"].items())
    yield from table(("field", "holds"), rows)


def _holds(field: Schema, parts: Mapping[str, Schema], anchors: Mapping[str, str]) -> str:
    if "$ref" in field:
        part = field["$ref"].rpartition("/")[2]
        return _values(parts[part]) or f"[{part}](#{anchors[part]})"
    if "anyOf" in field:
        return " or ".join(_holds(each, parts, anchors) for each in field["anyOf"])
    if values := _values(field):
        return values
    if field.get("type") == "array":
        return f"list of {_holds(field.get('items', {}), parts, anchors)}"
    kind = field.get("type", "anything")
    stated = " or ".join(kind) if isinstance(kind, list) else str(kind)
    return f"{stated} ({field['format']})" if "format" in field else stated


def _values(field: Schema) -> str:
    """The values that a field may have, where they are counted; else nothing."""
    counted = [field["const"]] if "const" in field else field.get("enum", ())
    return ", ".join(f"`{json.dumps(value)}`" for value in counted)
