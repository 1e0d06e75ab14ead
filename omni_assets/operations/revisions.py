"""The contracts of another revision, read from Git's objects beside the work tree's: nothing is checked out.

The same sources are searched on both sides, or those that the settings of that revision name. What Git does not keep
for this repository (an installed package, a path outside, a submodule) is what it is today on both sides.
"""

from __future__ import annotations

import os
import posixpath
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from omni_assets import settings as settings_module
from omni_assets.contracts.discovery import FILE_NAMES, is_searched
from omni_assets.contracts.document import MAX_BYTES
from omni_assets.contracts.extractor import ContractTopicExtractor
from omni_assets.contracts.findings import finding
from omni_assets.contracts.model import Contract, Location, Payload
from omni_assets.contracts.payloads import with_schemas
from omni_assets.contracts.rules import UNREADABLE
from omni_assets.operations import git
from omni_assets.operations.context import Context
from omni_assets.operations.git import Entry, Revision

_MOST_LINKS = 8

_Read = Callable[[Entry], bytes | None]


@dataclass(frozen=True, slots=True)
class Past:
    """The contracts of a revision. ``unversioned`` are paths of today's that it says nothing of: they are taken as they
    are."""

    revision: Revision
    contracts: tuple[Contract, ...]
    unversioned: tuple[str, ...] = ()


def past(context: Context, asked: str, today: tuple[Contract, ...]) -> Past:
    """The contracts of the revision ``asked``, under today's grammar, with the schemas that they refer to written out.
    A contract that has not changed is not parsed again.

    The repository is the one that holds the first source. Raises ``NotARepository``, ``RevisionUnknown`` and
    ``GitFailed``.
    """
    revision = git.revision(_folder_of(context.sources[0]), asked)
    entries = git.entries(revision)
    extractor = context.extractor()
    read_today = {contract.location.path: contract for contract in today}
    unversioned = _unversioned(revision, entries, tuple(read_today))
    contracts: dict[str, Contract] = {path: with_schemas(read_today[path]) for path in unversioned}
    with git.contents(revision, MAX_BYTES) as content:
        for path, entry in _found(_sources(context, revision, entries, content), revision, entries, content):
            if path not in contracts:
                read = _contract(extractor, path, content(entry), read_today.get(path))
                contracts[path] = with_schemas(read, _schemas_of(revision, entries, content))
    return Past(revision, tuple(contracts.values()), unversioned)


def _contract(extractor: ContractTopicExtractor, path: str, content: bytes | None, today: Contract | None) -> Contract:
    if content is None:
        too_large = finding(UNREADABLE, "this contract is too large to be read.", Location(path))
        return Contract("", Location(path), (), (too_large,))
    if today is not None and today.digest == sha256(content).hexdigest():
        return today
    return extractor.parsed(path, content)


def _found(
    sources: tuple[str, ...], revision: Revision, entries: Mapping[str, Entry], content: _Read
) -> Iterator[tuple[str, Entry]]:
    """The contracts under the sources: the path that today's discovery would give each, and what is there."""
    seen: set[str] = set()
    for source in sources:
        inside = _inside(revision, source)
        if inside is None:
            continue
        for path, shown in _under(source, inside, entries):
            entry = _target(path, entries, content)
            if entry is not None and path not in seen:
                seen.add(path)
                yield shown, entry


def _under(source: str, inside: str, entries: Mapping[str, Entry]) -> Iterator[tuple[str, str]]:
    if inside in entries:
        yield inside, source
        return
    folder = f"{inside}/" if inside else ""
    shown = "" if source in (".", "./") else source
    for path in sorted(entries):
        rest = path[len(folder) :]
        *folders, name = rest.split("/")
        if path.startswith(folder) and name in FILE_NAMES and all(map(is_searched, folders)):
            yield path, os.path.join(shown, rest)


def _target(path: str, entries: Mapping[str, Entry], content: _Read) -> Entry | None:
    """The file at a path, through links that stay in the repository; ``None`` where there is none."""
    for _ in range(_MOST_LINKS):
        entry = entries.get(path)
        if entry is None or entry.is_submodule:
            return None
        if not entry.is_link:
            return entry
        target = content(entry)
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), os.fsdecode(target or b"")))
    return None


def _schemas_of(revision: Revision, entries: Mapping[str, Entry], content: _Read) -> Callable[[Payload], bytes | None]:
    """Reads the file that a payload refers to as it was; ``None`` where it was not there."""

    def schema(payload: Payload) -> bytes | None:
        folder = _inside(revision, os.path.dirname(payload.location.path))
        if folder is None:
            return None
        entry = _target(posixpath.normpath(posixpath.join(folder, payload.schema_ref)), entries, content)
        return content(entry) if entry is not None else None

    return schema


def _unversioned(revision: Revision, entries: Mapping[str, Entry], paths: tuple[str, ...]) -> tuple[str, ...]:
    submodules = tuple(f"{path}/" for path, entry in entries.items() if entry.is_submodule)
    return tuple(path for path in paths if (inside := _inside(revision, path)) is None or inside.startswith(submodules))


def _sources(context: Context, revision: Revision, entries: Mapping[str, Entry], content: _Read) -> tuple[str, ...]:
    """Today's sources where somebody named them; else those of the settings as they were, and today's packages."""
    settings = context.settings
    folders = settings_module.contract_sources(settings, {})
    if settings.source is None or context.sources[: len(folders)] != folders:
        return context.sources
    inside = _inside(revision, str(settings.source))
    entry = entries.get(inside) if inside is not None else None
    stated = _stated_sources(settings.source.name, content(entry)) if entry is not None else None
    if stated is None:
        return context.sources
    then = settings_module.contract_sources(settings.model_copy(update={"contracts": stated}), {})
    return (*then, *context.sources[len(folders) :])


def _stated_sources(file: str, text: bytes | None) -> tuple[str, ...] | None:
    """The ``contracts`` of a settings file that was; ``None`` where it has none that can be used."""
    try:
        values: Any = tomllib.loads((text or b"").decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        return None
    for key in ("contracts",) if file == settings_module.SETTINGS_FILE else ("tool", "omni", "contracts"):
        values = values.get(key) if isinstance(values, dict) else None
    usable = isinstance(values, list) and values and all(isinstance(each, str) for each in values)
    return tuple(values) if usable else None


def _folder_of(source: str) -> str:
    return (source if os.path.isdir(source) else os.path.dirname(source)) or "."


def _inside(revision: Revision, path: str) -> str | None:
    """The path from the repository's root, empty for the root; ``None`` where it is outside."""
    inside = os.path.relpath(os.path.realpath(path), revision.top)
    if inside == os.pardir or inside.startswith(os.pardir + os.sep):
        return None
    return "" if inside == os.curdir else inside
