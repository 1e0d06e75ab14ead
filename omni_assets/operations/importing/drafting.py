"""From what one look at a broker saw to drafts of the contracts that would declare it. Pure.

Who publishes a topic stands in no broker. Its name says whose it is: of an event, the node that emits it, of a command,
the node that handles it (docs/contracts.md). Who reads it is told by consumer groups.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from omni_assets.broker.flows import Flows
from omni_assets.broker.snapshot import BrokerSnapshot, ObservedTopic
from omni_assets.contracts.manifest import SpecPolicy
from omni_assets.contracts.model import Manifest, Role
from omni_assets.contracts.naming import MAX_LENGTH, Grammar, InvalidName, TopicName
from omni_assets.contracts.text import count
from omni_assets.operations.importing.drafts import Draft, DraftTopic
from omni_assets.operations.importing.nodes import OUTSIDE_THE_GRAMMAR, node_name, nodes_of_groups
from omni_assets.operations.importing.notices import Notice, NoticeKind, notices
from omni_assets.operations.importing.observed import observed_settings
from omni_assets.operations.importing.traffic import Traffic, traffic

_MOST_GROUPS = 3
_ON_A_BROKER = re.compile(rf"[A-Za-z0-9._-]{{1,{MAX_LENGTH}}}")


@dataclass(frozen=True, slots=True)
class Manner:
    """How a project reads: the grammar of names, what fills the settings that contracts leave open, and the patterns by
    which consumer groups are told to be a node's."""

    grammar: Grammar
    policy: SpecPolicy
    group_of_node: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drafts:
    """The drafts by node, what to know before they are written, and how many topics there are that contracts declare
    already."""

    drafts: tuple[Draft, ...]
    notices: tuple[Notice, ...]
    topics: int
    declared: int


def drafted(manifest: Manifest, snapshot: BrokerSnapshot, flows: Flows, manner: Manner) -> Drafts:
    """Drafts of contracts for the topics that are on the broker and that no contract in ``manifest`` names.

    Topics that the broker keeps for itself are left out, and names that no real broker takes: a contract might be read
    as if they meant others. With the contracts that are there already, the drafts declare
    each topic whose name follows the grammar as it is on the broker.
    """
    public = [topic for _, topic in sorted(snapshot.topics.items()) if not topic.internal]
    named = {*manifest.topics, *(each.topic for contract in manifest.contracts for each in contract.misnamed)}
    undeclared = {topic.name: topic for topic in public if topic.name not in named}
    seen = traffic(flows)
    found = notices(undeclared.keys(), manifest, snapshot, flows, seen, manner.grammar)
    nameable = {name: topic for name, topic in undeclared.items() if _ON_A_BROKER.fullmatch(name)}
    drafting = _Drafting(nameable, {contract.node for contract in manifest.contracts}, seen, found, manner)
    return Drafts(drafting.drafts(), found, len(undeclared), len(public) - len(undeclared))


class _Drafting:
    """The declarations of all drafts while they are put together."""

    def __init__(
        self,
        topics: Mapping[str, ObservedTopic],
        nodes: Iterable[str],
        seen: Traffic,
        found: Iterable[Notice],
        manner: Manner,
    ) -> None:
        self.topics = topics
        self.manner = manner
        self.seen = seen
        self.remarks: defaultdict[str, list[str]] = defaultdict(list)
        for notice in found:
            self.remarks[notice.subject].append(f"{_TITLES[notice.kind]}: {notice.detail}")
        self.parts = {name: _parts(name, manner.grammar) for name in topics}
        known = {*nodes, *(node_name(parts.producer) for parts in self.parts.values() if parts is not None)}
        groups = {group for name in topics for group in seen.readers.get(name, ())}
        self.node_of = nodes_of_groups(sorted(groups), known, manner.group_of_node)
        self.declared: defaultdict[str, dict[Role, list[DraftTopic]]] = defaultdict(lambda: defaultdict(list))

    def drafts(self) -> tuple[Draft, ...]:
        for name, topic in self.topics.items():
            self._topic(name, topic)
        return tuple(
            Draft(node, tuple(roles[Role.PUBLISHES]), tuple(roles[Role.SUBSCRIBES]))
            for node, roles in sorted(self.declared.items())
        )

    def _topic(self, name: str, topic: ObservedTopic) -> None:
        parts = self.parts[name]
        settings, unstated = observed_settings(topic, None if parts is None else parts.kind, self.manner.policy)
        remarks = (*self.remarks.get(name, ()), *unstated)
        readers: defaultdict[str, list[str]] = defaultdict(list)
        for group in self.seen.readers.get(name, ()):
            if group in self.node_of:
                readers[self.node_of[group]].append(group)
        owner = _owner(parts, readers, self.manner.grammar)
        if owner.guess:
            self._add(owner.node, owner.role, DraftTopic(name, owner.guess, settings, remarks))
        for node, groups in sorted(readers.items()):
            stated = (settings, remarks) if node == owner.node and not owner.guess else ()
            self._add(node, Role.SUBSCRIBES, DraftTopic(name, _read_by(groups), *stated))

    def _add(self, node: str, role: Role, topic: DraftTopic) -> None:
        self.declared[node][role].append(topic)


class _Owner(NamedTuple):
    """Who states the settings of a topic, in which role, and why that is a guess: empty where a group tells it."""

    node: str
    role: Role
    guess: str = ""


def _owner(parts: TopicName | None, readers: Collection[str], grammar: Grammar) -> _Owner:
    if parts is None:
        return _Owner(OUTSIDE_THE_GRAMMAR, Role.PUBLISHES, "guess: its name is outside the grammar")
    named = node_name(parts.producer)
    if not grammar.is_command(parts.kind):
        return _Owner(named, Role.PUBLISHES, "guess: by its name")
    if not readers:
        return _Owner(named, Role.SUBSCRIBES, "guess: by its name, no consumer group reads it")
    return _Owner(named if named in readers else min(readers), Role.SUBSCRIBES)


def _parts(name: str, grammar: Grammar) -> TopicName | None:
    try:
        return grammar.parse(name)
    except InvalidName:
        return None


def _read_by(groups: list[str]) -> str:
    shown = ", ".join(f"`{group}`" for group in groups[:_MOST_GROUPS])
    more = f" and {count(len(groups) - _MOST_GROUPS, 'other group')}" if len(groups) > _MOST_GROUPS else ""
    return f"read by {shown}{more}"


_TITLES = {
    NoticeKind.NEAR_MISS: "near miss",
    NoticeKind.DEAD: "dead",
    NoticeKind.OUTSIDE_THE_GRAMMAR: "outside the grammar",
    NoticeKind.UNSEEN: "not seen",
}
