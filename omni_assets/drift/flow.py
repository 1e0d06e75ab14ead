"""What the offsets and the consumer groups say against the contracts: stranded records, silent readers and writers.

Pure. What could not be seen is ``unknown``, never silent. Offsets are not counts: a transaction marker takes one too,
so numbers of records are upper bounds, and a lag alone never makes a reader silent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from omni_assets.broker.flows import Flows, ObservedGroup, TopicOffsets
from omni_assets.broker.snapshot import BrokerSnapshot
from omni_assets.contracts.model import Declaration, Manifest, Role, Topic
from omni_assets.contracts.rules import UNREAD_RULES
from omni_assets.contracts.text import count, visible
from omni_assets.contracts.wiring.near_miss import Near, NearNames
from omni_assets.contracts.wiring.near_miss import Reason as Likeness
from omni_assets.drift.diff import Drift, in_order, row_of
from omni_assets.drift.judgement import Judgement
from omni_assets.drift.kinds import FLOWS, DriftKind
from omni_assets.drift.policy import BUILT_IN_POLICY, Compare, Policy, Watch
from omni_assets.drift.readers import GroupNames
from omni_assets.drift.verdict import Reason, Verdict

LOG = ""
"""In place of a group's name: the log itself."""

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


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is remembered of the looks before this one.

    ``flows`` is the last one. ``unchanged_since`` says by topic and group (``LOG`` for the topic's own offsets) since
    when the offsets have been as they are in ``flows``; without an entry, since ``flows`` was taken.
    ``orphaned_since`` says since when a topic has been known as an orphan. ``rescued`` says by topic and partition the
    next offset to rescue: the records before it have been brought home.
    """

    flows: Flows | None = None
    unchanged_since: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    orphaned_since: Mapping[str, datetime] = field(default_factory=dict)
    rescued: Mapping[str, Mapping[int, int]] = field(default_factory=dict)


NOTHING_EARLIER = Earlier()


def flow_drift(
    manifest: Manifest,
    snapshot: BrokerSnapshot,
    flows: Flows,
    earlier: Earlier = NOTHING_EARLIER,
    policy: Policy = BUILT_IN_POLICY,
) -> tuple[Drift, ...]:
    """Stranded records, silent readers and silent writers, by topic, kind and field.

    A topic of which that could not be told has one row of kind ``unknown`` and field ``flows``.
    """
    rows = [*_stranded(manifest, snapshot, flows, earlier, policy), *_silent_writers(manifest, flows, earlier, policy)]
    if policy.silent_readers is not Watch.NEVER:
        rows += _Readers(manifest, snapshot, flows, earlier, policy).rows()
    return in_order(rows)


def joined(*drifts: Iterable[Drift]) -> tuple[Drift, ...]:
    """All rows in order, each once; a stranded or retiring topic has no orphan's row beside it."""
    rows = {(row.topic, row.kind, row.field): row for drift in drifts for row in drift}
    told = {topic for topic, kind, _ in rows if kind in (DriftKind.STRANDED, DriftKind.RETIRING)}
    return in_order(row for row in rows.values() if not (row.kind is DriftKind.ORPHANED and row.topic in told))


def watched(manifest: Manifest, snapshot: BrokerSnapshot) -> tuple[str, ...]:
    """The topics whose offsets ``flow_drift`` wants to see: the declared ones that are there, and the orphans."""
    return tuple(name for name, seen in snapshot.topics.items() if name in manifest.topics or not seen.internal)


def _stranded(
    manifest: Manifest, snapshot: BrokerSnapshot, flows: Flows, earlier: Earlier, policy: Policy
) -> Iterator[Drift]:
    if policy.orphaned.compare is Compare.IGNORE or any(each.rule in UNREAD_RULES for each in manifest.findings):
        return
    holding: dict[str, tuple[TopicOffsets, int]] = {}
    for name, observed in snapshot.topics.items():
        offsets = flows.offsets.get(name)
        if offsets is not None and name not in manifest.topics and not observed.internal:
            left = _left(offsets, earlier.rescued.get(name, {}))
            if left:
                holding[name] = (offsets, left)
    if not holding:
        return
    names = NearNames(manifest.topics)
    for name, (offsets, left) in holding.items():
        meant = next((near for near in names.of(name) if _slipped(near, flows.offsets.get(near.name))), None)
        if meant is not None:
            topic = manifest.topics[meant.name]
            where = topic.owner.location
            told = _told(offsets, flows.offsets.get(meant.name), earlier.orphaned_since.get(name))
            yield Drift(
                name,
                DriftKind.STRANDED,
                "",
                meant.name,
                f"<={count(left, 'record')}",
                *_STRANDED,
                detail=f"near `{meant.name}` ({where.path}:{where.line}), {told}; "
                f"{visible(meant.difference(name))}{_newest(offsets)}",
            )


def _slipped(near: Near, declared: TopicOffsets | None) -> bool:
    if near.reason in SLIPS:
        return True
    empty = declared is not None and declared.most_records == 0
    return empty and near.reason in _SLIPS_OF_THE_EMPTY


def _left(offsets: TopicOffsets, rescued: Mapping[int, int]) -> int:
    """At most how many records have not been brought home; 0 where nothing was seen."""
    if offsets.unknown:
        return 0
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


def _silent_writers(manifest: Manifest, flows: Flows, earlier: Earlier, policy: Policy) -> Iterator[Drift]:
    window = policy.silent_after
    if window is None:
        return
    for topic in manifest.topics.values():
        offsets = flows.offsets.get(topic.name)
        if offsets is None or not topic.publishers or topic.blocked:
            continue
        if offsets.unknown:
            yield row_of(topic, DriftKind.UNKNOWN, FLOWS, None, None, _UNSEEN, offsets.unknown)
            continue
        last = offsets.newest_at or _still_since(topic.name, offsets, flows, earlier)
        if last is not None and flows.observed_at - last > window:
            nodes = ", ".join(dict.fromkeys(each.node for each in topic.publishers))
            what = "no record was ever seen" if offsets.most_records == 0 and not any(offsets.latest) else "no record"
            detail = f"{what} from {nodes} for {_lasting(flows.observed_at - last)}"
            yield row_of(
                topic, DriftKind.SILENT_WRITER, "", f"a record within {_lasting(window)}", None, _SILENT, detail
            )


def _still_since(name: str, offsets: TopicOffsets, flows: Flows, earlier: Earlier) -> datetime | None:
    """Since when a log has provably got nothing, or ``None`` where that cannot be told."""
    before = earlier.flows
    if before is None:
        return None
    known = before.offsets.get(name)
    if known is None or known.unknown or known.latest != offsets.latest:
        return None
    return earlier.unchanged_since.get((name, LOG), before.observed_at)


class _Readers:
    """Subscriptions held against consumer groups."""

    def __init__(
        self, manifest: Manifest, snapshot: BrokerSnapshot, flows: Flows, earlier: Earlier, policy: Policy
    ) -> None:
        self.manifest = manifest
        self.snapshot = snapshot
        self.flows = flows
        self.earlier = earlier
        self.policy = policy
        nodes = {contract.node for contract in manifest.contracts}
        nodes |= {each.node for topic in manifest.topics.values() for each in (*topic.publishers, *topic.subscribers)}
        self.node_of = GroupNames(nodes, policy.group_of_node).of_all(flows.groups)
        self.readers: dict[str, list[ObservedGroup]] = {}
        for _, group in sorted(flows.groups.items()):
            for name in group.topics:
                self.readers.setdefault(name, []).append(group)
        self.unseen_of = {self.node_of.get(name, ""): group for name, group in flows.groups.items() if group.unknown}

    def rows(self) -> Iterator[Drift]:
        nothing_runs = not self.node_of and not self.flows.unknown
        if nothing_runs and self.policy.silent_readers is Watch.AUTO:
            return
        for topic in self.manifest.topics.values():
            if topic.name in self.snapshot.topics and not topic.blocked:
                yield from self._of(topic)

    def _of(self, topic: Topic) -> Iterator[Drift]:
        reading = self.readers.get(topic.name, [])
        unseen = ""
        subscribers = {each.node: each for each in topic.subscribers}
        for node, declaration in subscribers.items():
            own = [group for group in reading if self.node_of.get(group.name) == node]
            if not own:
                unseen = unseen or self._why_unseen(node)
                if not self._why_unseen(node):
                    yield self._row(topic, f"node:{node}", declaration, None, _NOBODY, self._groups_of(node))
            for group in own:
                stuck = self._stuck(topic.name, group)
                if stuck:
                    yield self._row(topic, f"group:{group.name}", declaration, visible(group.name), _STUCK, stuck)
        if unseen:
            yield row_of(topic, DriftKind.UNKNOWN, FLOWS, None, None, _UNSEEN, unseen)
        if not any(each.role is Role.SUBSCRIBES for each in topic.outside):
            for group in reading:
                if group.members and self.node_of.get(group.name) not in subscribers:
                    detail = f"{count(group.members, 'member')} of the group `{visible(group.name)}`"
                    yield self._row(topic, f"group:{group.name}", None, visible(group.name), _STRANGER, detail)

    def _why_unseen(self, node: str) -> str:
        """Why it cannot be told whether a node reads, or empty where it can."""
        if self.flows.unknown:
            return self.flows.unknown
        group = self.unseen_of.get(node)
        return "" if group is None else f"its group `{visible(group.name)}`: {group.unknown}"

    def _groups_of(self, node: str) -> str:
        groups = sorted(visible(name) for name, owner in self.node_of.items() if owner == node)
        if not groups:
            return f"no consumer group on the broker belongs to {node}"
        shown = ", ".join(f"`{name}`" for name in groups[:_MOST_NAMES])
        return f"its groups read other topics: {shown}{', …' if len(groups) > _MOST_NAMES else ''}"

    def _stuck(self, topic: str, group: ObservedGroup) -> str:
        """How long a group has been stuck and how far behind, as a clause; empty where it is not."""
        before, offsets = self.earlier.flows, self.flows.offsets.get(topic)
        known = None if before is None else before.groups.get(group.name)
        if before is None or known is None or offsets is None or offsets.unknown or group.unknown or known.unknown:
            return ""
        committed = _committed(group, topic)
        if not committed or committed != _committed(known, topic):
            return ""
        lag = sum(
            max(0, offsets.latest[partition] - offset)
            for partition, offset in committed.items()
            if partition < len(offsets.latest)
        )
        since = self.earlier.unchanged_since.get((topic, group.name), before.observed_at)
        lasting = self.flows.observed_at - since
        if not lag or lasting < self.policy.stuck_after or not self._moved(topic, offsets, before, since):
            return ""
        return f"at most {count(lag, 'record')} behind, and no further for {_lasting(lasting)}"

    def _moved(self, topic: str, offsets: TopicOffsets, before: Flows, since: datetime) -> bool:
        """Whether the log got records while the group stood still."""
        known = before.offsets.get(topic)
        if known is None or known.unknown:
            return False
        return known.latest != offsets.latest or self.earlier.unchanged_since.get((topic, LOG), since) > since

    def _row(
        self,
        topic: Topic,
        field: str,
        declaration: Declaration | None,
        observed: str | None,
        judgement: Judgement,
        detail: str,
    ) -> Drift:
        """A row that the reading node answers for, or the topic's owner where the reader is nobody's."""
        who = declaration or topic.owner
        declared = None if declaration is None else f"read by {declaration.node}"
        return Drift(
            topic.name, DriftKind.SILENT_READER, field, declared, observed, *judgement, who.node, who.location, detail
        )


def _committed(group: ObservedGroup, topic: str) -> dict[int, int]:
    return {partition: offset for (name, partition), offset in group.committed.items() if name == topic}


def _lasting(lasting: timedelta) -> str:
    seconds = int(lasting.total_seconds())
    for unit, width in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * width or (seconds >= width and seconds % width == 0):
            return f"{seconds // width} {unit}"
    return f"{seconds} s"


_MOST_NAMES = 3
_UNSEEN = Judgement(Verdict.UNKNOWN, Reason.NOT_OBSERVED)
_STRANDED = Judgement(Verdict.NEEDS_APPROVAL, Reason.RECORDS_STRANDED)
_NOBODY = Judgement(Verdict.UNFIXABLE, Reason.NOBODY_READS)
_STUCK = Judgement(Verdict.UNFIXABLE, Reason.READER_STUCK)
_STRANGER = Judgement(Verdict.UNFIXABLE, Reason.READER_UNDECLARED)
_SILENT = Judgement(Verdict.UNFIXABLE, Reason.NOTHING_WRITTEN)
