"""What changed between two manifests, and whom it would hurt. Pure.

Topics are compared, not files: a contract that was moved has changed nothing. So are what the records of a topic hold,
as far as contracts write it out (``payloads.with_schemas``), and what works on those of a node. A contract that one
side cannot read is taken to be what the other side says, so that none of its topics looks added or removed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from omni_assets.contracts.changes.handlers import handler_changes
from omni_assets.contracts.changes.renames import renames
from omni_assets.contracts.changes.risks import SettingChange, in_a_new_topic, setting_changes
from omni_assets.contracts.changes.schemas import schema_changes
from omni_assets.contracts.model import Contract, Finding, Location, Manifest, Payload, Role, Severity
from omni_assets.contracts.naming import Grammar
from omni_assets.contracts.payloads import payloads
from omni_assets.contracts.rules import UNREAD_RULES


class ChangeKind(StrEnum):
    """What became of a topic: ``SETTINGS`` are others, its records have another ``SCHEMA``, ``NODES`` others publish or
    subscribe it. ``HANDLER`` is about a node: something else works on its records."""

    REMOVED = "removed"
    RENAMED = "renamed"
    SETTINGS = "settings"
    SCHEMA = "schema"
    HANDLER = "handler"
    NODES = "nodes"
    ADDED = "added"


class Participant(NamedTuple):
    """Who publishes or subscribes a topic, and the line that says so. ``node`` is ``None`` for a party outside, which
    has no contract here."""

    node: str | None
    role: Role
    location: Location

    def __str__(self) -> str:
        return "somebody outside" if self.node is None else f"`{self.node}`"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that became of one topic, or of the handler of ``node``, which has no names of topics then.

    ``before`` and ``after`` are its names; ``None`` where it was not declared, or is no longer published. ``was``
    and ``now`` are where it was and is declared: by its first publisher, else its first subscriber. ``settings`` are
    what is said of it otherwise than before. ``hurts`` are those who would notice: they stand in the new contracts, but
    for parties outside that only the old ones name. ``left`` and ``joined`` publish or subscribe it no longer, or
    newly. ``why`` says what makes two names one topic. ``findings`` say all this as a rule; what is only worth knowing
    has none.
    """

    kind: ChangeKind
    before: str | None
    after: str | None
    was: Location | None = None
    now: Location | None = None
    settings: tuple[SettingChange, ...] = ()
    left: tuple[Participant, ...] = ()
    joined: tuple[Participant, ...] = ()
    hurts: tuple[Participant, ...] = ()
    why: str = ""
    findings: tuple[Finding, ...] = ()
    node: str = ""

    @property
    def subject(self) -> str:
        """What it is about: a topic, or a node."""
        return self.topic or self.node

    @property
    def topic(self) -> str:
        """The name that it goes by now, or went by last."""
        return self.after or self.before or ""

    @property
    def code(self) -> str | None:
        """The code of its findings, which are of one rule."""
        return self.findings[0].rule.code if self.findings else None

    @property
    def severity(self) -> Severity:
        """That of its worst finding."""
        found = {finding.severity for finding in self.findings}
        return next((each for each in Severity if each in found), Severity.NOTE)


@dataclass(frozen=True)
class Side:
    """One of two manifests: who publishes and who subscribes each name, well-formed or not."""

    manifest: Manifest
    _parties: Mapping[str, tuple[Participant, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        parties: defaultdict[str, list[Participant]] = defaultdict(list)
        for contract in self.manifest.contracts:
            for each in (*contract.declarations, *contract.misnamed):
                parties[each.topic].append(Participant(each.node, each.role, each.location))
            for other in contract.outside:
                parties[other.topic].append(Participant(None, other.role, other.location))
        object.__setattr__(self, "_parties", {name: tuple(found) for name, found in parties.items()})

    def parties(self, name: str, *roles: Role) -> tuple[Participant, ...]:
        """Those of any of ``roles``, in the order of the contracts."""
        return tuple(each for each in self._parties.get(name, ()) if each.role in roles)

    def publishers(self, name: str) -> tuple[Participant, ...]:
        """Who publishes a name, in the order of the contracts."""
        return self.parties(name, Role.PUBLISHES)

    def subscribers(self, name: str) -> tuple[Participant, ...]:
        """Who subscribes a name, in the order of the contracts."""
        return self.parties(name, Role.SUBSCRIBES)

    def first(self, name: str) -> Location:
        """Where a name is declared: by its first publisher, else its first subscriber."""
        return (self.publishers(name) or self.subscribers(name))[0].location

    @cached_property
    def payloads(self) -> Mapping[str, Payload]:
        """What the records of each topic hold, where a contract says it."""
        return payloads(self.manifest)

    @cached_property
    def declared(self) -> frozenset[str]:
        """Names that a contract declares, those that break the grammar among them."""
        return frozenset(name for name, found in self._parties.items() if any(each.node is not None for each in found))

    @cached_property
    def published(self) -> frozenset[str]:
        """Names that somebody publishes, here or outside."""
        return frozenset(name for name in self._parties if self.publishers(name))


def compare(old: Manifest, new: Manifest, grammar: Grammar) -> tuple[Change, ...]:
    """Every change from ``old`` to ``new``, without findings: by kind, then by name."""
    before, after = Side(old), Side(new)
    vanished = _vanished(before, after)
    appeared = _vanished(after, before)
    pairs = {pair.before: pair for pair in renames(vanished, appeared, old.contracts, new.contracts, grammar)}
    renamed_to = frozenset(pair.after for pair in pairs.values())
    changes = [_removed(name, before, after) for name in (vanished & old.topics.keys()) - pairs.keys()]
    for pair in pairs.values():
        changes.append(_renamed(pair.before, pair.after, pair.why, before, after))
        changes += _altered(pair.before, pair.after, before, after)
    for name in old.topics.keys() & new.topics.keys() - vanished - renamed_to:
        changes += _altered(name, name, before, after)
    added = new.topics.keys() - before.declared - renamed_to
    changes += [Change(ChangeKind.ADDED, None, name, now=after.first(name)) for name in added]
    order = {kind: position for position, kind in enumerate(ChangeKind)}
    changes += _handlers(old.contracts, new.contracts)
    return tuple(sorted(changes, key=lambda each: (order[each.kind], each.subject)))


def aligned(old: tuple[Contract, ...], new: tuple[Contract, ...]) -> tuple[tuple[Contract, ...], tuple[Contract, ...]]:
    """Both sides, where a contract that one of them could not read is replaced by what the other has in its place."""
    return _mended(old, new), _mended(new, old)


def _mended(contracts: tuple[Contract, ...], other: tuple[Contract, ...]) -> tuple[Contract, ...]:
    unread = [each for each in contracts if is_unread(each)]
    if not unread:
        return contracts
    places = tuple(each.location.path for each in unread)
    folders = tuple(f"{place.rstrip('/')}/" for place in places)
    kept = tuple(each for each in contracts if not is_unread(each))
    present = {each.location.path for each in kept}
    stand_ins = tuple(
        each
        for each in other
        if not is_unread(each)
        and each.location.path not in present
        and (each.location.path in places or each.location.path.startswith(folders))
    )
    return kept + stand_ins


def is_unread(contract: Contract) -> bool:
    """Whether nothing is known of what a contract declares."""
    return any(finding.rule in UNREAD_RULES for finding in contract.findings)


def _vanished(before: Side, after: Side) -> frozenset[str]:
    """Names that are declared no longer, and those that somebody waits for and nobody publishes any more."""
    unfed = before.published - after.published
    return (before.declared - after.declared) | frozenset(name for name in unfed if name in before.declared)


def _removed(name: str, before: Side, after: Side) -> Change:
    hurt = after.subscribers(name) or _outside(before.subscribers(name))
    return Change(ChangeKind.REMOVED, name, None, was=before.first(name), hurts=hurt)


def _renamed(name: str, now: str, why: str, before: Side, after: Side) -> Change:
    stranded = after.subscribers(name)
    readers = {each.node for each in before.subscribers(name)}
    moved = tuple(each for each in after.subscribers(now) if each.node in readers)
    hurt = stranded or moved or _outside(before.subscribers(name))
    return Change(ChangeKind.RENAMED, name, now, before.first(name), after.first(now), hurts=hurt, why=why)


def _altered(name: str, now: str, before: Side, after: Side) -> Iterator[Change]:
    """Settings and nodes of one topic, under its name before and its name now."""
    old, new = before.manifest.topics.get(name), after.manifest.topics.get(now)
    if old is None or new is None:
        return
    places = before.first(name), after.first(now)
    if not old.blocked and not new.blocked:
        found = setting_changes(old.spec, new.spec)
        settings = found if name == now else in_a_new_topic(found)
        if settings:
            roles = {role for each in settings if each.risk for role in each.hurts}
            hurt = after.parties(now, *roles)
            yield Change(ChangeKind.SETTINGS, name, now, *places, settings=settings, hurts=hurt)
    yield from _schema(name, now, before, after)
    left = _without(_both(before, name), (*_both(after, now), *_both(after, name)))
    joined = _without(_both(after, now), (*_both(before, name), *_both(before, now)))
    if left or joined:
        yield Change(ChangeKind.NODES, name, now, *places, left=left, joined=joined)


def _schema(name: str, now: str, before: Side, after: Side) -> Iterator[Change]:
    """What records hold otherwise than before; nothing where one side says it in a way that cannot be used, which is a
    finding of its own."""
    was, is_now = before.payloads.get(name), after.payloads.get(now)
    if any(each is not None and each.flaw for each in (was, is_now)):
        return
    found = schema_changes((was.schema or None) if was else None, (is_now.schema or None) if is_now else None)
    if not found:
        return
    said = is_now.location if is_now else None
    roles = {role for each in found if each.risk for role in each.hurts}
    hurt = [each for each in after.parties(now, *roles) if said is None or each.location.path != said.path]
    places = was.location if was else before.first(name), said or after.first(now)
    yield Change(ChangeKind.SCHEMA, name, now, *places, settings=found, hurts=tuple(hurt))


def _handlers(old: Iterable[Contract], new: Iterable[Contract]) -> Iterator[Change]:
    """The handlers that are others than before, of nodes that are there on both sides."""
    before = {each.node: each for each in reversed(tuple(old))}
    after = {each.node: each for each in reversed(tuple(new))}
    for node in before.keys() & after.keys():
        found = handler_changes(before[node].handler, after[node].handler)
        if found:
            was, now = (
                each.handler.location if each.handler else each.location for each in (before[node], after[node])
            )
            yield Change(ChangeKind.HANDLER, None, None, was, now, settings=found, node=node)


def _both(side: Side, name: str) -> tuple[Participant, ...]:
    return side.parties(name, *Role)


def _without(parties: Iterable[Participant], others: Iterable[Participant]) -> tuple[Participant, ...]:
    known = {(each.node, each.role) for each in others}
    return tuple(each for each in parties if (each.node, each.role) not in known)


def _outside(parties: Iterable[Participant]) -> tuple[Participant, ...]:
    return tuple(each for each in parties if each.node is None)
