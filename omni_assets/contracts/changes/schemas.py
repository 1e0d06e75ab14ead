"""What a changed schema does to those who write and read the records: one rule for each thing that can hurt. Pure.

Two schemas are walked side by side, by properties and items, as JSON schema (2020-12) has them; local references are
followed. What is told of a place is whether it must be there, its type, its values, and any other keyword that differs.
Keywords that only describe (`title`, `description`) make no difference. A keyword of which it cannot be told what it
does to records is a risk: nothing is taken for harmless because it was not understood.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from omni_assets.contracts.changes.risks import SettingChange
from omni_assets.contracts.faults import short
from omni_assets.contracts.model import Role

MOST_CHANGES = 20
"""Most differences that are told of one schema."""

DEEPEST = 40
"""How deep schemas are walked; what lies deeper is compared as a whole."""

_ROOT = "$"
_ANNOTATIONS = frozenset(
    {"$comment", "$id", "$schema", "default", "deprecated", "description", "examples", "readOnly", "title", "writeOnly"}
)
_DEFINITIONS = frozenset({"$defs", "definitions"})
_NAMED = frozenset({"properties", "patternProperties", "dependentSchemas"}) | _DEFINITIONS
_DATA = frozenset({"const", "enum"})
_UNORDERED = frozenset({"enum", "required", "type"})
_WALKED = frozenset({"type", "required", "properties", "items", "enum", "const"})
_EVERY_TYPE = frozenset({"array", "boolean", "null", "number", "object", "string"})
_ABSENT = "absent"
_NONE = "none"
_LONGEST_VALUE = 60

_READERS = (Role.SUBSCRIBES,)
_BOTH = (Role.SUBSCRIBES, Role.PUBLISHES)

_GONE = "who reads it finds it no longer"
_MAY_LACK = "who reads it may find it missing"
_NEEDED = "records without it, those that are unread too, no longer fit"
_OTHER_TYPE = "who reads it finds a type that was not there before"
_FEWER_TYPES = "records with another type of it, those that are unread too, no longer fit"
_NEW_VALUES = "who reads it finds values that were not there before"
_FEWER_VALUES = "records with another value of it, those that are unread too, no longer fit"
_NOT_KNOWN = "whether records still fit, and who reads them still understands them, is not known"
_STATED_NOW = "records that do not fit, those that are unread too, are refused"
_NO_LONGER = "what records hold is no longer said"


def schema_changes(before: str | None, after: str | None) -> tuple[SettingChange, ...]:
    """Every place at which two schemas, as JSON text, differ; ``None`` is no schema. At most ``MOST_CHANGES``.

    ``name`` of each is a place such as ``$.review.verdict`` or ``$.files[]``, with a keyword behind it where it is
    about that alone.
    """
    if before == after:
        return ()
    if before is None:
        return (SettingChange("schema", _NONE, "stated", _STATED_NOW, _BOTH),)
    if after is None:
        return (SettingChange("schema", "stated", _NONE, _NO_LONGER, _READERS),)
    old, new = (_bare(json.loads(text)) for text in (before, after))
    if old == new:
        return ()
    found = tuple(islice(_Walk(old, new).changes(), MOST_CHANGES))
    return found or (SettingChange("schema", _shown(old), _shown(new), _NOT_KNOWN, _BOTH),)


class _Walk:
    """One walk over two whole schemas. What references lead to is compared where it is met first."""

    def __init__(self, old: Any, new: Any) -> None:
        self._old, self._new = old, new
        self._followed: set[tuple[str, str]] = set()

    def changes(self) -> Iterator[SettingChange]:
        yield from self._at(_ROOT, self._old, self._new, 0)
        met = {reference for pair in self._followed for reference in pair}
        for keyword in sorted(_DEFINITIONS):
            had, has = _mapping(self._old, keyword), _mapping(self._new, keyword)
            for name in sorted(had.keys() | has.keys()):
                if had.get(name) != has.get(name) and f"#/{keyword}/{name}" not in met:
                    yield _unknown(f"{_ROOT} {keyword}.{name}", had.get(name), has.get(name))

    def _at(self, place: str, old: Any, new: Any, depth: int) -> Iterator[SettingChange]:
        references = _reference(old), _reference(new)
        if any(references):
            if references in self._followed:
                return
            self._followed.add(references)
            old, new = _led_to(old, self._old), _led_to(new, self._new)
        if depth > DEEPEST or not (isinstance(old, dict) and isinstance(new, dict)):
            if old != new:
                yield _unknown(place, old, new)
            return
        yield from _types(place, old, new)
        yield from _values(place, old, new)
        yield from self._properties(place, old, new, depth)
        if "items" in old or "items" in new:
            yield from self._at(f"{place}[]", old.get("items", {}), new.get("items", {}), depth + 1)
        for keyword in sorted((old.keys() | new.keys()) - _WALKED - _DEFINITIONS):
            if old.get(keyword) != new.get(keyword):
                yield _unknown(f"{place} {keyword}", old.get(keyword), new.get(keyword))

    def _properties(
        self, place: str, old: Mapping[str, Any], new: Mapping[str, Any], depth: int
    ) -> Iterator[SettingChange]:
        had, has = _mapping(old, "properties"), _mapping(new, "properties")
        needed, needs = _names(old, "required"), _names(new, "required")
        for name in dict.fromkeys((*had, *has, *sorted(needed | needs))):
            was, is_now = _presence(name, had, needed), _presence(name, has, needs)
            if was != is_now:
                yield SettingChange(f"{place}.{name}", was, is_now, *_PRESENCES[was, is_now])
            if name in had and name in has:
                yield from self._at(f"{place}.{name}", had[name], has[name], depth + 1)


def _types(place: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[SettingChange]:
    was, is_now = _kinds(old), _kinds(new)
    if was != is_now:
        clauses = ((_OTHER_TYPE, is_now - was), (_FEWER_TYPES, was - is_now))
        yield SettingChange(place, _listed(was), _listed(is_now), _said(clauses), _BOTH)


def _values(place: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[SettingChange]:
    was, is_now = _allowed(old), _allowed(new)
    if was == is_now:
        return
    more = frozenset({""}) if is_now is None else frozenset() if was is None else is_now - was
    fewer = frozenset({""}) if was is None else frozenset() if is_now is None else was - is_now
    yield SettingChange(
        f"{place} values",
        None if was is None else short(", ".join(sorted(was)), _LONGEST_VALUE),
        None if is_now is None else short(", ".join(sorted(is_now)), _LONGEST_VALUE),
        _said(((_NEW_VALUES, more), (_FEWER_VALUES, fewer))),
        _BOTH,
    )


def _said(clauses: Iterable[tuple[str, frozenset[str]]]) -> str:
    return "; ".join(clause for clause, holds in clauses if holds)


def _unknown(place: str, old: object, new: object) -> SettingChange:
    return SettingChange(place, _shown(old), _shown(new), _NOT_KNOWN, _BOTH)


def _presence(name: str, properties: Mapping[str, Any], needed: frozenset[str]) -> str:
    return "required" if name in needed else "optional" if name in properties else _ABSENT


_PRESENCES: Mapping[tuple[str, str], tuple[str, tuple[Role, ...]]] = {
    (_ABSENT, "optional"): ("", _READERS),
    (_ABSENT, "required"): (_NEEDED, _BOTH),
    ("optional", "required"): (_NEEDED, _BOTH),
    ("required", "optional"): (_MAY_LACK, _READERS),
    ("required", _ABSENT): (_GONE, _READERS),
    ("optional", _ABSENT): (_GONE, _READERS),
}


def _kinds(schema: Mapping[str, Any]) -> frozenset[str]:
    """The types that a schema takes; an integer is a number too, and is told apart."""
    stated = schema.get("type")
    if isinstance(stated, str):
        return frozenset({stated})
    return frozenset(filter(_is_text, stated)) if isinstance(stated, list) else _EVERY_TYPE


def _listed(kinds: frozenset[str]) -> str:
    return "anything" if kinds == _EVERY_TYPE else " or ".join(sorted(kinds))


def _allowed(schema: Mapping[str, Any]) -> frozenset[str] | None:
    """The values that a schema takes, as JSON; ``None`` where it takes any."""
    if "const" in schema:
        return frozenset({_json(schema["const"])})
    stated = schema.get("enum")
    return frozenset(map(_json, stated)) if isinstance(stated, list) else None


def _reference(schema: Any) -> str:
    """The local reference that a schema is; empty where it is none."""
    text = schema.get("$ref") if isinstance(schema, dict) and len(schema) == 1 else None
    return text if isinstance(text, str) and text.startswith("#/") else ""


def _led_to(schema: Any, root: Any) -> Any:
    """What a local reference leads to; what is none, or leads nowhere, as it is."""
    reference, found = _reference(schema), root
    for step in reference.removeprefix("#/").split("/"):
        found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
    return schema if found is None or not reference else found


def _bare(schema: Any, depth: int = 0) -> Any:
    """A schema without what only describes, and without an order where there is none."""
    if depth > DEEPEST or not isinstance(schema, dict | list):
        return schema
    if isinstance(schema, list):
        return [_bare(each, depth + 1) for each in schema]
    return {
        keyword: sorted(value, key=_json)
        if keyword in _UNORDERED and isinstance(value, list)
        else value
        if keyword in _DATA
        else {name: _bare(each, depth + 2) for name, each in value.items()}
        if keyword in _NAMED and isinstance(value, dict)
        else _bare(value, depth + 1)
        for keyword, value in schema.items()
        if keyword not in _ANNOTATIONS
    }


def _mapping(schema: Any, keyword: str) -> Mapping[str, Any]:
    value = schema.get(keyword) if isinstance(schema, dict) else None
    return value if isinstance(value, dict) else {}


def _names(schema: Mapping[str, Any], keyword: str) -> frozenset[str]:
    value = schema.get(keyword)
    return frozenset(filter(_is_text, value)) if isinstance(value, list) else frozenset()


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _shown(value: object) -> str | None:
    return None if value is None else short(_json(value), _LONGEST_VALUE)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
