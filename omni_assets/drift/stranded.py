"""Stranded records: an orphan whose name nearly is a declared one, and that holds records. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from omni_assets.broker.flows import Flows, TopicOffsets
from omni_assets.broker.snapshot import BrokerSnapshot
from omni_assets.contracts.model import Manifest, Topic
from omni_assets.contracts.naming import Grammar
from omni_assets.contracts.rules import UNREAD_RULES
from omni_assets.contracts.text import count, visible
from omni_assets.contracts.wiring.near_miss import Near, NearNames
from omni_assets.contracts.wiring.near_miss import Reason as Likeness
from omni_assets.drift.diff import Drift
from omni_assets.drift.earlier import Earlier
from omni_assets.drift.judgement import Judgement
from omni_assets.drift.kinds import FLOWS, DriftKind
from omni_assets.drift.policy import Compare, Policy
from omni_assets.drift.verdict import Reason, Verdict

SLIPS = frozenset(
    {
        Likeness.SEPARATOR,
        Likeness.INFLECTION,
        Likeness.LETTER,
        Likeness.ORDER,
        Likeness.OUTCOME,
        Likeness.SEGMENTS,
        Likeness.LETTERS,
    }
)
"""How a name is nearly another by a slip. Another producer or kind is one only where the declared topic is empty, and
another version never is: that is a move, half done."""

_SLIPS_OF_THE_EMPTY = frozenset({Likeness.PRODUCER, Likeness.KIND})


_UNSEEN = Judgement(Verdict.UNKNOWN, Reason.NOT_OBSERVED)
_STRANDED = Judgement(Verdict.NEEDS_APPROVAL, Reason.RECORDS_STRANDED)


def stranded(
    manifest: Manifest,
    snapshot: BrokerSnapshot,
    flows: Flows,
    earlier: Earlier,
    policy: Policy,
    grammar: Grammar | None = None,
) -> Iterator[Drift]:
    """Every orphan that holds records which were most likely meant for a declared topic; ``unknown`` where its offsets
    were not seen.

    None while a contract cannot be read: it may declare the orphan.
    """
    if policy.orphaned.compare is Compare.IGNORE or any(each.rule in UNREAD_RULES for each in manifest.findings):
        return
    orphans = [name for name, seen in snapshot.topics.items() if name not in manifest.topics and not seen.internal]
    left = {name: _left(flows.offsets.get(name), earlier.rescued.get(name, {})) for name in orphans}
    if not any(records != 0 for records in left.values()):
        return
    names = NearNames(manifest.topics, grammar)
    for name, records in left.items():
        if records == 0:
            continue
        meant = next((near for near in names.of(name) if _slipped(near, flows.offsets.get(near.name))), None)
        if meant is not None:
            yield _row(name, meant, manifest.topics[meant.name], records, flows, earlier.orphaned_since.get(name))


def _row(name: str, meant: Near, topic: Topic, left: int | None, flows: Flows, since: datetime | None) -> Drift:
    where = topic.owner.location
    near = f"near `{meant.name}` ({where.path}:{where.line})"
    offsets = flows.offsets.get(name)
    if offsets is None or left is None:
        why = "its offsets were not looked at" if offsets is None else offsets.unknown
        return Drift(name, DriftKind.UNKNOWN, FLOWS, None, None, *_UNSEEN, detail=f"{near}; {why}")
    told = _told(offsets, flows.offsets.get(meant.name), since)
    detail = f"{near}, {told}; {visible(meant.difference(name))}{_newest(offsets)}"
    return Drift(name, DriftKind.STRANDED, "", meant.name, f"<={count(left, 'record')}", *_STRANDED, detail=detail)


def _slipped(near: Near, declared: TopicOffsets | None) -> bool:
    if near.reason in SLIPS:
        return True
    empty = declared is not None and declared.most_records == 0
    return empty and near.reason in _SLIPS_OF_THE_EMPTY


def _left(offsets: TopicOffsets | None, rescued: Mapping[int, int]) -> int | None:
    """At most how many records have not been brought home, or ``None`` where that was not seen."""
    if offsets is None or offsets.unknown:
        return None
    pairs = enumerate(zip(offsets.earliest, offsets.latest, strict=True))
    return sum(max(0, latest - max(earliest, rescued.get(number, 0))) for number, (earliest, latest) in pairs)


def _told(orphan: TopicOffsets, declared: TopicOffsets | None, since: datetime | None) -> str:
    """What the declared topic got meanwhile, as a clause about it."""
    if declared is None or declared.most_records is None:
        return "whose own records could not be seen"
    if declared.most_records == 0:
        return "which holds no record"
    if declared.newest_at is None:
        return "whose newest record could not be dated"
    if since is not None and declared.newest_at < since:
        return "which has had no record since the orphan appeared"
    if orphan.newest_at is not None and declared.newest_at < orphan.newest_at:
        return "whose newest record is older"
    return "which gets records as well"


def _newest(offsets: TopicOffsets) -> str:
    return "" if offsets.newest_at is None else f"; newest record at {offsets.newest_at:%Y-%m-%d %H:%M:%S %Z}".rstrip()
