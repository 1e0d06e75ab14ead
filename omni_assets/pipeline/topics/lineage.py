"""Who hands what to whom, as a graph that a page can draw. Pure.

A page takes the longer to draw the more vertices and edges it has, and the longer the edges are. So a graph that is too
large is folded: first what leads from no node to another, nodes into the domains that they belong to, which list them;
then topics into the nodes that they lead between, and all nodes into domains. And what comes after all of it is tied to
its last vertices alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from graphlib import TopologicalSorter
from itertools import accumulate
from typing import TypeAlias

from omni_assets.contracts.model import Contract, Manifest, Role, Topic
from omni_assets.contracts.text import count
from omni_assets.pipeline.topics.cycles import Edge, Vertex, closing_edges

MOST_VERTICES = 100
"""Most vertices of a graph, of whatever kind. A page asks how each stands, ten at a time: 5 to 6 s for 183 of them."""

MOST_LENGTH = 2_000
"""Most ranks that the edges of a graph cross, all together. Laying it out takes its time for them: one topic alone may
lead from a hundred nodes to a hundred others, and a chain of a hundred makes a long way of each edge beside it."""

FEWEST_DOMAINS = 20
"""So many domains are never folded: even where each leads to all that come after it, they are within that length."""

NODE, TOPIC, DOMAIN = "nodes", "topics", "domains"
WITHOUT_TOPICS, OTHER_DOMAINS = "without_topics", "other_domains"
"""No names of domains: the grammar of topics knows no underscore."""

Domains: TypeAlias = Mapping[str, str]
"""The domain of each node."""


class Fold(StrEnum):
    """What the vertices of a graph are: nodes that are none have their domain there."""

    TOPICS = "nodes and topics"
    WIRED = "topics that lead from node to node, and these nodes"
    NODES = "nodes that topics lead between"
    DOMAINS = "domains"


@dataclass(frozen=True)
class Lineage:
    """The graph that is drawn, and the edges that are not since they would close a cycle.

    ``vertex_of`` says which vertex stands for a node. ``through`` names the topics behind an edge; it is empty where
    topics are vertices themselves. ``folded`` says, as a sentence, what is no vertex and why; empty where all are.
    """

    fold: Fold
    vertex_of: Mapping[str, Vertex]
    topics: frozenset[Vertex]
    drawn: frozenset[Edge]
    left_out: frozenset[Edge]
    through: Mapping[Edge, Sequence[str]]
    folded: str = ""

    @property
    def vertices(self) -> frozenset[Vertex]:
        """All that is drawn: topics, nodes and what they are folded into."""
        return self.topics.union(self.vertex_of.values())

    def upstream(self) -> Mapping[Vertex, Sequence[Vertex]]:
        """What leads to each vertex, in order."""
        found: defaultdict[Vertex, list[Vertex]] = defaultdict(list)
        for start, end in sorted(self.drawn):
            found[end].append(start)
        return found

    @cached_property
    def rank(self) -> Mapping[Vertex, int]:
        """How many edges the longest way to a vertex has."""
        upstream = self.upstream()
        ranks: dict[Vertex, int] = {}
        for vertex in TopologicalSorter({each: upstream.get(each, ()) for each in self.vertices}).static_order():
            ranks[vertex] = 1 + max((ranks[each] for each in upstream.get(vertex, ())), default=-1)
        return ranks

    @cached_property
    def length(self) -> int:
        """How many ranks all edges cross, taken together."""
        return sum(self.rank[end] - self.rank[start] for start, end in self.drawn)

    def last(self, wanted: AbstractSet[Vertex]) -> tuple[Vertex, ...]:
        """Those that lead to no other of them, in order: what comes after these comes after all of them.

        Where an edge from each would be too much for a page, only the last of all: as many as it takes.
        """
        leading = self._leading_to(wanted)
        behind = 1 + max(self.rank.values(), default=0)
        ends = sorted(wanted - leading, key=lambda each: (-self.rank[each], each))
        lengths = accumulate((behind - self.rank[each] for each in ends), initial=self.length)
        return tuple(sorted(end for end, before in zip(ends, lengths, strict=False) if before < MOST_LENGTH))

    def _leading_to(self, wanted: AbstractSet[Vertex]) -> AbstractSet[Vertex]:
        """Whatever leads to one of them, over others or not."""
        leading: set[Vertex] = set()
        for start, end in sorted(self.drawn, key=lambda edge: -self.rank[edge[1]]):
            if end in wanted or end in leading:
                leading.add(start)
        return leading


def at_ends(edges: Iterable[Edge]) -> Mapping[Vertex, Sequence[Edge]]:
    """The edges at each vertex, in order."""
    found: defaultdict[Vertex, list[Edge]] = defaultdict(list)
    for edge in sorted(edges):
        for end in dict.fromkeys(edge):
            found[end].append(edge)
    return found


def lineage(manifest: Manifest, most_vertices: int = MOST_VERTICES) -> Lineage:
    """The lineage of a manifest, folded no further than it has to be."""
    domains = domains_of(manifest)
    topics = tuple(manifest.topics.values())
    wired = tuple(each for each in topics if each.publishers and each.subscribers)
    tied = _tied(wired, domains)
    few = min(most_vertices, FEWEST_DOMAINS)
    *ways, last = (
        _Way(Fold.TOPICS, _nodes(domains), topics),
        _Way(Fold.WIRED, tied, wired),
        _Way(Fold.NODES, tied),
        _Way(Fold.DOMAINS, _domains(largest(domains, most_vertices))),
        _Way(Fold.DOMAINS, _domains(largest(domains, few))),
    )
    size = f"{count(len(topics), 'topic')} of {count(len(domains), 'node')}"
    for way in ways:
        if way.size <= most_vertices:
            found = _drawn(way, wired, size)
            if found.length <= MOST_LENGTH:
                return found
    return _drawn(last, wired, size)


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to draw a manifest: which vertex stands for a node, and the topics that are vertices."""

    fold: Fold
    vertex_of: Mapping[str, Vertex]
    topics: Sequence[Topic] = ()

    @property
    def size(self) -> int:
        """How many vertices it has."""
        return len(self.topics) + len(set(self.vertex_of.values()))


_SHOWN: Mapping[Fold, str] = {
    Fold.WIRED: "the lineage has the topics that lead from node to node, and those nodes; each domain lists the "
    "other nodes.",
    Fold.NODES: "the lineage goes from node to node, and each lists the topics between them; each domain lists its "
    "other nodes.",
    Fold.DOMAINS: "the lineage goes from domain to domain, and each lists its nodes and the topics between them.",
}


def _drawn(way: _Way, wired: Iterable[Topic], size: str) -> Lineage:
    vertices = frozenset(Vertex(TOPIC, each.name) for each in way.topics)
    through = _straight((each for each in wired if Vertex(TOPIC, each.name) not in vertices), way.vertex_of)
    edges = through.keys() | _over(way.topics, way.vertex_of)
    left_out = closing_edges(edges)
    folded = f"{size} are more than a page can draw: {_SHOWN[way.fold]}" if way.fold in _SHOWN else ""
    return Lineage(way.fold, way.vertex_of, vertices, frozenset(edges - left_out), left_out, through, folded)


def _over(topics: Iterable[Topic], vertex_of: Mapping[str, Vertex]) -> AbstractSet[Edge]:
    """From vertex to topic to vertex."""
    edges: set[Edge] = set()
    for topic in topics:
        middle = Vertex(TOPIC, topic.name)
        edges |= {(vertex_of[each.node], middle) for each in topic.publishers}
        edges |= {(middle, vertex_of[each.node]) for each in topic.subscribers}
    return edges


def _straight(topics: Iterable[Topic], vertex_of: Mapping[str, Vertex]) -> Mapping[Edge, Sequence[str]]:
    """From vertex to vertex. What a domain hands to itself is no edge; what a node does is one that cannot be drawn."""
    through: defaultdict[Edge, list[str]] = defaultdict(list)
    for topic in topics:
        ends = {vertex_of[each.node] for each in topic.subscribers}
        for start in {vertex_of[each.node] for each in topic.publishers}:
            for end in ends:
                if start.kind == NODE or start != end:
                    through[start, end].append(topic.name)
    return dict(through)


def _tied(wired: Iterable[Topic], domains: Domains) -> Mapping[str, Vertex]:
    """The nodes that topics lead between as they are, and each other one as its domain."""
    ends = {each.node for topic in wired for each in (*topic.publishers, *topic.subscribers)}
    return {**_domains(domains), **_nodes(ends)}


def _nodes(names: Iterable[str]) -> Mapping[str, Vertex]:
    return {name: Vertex(NODE, name) for name in names}


def _domains(domains: Domains) -> Mapping[str, Vertex]:
    return {node: Vertex(DOMAIN, domain) for node, domain in domains.items()}


def domains_of(manifest: Manifest) -> Domains:
    """The domain of each node, by name: the producer that most of the topics name which its contracts publish, or else
    subscribe.

    The first by alphabet where several do; ``without_topics`` where there is no topic.
    """
    contracts: defaultdict[str, list[Contract]] = defaultdict(list)
    for contract in manifest.contracts:
        contracts[contract.node].append(contract)
    return {node: _domain(manifest, contracts[node]) for node in sorted(contracts)}


def largest(domains: Domains, most: int) -> Domains:
    """The same where ``most`` domains are kept at most, those with the most nodes; the rest is one."""
    sizes = Counter(domains.values())
    if len(sizes) <= most:
        return domains
    kept = frozenset(sorted(sizes, key=lambda each: (-sizes[each], each))[: most - 1])
    return {node: domain if domain in kept else OTHER_DOMAINS for node, domain in domains.items()}


def _domain(manifest: Manifest, contracts: Iterable[Contract]) -> str:
    declared = [each for contract in contracts for each in contract.declarations if each.topic in manifest.topics]
    published = [each for each in declared if each.role is Role.PUBLISHES]
    topics = {each.topic for each in published or declared}
    counts = Counter(manifest.topics[name].parts.producer for name in topics)
    return min(counts, key=lambda each: (-counts[each], each), default=WITHOUT_TOPICS)
