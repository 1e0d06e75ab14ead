"""Streams held against contracts: what is left behind in Redis, and whose topic it should be. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from omni_assets.contracts.model import Manifest
from omni_assets.contracts.naming import Grammar
from omni_assets.contracts.rules import UNREAD_RULES
from omni_assets.contracts.text import count
from omni_assets.contracts.wiring.near_miss import NearNames
from omni_assets.operations.redis_streams.entries import Stream


class Kind(StrEnum):
    """What contracts know of a stream, or what a group of it has still to do.

    ``DECLARED``: a topic of that name is declared. ``NEAR``: one of nearly that name is. ``UNDECLARED``: none is.
    ``UNKNOWN``: none is, and a contract cannot be read, which may declare it. ``PENDING``: a group was given entries
    that nobody acknowledged.
    """

    DECLARED = "declared"
    NEAR = "near"
    UNDECLARED = "undeclared"
    UNKNOWN = "unknown"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Leftover:
    """What is left behind. ``entries`` are those of the stream, or those that are pending in its ``group``; ``topic``
    is the declared one that is meant, empty where there is none. ``message`` and ``fix`` are sentences."""

    stream: str
    kind: Kind
    entries: int
    message: str
    fix: str
    topic: str = ""
    group: str = ""


def leftovers(streams: Iterable[Stream], manifest: Manifest, grammar: Grammar) -> tuple[Leftover, ...]:
    """What is left behind: one for each stream, and one for each of its groups that has pending entries."""
    near = NearNames(manifest.topics, grammar)
    unread = any(each.rule in UNREAD_RULES for each in manifest.findings)
    found: list[Leftover] = []
    for stream in streams:
        found.append(_of_stream(stream, manifest, near, unread=unread))
        found += _of_groups(stream)
    return tuple(found)


def _of_stream(stream: Stream, manifest: Manifest, near: NearNames, *, unread: bool) -> Leftover:
    name, holds = stream.name, count(stream.length, "record")
    if name in manifest.topics:
        place = manifest.topics[name].owner.location
        said = f"`{name}` is declared as a topic ({place.path}:{place.line}), and its stream still holds {holds}."
        return Leftover(name, Kind.DECLARED, stream.length, said, _bring(name, name), name)
    for meant in near.of(name, 1):
        place = manifest.topics[meant.name].owner.location
        said = (
            f"no contract declares `{name}`, which holds {holds}, and `{meant.name}` is declared "
            f"({place.path}:{place.line}): {meant.difference(name)}."
        )
        return Leftover(name, Kind.NEAR, stream.length, said, _bring(name, meant.name), meant.name)
    if unread:
        said = f"no contract that can be read declares `{name}`, which holds {holds}."
        return Leftover(name, Kind.UNKNOWN, stream.length, said, "Mend what `omni check` names, and look again.")
    said = f"no contract declares a topic for `{name}`, which holds {holds}."
    fix = "Declare its topic and bring it there, or delete the stream where nobody needs it."
    return Leftover(name, Kind.UNDECLARED, stream.length, said, fix)


def _of_groups(stream: Stream) -> Iterator[Leftover]:
    for group in stream.groups:
        if group.pending:
            said = (
                f"the group `{group.name}` of `{stream.name}` was given {count(group.pending, 'record')} that nobody "
                "acknowledged."
            )
            fix = "Let its consumers end them; what is pending at cut-over is read again in the topic."
            yield Leftover(stream.name, Kind.PENDING, group.pending, said, fix, group=group.name)


def _bring(stream: str, topic: str) -> str:
    return f"`omni migrate redis-streams {stream} --to {topic}` brings them there."
