"""The schema of a payload as a contract can state it: whole by itself, with what it refers to under ``$defs``. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from omni_assets.contracts.asyncapi.json_schemas import moved, read_alike
from omni_assets.contracts.asyncapi.references import MOST_HOPS, LeadsNowhere, References, Steps, steps
from omni_assets.contracts.asyncapi.vocabulary import DRAFT_07, DRAFTS, NEWEST_DRAFT, pointer, schema_format
from omni_assets.contracts.faults import short

MOST_CHARACTERS = 500_000
"""Longest schema, as JSON text: what is referred to in several places may be taken over more than once."""

_DEFINITIONS = "$defs"
_OWN_FORMAT = "application/vnd.aai.asyncapi"
_FORMATS = {
    **{schema_format(draft): draft for draft in DRAFTS.values()},
    **{schema_format(draft).replace("+json", "+yaml"): draft for draft in DRAFTS.values()},
}
_ADDRESSES = {draft: address for address, draft in DRAFTS.items()}


class NotStatable(ValueError):
    """A schema that no contract can state; ``str()`` is a clause that says why."""


class Stated(NamedTuple):
    """A schema, and the clauses that say which of its references were left as they are."""

    schema: dict[str, Any]
    loose: tuple[str, ...]


def stated_schema(references: References, payloads: Iterable[Steps]) -> Stated:
    """One schema for the payloads that stand at those places; of several, a record fits exactly one.

    Raises ``NotStatable``, and ``LeadsNowhere`` where a payload itself is a reference to nothing.
    """
    places = [_place(references, each) for each in payloads]
    drafts = {draft for _, draft in places}
    if len(drafts) > 1:
        raise NotStatable(f"its messages are in several formats, {' and '.join(sorted(drafts))}")
    if len(places) == 1:
        base = places[0][0]
        schema, loose = _bundled(references, base, references.value(base))
    else:
        each = [{"$ref": pointer(*base)} for base, _ in places]
        schema, loose = _bundled(references, None, {"oneOf": each})
    return Stated(_in_draft(schema, drafts.pop()), loose)


def _place(references: References, at: Steps) -> tuple[Steps, str]:
    """Where the schema of a payload stands, and the draft that it is in."""
    value, at = _outwards(references, at)
    draft = DRAFT_07
    if isinstance(value, dict) and "schema" in value:
        stated = value.get("schemaFormat", _OWN_FORMAT)
        if not isinstance(stated, str) or not (stated in _FORMATS or stated.startswith(_OWN_FORMAT)):
            raise NotStatable(
                f"its schema is in the format `{short(str(stated), 60)}`, and contracts take JSON schemas"
            )
        draft = _FORMATS.get(stated, DRAFT_07)
        value, at = _outwards(references, (*at, "schema"))
    if not isinstance(value, dict | bool):
        raise NotStatable("its schema is neither a mapping nor a truth value")
    return at, draft


def _outwards(references: References, at: Steps) -> tuple[Any, Steps]:
    """What stands there, and where; a mere reference is followed, unless it leads back into what it begins."""
    for _ in range(MOST_HOPS):
        value = references.value(at)
        reference = value["$ref"] if isinstance(value, dict) and value.keys() == {"$ref"} else None
        if not isinstance(reference, str) or not reference.startswith("#/"):
            return value, at
        to = steps(reference)
        if to[: len(at)] == at:
            return value, at
        at = to
    raise LeadsNowhere(f"its schema is more than {MOST_HOPS} references, one after the other")


def _bundled(references: References, base: Steps | None, schema: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A schema with everything that it refers to outside of ``base``, where it stands, under ``$defs``."""
    if isinstance(schema, bool):
        return ({} if schema else {"not": {}}), ()
    own = schema.get(_DEFINITIONS)
    taken = set(own) if isinstance(own, dict) else set()
    bundle = _Bundle(references, base, taken)
    whole = moved(schema, bundle.led)
    definitions = bundle.definitions()
    if definitions:
        whole = {**whole, _DEFINITIONS: {**(whole[_DEFINITIONS] if isinstance(own, dict) else {}), **definitions}}
    return whole, tuple(bundle.loose)


class _Bundle:
    """The references of one schema, and what they lead to."""

    def __init__(self, references: References, base: Steps | None, taken: set[str]) -> None:
        self._references = references
        self._base = base
        self._taken = taken
        self._names: dict[Steps, str] = {}
        self._waiting: list[Steps] = []
        self.loose: dict[str, None] = {}

    def led(self, reference: str) -> str:
        """Where a reference leads once the schema stands alone; one that leads nowhere stays as it is."""
        if self._base is not None and f"{reference}/".startswith(pointer(*self._base) + "/"):
            return "#" + reference[len(pointer(*self._base)) :]
        if reference.startswith("#") and reference != "#" and not reference.startswith("#/"):
            return reference  # an anchor, which moves along
        try:
            at = steps(reference)
            self._references.value(at)
        except LeadsNowhere as why:
            self.loose[str(why)] = None
            return reference
        if self._base is not None and at[: len(self._base)] == self._base:
            rest = at[len(self._base) :]
            return pointer(*rest) if rest else "#"
        if at not in self._names:
            self._names[at] = self._name(at)
            self._waiting.append(at)
        return pointer(_DEFINITIONS, self._names[at])

    def definitions(self) -> dict[str, Any]:
        """What was referred to, by name, and what that refers to in turn. Raises ``NotStatable``."""
        found: dict[str, Any] = {}
        size = 0
        for at in self._waiting:  # which grows meanwhile
            definition = moved(self._references.value(at), self.led)
            found[self._names[at]] = definition
            size += len(json.dumps(definition))
            if size > MOST_CHARACTERS:
                raise NotStatable(f"its schema refers to more than {MOST_CHARACTERS:,} characters of others")
        return found

    def _name(self, at: Steps) -> str:
        wanted = at[-1] if at else "document"
        name, number = wanted, 1
        while name in self._taken:
            number += 1
            name = f"{wanted}-{number}"
        self._taken.add(name)
        return name


def _in_draft(schema: dict[str, Any], draft: str) -> dict[str, Any]:
    """The schema with the draft that it is in, where a contract would be read in another and that would tell."""
    if "$schema" in schema or draft == NEWEST_DRAFT or (draft == DRAFT_07 and read_alike(schema)):
        return schema
    return {"$schema": _ADDRESSES[draft], **schema}
