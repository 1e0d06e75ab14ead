"""JSON schemas that stand within another document: their local references, and the drafts that read them alike. Pure.

What is a schema, and what is data, is told by the keyword above it, as JSON schema (draft-07 and 2020-12) has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

Schema: TypeAlias = dict[str, Any]

_DATA = frozenset({"const", "default", "enum", "example", "examples", "required", "type"})
_NAMED = frozenset({"$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"})
_NEWER = frozenset(
    {
        "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveAnchor", "$recursiveRef", "$vocabulary",
        "dependentRequired", "dependentSchemas", "maxContains", "minContains", "prefixItems", "unevaluatedItems",
        "unevaluatedProperties",
    }
)  # fmt: skip
_OLDER = frozenset({"additionalItems", "dependencies"})
_ANNOTATIONS = frozenset({"$comment", "$schema", "description", "title"}) | {"$defs", "definitions"}


def moved(schema: Any, to: Callable[[str], str]) -> Any:
    """The schema with ``to`` of each reference in the place of it.

    A part that bears an ``$id`` of its own stays as it is: its references begin there.
    """
    if isinstance(schema, list):
        return [moved(each, to) for each in schema]
    if not isinstance(schema, dict) or "$id" in schema:
        return schema
    return {keyword: _moved(keyword, value, to) for keyword, value in schema.items()}


def read_alike(schema: Any) -> bool:
    """Whether draft-07 and 2020-12 read the schema alike: it holds no keyword that only one of them knows, no tuple
    under ``items``, and nothing beside a reference that the older one would pass over.
    """
    return not any(
        _NEWER & part.keys()
        or _OLDER & part.keys()
        or isinstance(part.get("items"), list)
        or ("$ref" in part and part.keys() - _ANNOTATIONS - {"$ref"})
        for part in _parts(schema)
    )


def _moved(keyword: str, value: Any, to: Callable[[str], str]) -> Any:
    if keyword == "$ref" and isinstance(value, str):
        return to(value)
    if keyword in _DATA:
        return value
    if keyword in _NAMED and isinstance(value, dict):
        return {name: moved(each, to) for name, each in value.items()}
    return moved(value, to)


def _parts(schema: Any) -> Iterator[Schema]:
    """The schema and every schema within it."""
    if isinstance(schema, list):
        for each in schema:
            yield from _parts(each)
    if not isinstance(schema, dict):
        return
    yield schema
    for keyword, value in schema.items():
        if keyword in _NAMED and isinstance(value, dict):
            for each in value.values():
                yield from _parts(each)
        elif keyword not in _DATA:
            yield from _parts(value)
