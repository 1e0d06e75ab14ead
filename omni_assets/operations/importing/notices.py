"""What somebody should know before topics become contracts: names that are nearly the same, topics that nobody needs,
names that follow no rule, and what could not be seen. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from omni_assets.broker.flows import Flows
from omni_assets.broker.snapshot import BrokerSnapshot
from omni_assets.contracts.model import Manifest
from omni_assets.contracts.naming import Grammar, InvalidName
from omni_assets.contracts.wiring.graph import Ends, Wiring
from omni_assets.contracts.wiring.mismatches import Mismatch, mismatches
from omni_assets.operations.importing.traffic import Traffic

LONG = timedelta(days=30)
"""For how long there was no record in a topic that nobody reads, and that counts as dead."""


class NoticeKind(StrEnum):
    """What a notice is about."""

    NEAR_MISS = "near_miss"
    DEAD = "dead"
    OUTSIDE_THE_GRAMMAR = "outside_the_grammar"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to know. ``subject`` is a topic or a consumer group, ``detail`` a clause."""

    kind: NoticeKind
    subject: str
    detail: str

    @property
    def serious(self) -> bool:
        """Whether somebody has to decide: a dead topic is in the way of nothing."""
        return self.kind is not NoticeKind.DEAD


def notices(
    undeclared: Collection[str],
    manifest: Manifest,
    snapshot: BrokerSnapshot,
    flows: Flows,
    seen: Traffic,
    grammar: Grammar,
) -> tuple[Notice, ...]:
    """Every notice about ``undeclared`` topics of the snapshot and its consumer groups, by kind and name.

    What is near another name is not said to break the grammar as well: one mistake, one notice. An empty topic of dead
    letters is a good sign, and dead it is not.
    """
    near = tuple(_near_misses(undeclared, manifest, seen, grammar))
    explained = {each.subject for each in near}
    found = [
        *near,
        *_dead([name for name in undeclared if not _dead_letters(name, grammar)], seen, flows.observed_at),
        *_outside([name for name in undeclared if name not in explained], grammar),
        *_unseen(undeclared, snapshot, flows),
    ]
    order = list(NoticeKind)
    return tuple(sorted(found, key=lambda each: (order.index(each.kind), each.subject, each.detail)))


def _near_misses(undeclared: Collection[str], manifest: Manifest, seen: Traffic, grammar: Grammar) -> Iterator[Notice]:
    names = {*undeclared, *manifest.topics}
    ends = {name: _ends(name, manifest, seen) for name in sorted(names)}
    wiring = Wiring(
        {name: each for name, each in ends.items() if grammar.matches(name)},
        {name: each for name, each in ends.items() if not grammar.matches(name)},
    )
    for each in mismatches(wiring, grammar):
        if each.wrong.name in undeclared or each.meant.name in undeclared:
            yield Notice(NoticeKind.NEAR_MISS, each.wrong.name, _difference(each))


def _ends(name: str, manifest: Manifest, seen: Traffic) -> Ends:
    """Whether a name is written and read. Where one of them was not seen it counts as both: evidence of nothing."""
    topic = manifest.topics.get(name)
    written, read = seen.written(name), seen.read(name)
    unseen = written is None or read is None
    return Ends(name, (), topic.subscribers if topic is not None else (), unseen or bool(written), unseen or bool(read))


def _difference(found: Mismatch) -> str:
    standing = "it is read and was never written" if found.wrong.starving else ""
    standing = "it is written and nobody reads it" if found.wrong.unread else standing
    said = f"near `{found.meant.name}`: {found.near.difference(found.wrong.name)}"
    return f"{said}; {standing}" if standing else said


def _dead(undeclared: Iterable[str], seen: Traffic, now: datetime) -> Iterator[Notice]:
    for name in undeclared:
        if seen.read(name) is not False or seen.written(name) is None:
            continue
        offsets = seen.offsets[name]
        if offsets.most_records == 0:
            yield Notice(NoticeKind.DEAD, name, "it holds no record, and nobody reads it")
        elif offsets.newest_at is not None and now - offsets.newest_at > LONG:
            since = offsets.newest_at.date().isoformat()
            yield Notice(NoticeKind.DEAD, name, f"it had no record since {since}, and nobody reads it")


def _dead_letters(name: str, grammar: Grammar) -> bool:
    return grammar.matches(name) and grammar.is_dead_letter(grammar.parse(name).kind)


def _outside(undeclared: Iterable[str], grammar: Grammar) -> Iterator[Notice]:
    for name in undeclared:
        try:
            grammar.parse(name)
        except InvalidName as reason:
            yield Notice(NoticeKind.OUTSIDE_THE_GRAMMAR, name, str(reason))


def _unseen(undeclared: Iterable[str], snapshot: BrokerSnapshot, flows: Flows) -> Iterator[Notice]:
    for name in undeclared:
        if snapshot.topics[name].unknown:
            yield Notice(NoticeKind.UNSEEN, name, snapshot.topics[name].unknown)
        offsets = flows.offsets.get(name)
        if offsets is not None and offsets.unknown:
            yield Notice(NoticeKind.UNSEEN, name, f"its offsets: {offsets.unknown}")
    for group in flows.readers:
        if group.unknown:
            yield Notice(NoticeKind.UNSEEN, group.name, f"this consumer group: {group.unknown}")
    if flows.unknown:
        yield Notice(NoticeKind.UNSEEN, "consumer groups", flows.unknown)


def counted(found: Iterable[Notice]) -> dict[str, int]:
    """The number of notices by kind, every kind named."""
    kinds = [each.kind for each in found]
    return {kind.value: kinds.count(kind) for kind in NoticeKind}
