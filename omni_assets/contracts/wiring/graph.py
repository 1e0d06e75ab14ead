"""Who feeds whom: the graph over all contracts. What a node publishes goes to every node that subscribes it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from omni_assets.contracts.model import Declaration, Location, Manifest, Role
from omni_assets.contracts.naming import Grammar
from omni_assets.contracts.wiring.circles import circle, components


@dataclass(frozen=True, slots=True)
class Ends:
    """Who publishes and who subscribes one name, well-formed or not. ``…_outside`` are those without a contract.

    A dead letter is read by people, so that it feeds no node.
    """

    name: str
    publishers: tuple[Declaration, ...]
    subscribers: tuple[Declaration, ...]
    published_outside: bool = False
    subscribed_outside: bool = False
    dead_letter: bool = False

    @property
    def published(self) -> bool:
        """Whether anybody publishes it, outside the contracts too."""
        return bool(self.publishers) or self.published_outside

    @property
    def subscribed(self) -> bool:
        """Whether anybody subscribes it, outside the contracts too."""
        return bool(self.subscribers) or self.subscribed_outside

    @property
    def starving(self) -> bool:
        """Subscribed, and published by nobody."""
        return self.subscribed and not self.published

    @property
    def unread(self) -> bool:
        """Published, and subscribed by nobody."""
        return self.published and not self.subscribed

    @property
    def dangling(self) -> bool:
        """Whether one of its two ends is missing."""
        return self.starving or self.unread

    @property
    def location(self) -> Location:
        """Where the name is declared first: by its publishers, else by its subscribers."""
        return (self.publishers or self.subscribers)[0].location


@dataclass(frozen=True)
class Wiring:
    """Every declared name with its ends, in order of the names. ``misnamed`` are those that break the grammar."""

    topics: Mapping[str, Ends]
    misnamed: Mapping[str, Ends]

    @cached_property
    def nodes(self) -> tuple[str, ...]:
        """Every node that publishes or subscribes something, in order."""
        ends = (*self.topics.values(), *self.misnamed.values())
        return tuple(sorted({each.node for one in ends for each in (*one.publishers, *one.subscribers)}))

    @cached_property
    def reads(self) -> Mapping[str, frozenset[str]]:
        """Topics that each node subscribes, for every node."""
        return self._by_node(Role.SUBSCRIBES)

    @cached_property
    def writes(self) -> Mapping[str, frozenset[str]]:
        """Topics that each node publishes, for every node."""
        return self._by_node(Role.PUBLISHES)

    @cached_property
    def feeds(self) -> Mapping[str, tuple[str, ...]]:
        """Nodes that read what a node publishes, for every node, in order."""
        readers = {
            name: set() if ends.dead_letter else {each.node for each in ends.subscribers}
            for name, ends in self.topics.items()
        }
        return {
            node: tuple(sorted(set().union(*(readers[topic] for topic in topics))))
            for node, topics in self.writes.items()
        }

    @cached_property
    def cycles(self) -> tuple[tuple[str, ...], ...]:
        """Nodes that feed one another in a circle, a shortest circle for each group; a node alone feeds itself."""
        groups: defaultdict[str, list[str]] = defaultdict(list)
        for node, group in components(self.feeds).items():
            groups[group].append(node)
        circles = (circle(self.feeds, min(group)) for group in groups.values())
        return tuple(sorted(each for each in circles if each))

    @cached_property
    def dead_ends(self) -> tuple[str, ...]:
        """Nodes that subscribe and publish, and of whose topics nobody reads a single one."""
        return tuple(
            node
            for node, topics in self.writes.items()
            if topics and self.reads[node] and not any(self.topics[topic].subscribed for topic in topics)
        )

    @cached_property
    def sinks(self) -> tuple[str, ...]:
        """Nodes that subscribe and publish nothing."""
        return tuple(node for node, topics in self.writes.items() if not topics and self.reads[node])

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """Nodes that publish and subscribe nothing."""
        return tuple(node for node, topics in self.writes.items() if topics and not self.reads[node])

    def around(self, name: str) -> Wiring:
        """What has the node or the topic of that name at one end; empty where there is none."""

        def touches(ends: Ends) -> bool:
            return ends.name == name or any(each.node == name for each in (*ends.publishers, *ends.subscribers))

        return Wiring(
            {topic: ends for topic, ends in self.topics.items() if touches(ends)},
            {topic: ends for topic, ends in self.misnamed.items() if touches(ends)},
        )

    def between(self, writer: str, reader: str) -> tuple[str, ...]:
        """The topics by which one node feeds another."""
        shared = self.writes[writer] & self.reads[reader]
        return tuple(sorted(topic for topic in shared if not self.topics[topic].dead_letter))

    def _by_node(self, role: Role) -> Mapping[str, frozenset[str]]:
        topics: defaultdict[str, set[str]] = defaultdict(set)
        for name, ends in self.topics.items():
            for each in ends.publishers if role is Role.PUBLISHES else ends.subscribers:
                topics[each.node].add(name)
        return {node: frozenset(topics.get(node, ())) for node in self.nodes}


def wire(manifest: Manifest, grammar: Grammar) -> Wiring:
    """The wiring of a manifest, whose names follow ``grammar``."""
    topics = {
        name: Ends(
            name,
            topic.publishers,
            topic.subscribers,
            any(each.role is Role.PUBLISHES for each in topic.outside),
            any(each.role is Role.SUBSCRIBES for each in topic.outside),
            grammar.is_dead_letter(topic.parts.kind),
        )
        for name, topic in manifest.topics.items()
    }
    return Wiring(topics, _misnamed(each for contract in manifest.contracts for each in contract.misnamed))


def _misnamed(declarations: Iterable[Declaration]) -> dict[str, Ends]:
    by_name: defaultdict[str, list[Declaration]] = defaultdict(list)
    for each in declarations:
        by_name[each.topic].append(each)
    return {
        name: Ends(
            name,
            tuple(each for each in by_name[name] if each.role is Role.PUBLISHES),
            tuple(each for each in by_name[name] if each.role is Role.SUBSCRIBES),
        )
        for name in sorted(by_name)
    }
