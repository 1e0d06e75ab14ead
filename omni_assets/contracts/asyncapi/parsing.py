"""An AsyncAPI document, YAML or JSON, as JSON data within bounds: it was written by others."""

from __future__ import annotations

import json
import re
from typing import Any

from yaml.nodes import MappingNode, ScalarNode

from omni_assets.contracts.document import Pairs, Unreadable, parse, place
from omni_assets.contracts.faults import short
from omni_assets.contracts.json_data import Bounds, JsonData, NotJson
from omni_assets.contracts.merges import Merges
from omni_assets.contracts.model import Location

MAX_BYTES = 8 * 1024 * 1024
"""Largest document in bytes that is read: some 5,000 topics with schemas."""

BOUNDS = Bounds(1_000_000, 200, "this document holds")

_READ = re.compile(r"3\.[0-9]{1,3}\.[0-9]{1,3}")
_CONVERTER = "convert it with the AsyncAPI CLI: `asyncapi convert FILE -o NEW --format asyncapi --target-version 3.0.0`"


class NotAsyncApi(ValueError):
    """A file that is no document of AsyncAPI 3: ``why`` is a clause, ``fix`` what to do, ``location`` the place."""

    def __init__(self, why: str, fix: str, location: Location) -> None:
        super().__init__(f"{location}: {why}")
        self.why = why
        self.fix = fix
        self.location = location


def parsed(path: str, content: bytes) -> dict[str, Any]:
    """The data of a document whose ``asyncapi`` is some 3.x. Raises ``NotAsyncApi``."""
    data = _of_json(path, content) if content.lstrip()[:1] == b"{" else None
    data = _of_yaml(path, content) if data is None else data
    version = data.get("asyncapi")
    if version is None:
        fix = "name a document whose `asyncapi` says 3.0.0"
        raise NotAsyncApi("it has no `asyncapi`, so it is no document of AsyncAPI", fix, Location(path))
    if not isinstance(version, str) or not _READ.fullmatch(version):
        shown = short(str(version), 20)
        raise NotAsyncApi(f"it is AsyncAPI {shown}, and only 3.x is read", _CONVERTER, Location(path))
    return data


def _of_yaml(path: str, content: bytes) -> dict[str, Any]:
    try:
        document = parse(path, content)
        data: dict[str, Any] = JsonData(_Once(Merges(document)).pairs, BOUNDS).of(document.root)
    except Unreadable as error:
        found = error.finding
        raise NotAsyncApi(found.message.rstrip("."), found.fix, found.location) from None
    except NotJson as error:
        raise NotAsyncApi(str(error), "mend it there", place(path, error.node)) from None
    return data


def _of_json(path: str, content: bytes) -> dict[str, Any] | None:
    """The data of a JSON document; ``None`` where it is none, but may be YAML that begins as one.

    Nearly all of JSON is YAML, too: not an escape for half a character, of which JSON needs two for an emoji.
    """
    try:
        data: dict[str, Any] = json.loads(content, object_pairs_hook=_once, parse_constant=_no_number)
        json.dumps(data, ensure_ascii=False).encode()
    except _Twice as error:
        raise NotAsyncApi(str(error), "take one of them out", Location(path)) from None
    except UnicodeEncodeError:
        raise NotAsyncApi("it holds half a character, a lone surrogate", "take it out", Location(path)) from None
    except (ValueError, RecursionError):
        return None
    if _depth(data) > BOUNDS.depth:
        raise NotAsyncApi(f"it nests deeper than {BOUNDS.depth} levels", "flatten it", Location(path))
    return data


class _Twice(Exception):
    """A key that stands twice in one mapping; ``str()`` is a clause."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the key `{short(key, 60)}` stands there twice")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    for key, value in pairs:
        if key in mapping:
            raise _Twice(key)
        mapping[key] = value
    return mapping


def _no_number(text: str) -> Any:
    raise ValueError(f"JSON has no number {text}")


def _depth(data: Any) -> int:
    """How deep the collections nest that are within ``data``."""
    deepest, level = 0, [data]
    while level := [
        inner
        for each in level
        if isinstance(each, dict | list)
        for inner in (each.values() if isinstance(each, dict) else each)
    ]:
        deepest += 1
    return deepest


class _Once:
    """The pairs of mappings in which no key stands twice: programs would disagree on which of them counts."""

    def __init__(self, merges: Merges) -> None:
        self._merges = merges

    def pairs(self, mapping: MappingNode) -> Pairs:
        """Raises ``NotJson``."""
        pairs = self._merges.pairs(mapping)
        seen: set[str] = set()
        for key, _ in pairs:
            if isinstance(key, ScalarNode) and key.value in seen:
                raise NotJson(str(_Twice(key.value)), key)
            seen.add(str(key.value))
        return pairs
