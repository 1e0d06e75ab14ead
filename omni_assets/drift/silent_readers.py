"""Silent readers: subscriptions held against the consumer groups that really read. Pure.

A group that once committed counts as a reader, members or not: between two runs it has none. Whether it still gets on
is told by its commits. A lag alone says nothing, since a transaction marker takes an offset too.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from omni_assets.broker.flows import Flows, ObservedGroup, TopicOffsets
from omni_assets.broker.snapshot import BrokerSnapshot
from omni_assets.contracts.model import Declaration, Manifest, Role, Topic
from omni_assets.contracts.text import count, visible
from omni_assets.drift.diff import Drift, row_of
from omni_assets.drift.earlier import LOG, Earlier
from omni_assets.drift.group_names import GroupNames
from omni_assets.drift.judgement import Judgement
from omni_assets.drift.kinds import FLOWS, DriftKind
from omni_assets.drift.lasting import lasting
from omni_assets.drift.policy import Policy, Watch
from omni_assets.drift.verdict import Reason, Verdict

_MOST_NAMES = 3
_UNSEEN = Judgement(Verdict.UNKNOWN, Reason.NOT_OBSERVED)
_NOBODY = Judgement(Verdict.UNFIXABLE, Reason.NOBODY_READS)
_STUCK = Judgement(Verdict.UNFIXABLE, Reason.READER_STUCK)
_STRANGER = Judgement(Verdict.UNFIXABLE, Reason.READER_UNDECLARED)


def silent_readers(
    manifest: Manifest, snapshot: BrokerSnapshot, flows: Flows, earlier: Earlier, policy: Policy
) -> Iterator[Drift]:
    """Every subscription that nobody reads, or that is stuck, and every reader that no contract names."""
    if policy.silent_readers is not Watch.NEVER:
        yield from _Readers(manifest, snapshot, flows, earlier, policy).rows()


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
        for group in flows.readers:
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
                if topic.name in group.assigned and self.node_of.get(group.name) not in subscribers:
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
        still = self.flows.observed_at - since
        if not lag or still < self.policy.stuck_after or not self._moved(topic, offsets, before, since):
            return ""
        return f"at most {count(lag, 'record')} behind, and no further for {lasting(still)}"

    def _moved(self, topic: str, offsets: TopicOffsets, before: Flows, since: datetime) -> bool:
        """Whether the log got records while the group stood still. Retention changes its offsets too."""
        known = before.offsets.get(topic)
        if known is None or known.unknown:
            return False
        if known.latest != offsets.latest:
            return True
        changed = self.earlier.unchanged_since.get((topic, LOG), since) > since
        return changed and (offsets.newest_at is None or offsets.newest_at > since)

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
