"""Nodes, topics and domains as external assets, in the lineage that a page can draw.

Nothing here is materialized; the assets stand for the agents and topics that the contracts declare, so that the graph
shows what a change touches. Names of any spelling get keys that are valid and distinct.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import dagster as dg

from omni_assets.contracts.model import Contract, Declaration, Handler, Location, Manifest, Role, Topic
from omni_assets.contracts.text import count, visible
from omni_assets.contracts.values import readable
from omni_assets.pipeline.markdown import code, plain, words
from omni_assets.pipeline.topics.cycles import Edge, Vertex
from omni_assets.pipeline.topics.keys import DECLARED_TOPICS, PLATFORM, TOPIC_DRIFT
from omni_assets.pipeline.topics.lineage import (
    DOMAIN,
    MOST_VERTICES,
    OTHER_DOMAINS,
    TOPIC,
    WITHOUT_TOPICS,
    Fold,
    Lineage,
    at_ends,
    domains_of,
    lineage,
)
from omni_assets.pipeline.topics.links import NO_LINKS, Links
from omni_assets.pipeline.topics.metadata import MOST_ROWS, Column, preview
from omni_assets.pipeline.topics.spelling import spelt

MOST_NAMED = 5
"""Most topics that an edge is said to go through; the nodes at its ends list all of theirs."""

_Metadata: TypeAlias = Mapping[str, Any]

_NOT_IN_A_GROUP = re.compile(r"[^A-Za-z0-9_]+")


@dataclass(frozen=True, slots=True)
class ExternalAssets:
    """All external assets. ``ends`` are those that lead to no other, so that what comes after them comes after all of
    them; ``handling`` are the same among those whose nodes have handlers. ``folded`` says, as a sentence, what has no
    asset of its own; it is empty where everything has.
    """

    specs: tuple[dg.AssetSpec, ...]
    ends: tuple[dg.AssetKey, ...]
    handling: tuple[dg.AssetKey, ...]
    folded: str


@dataclass(frozen=True, slots=True)
class _Drawing:
    """What an asset needs to know of the graph that it stands in."""

    graph: Lineage
    upstream: Mapping[Vertex, Sequence[Vertex]]
    drawn: Mapping[Vertex, Sequence[Edge]]
    left_out: Mapping[Vertex, Sequence[Edge]]
    links: Links

    def deps(self, vertex: Vertex) -> list[dg.AssetKey]:
        return [_key(each) for each in self.upstream.get(vertex, ())]

    def edges(self, vertex: Vertex) -> _Metadata:
        """What an asset says of its edges, where the graph alone does not say it."""
        return {**self._through(vertex), **self._cut(vertex)}

    def _through(self, vertex: Vertex) -> _Metadata:
        if not self.graph.folded:
            return {}
        edges = [each for each in self.drawn.get(vertex, ()) if each in self.graph.through]
        return {"folded": self.graph.folded, **(preview("edges", _EDGES, map(self._edge, edges)) if edges else {})}

    def _edge(self, edge: Edge) -> dict[str, str]:
        start, end = edge
        return {"from": start.name, "to": end.name, "topics": _named(self.graph.through[edge])}

    def _cut(self, vertex: Vertex) -> _Metadata:
        edges = self.left_out.get(vertex, ())
        if not edges:
            return {}
        lines = [_line(edge, self.graph.through.get(edge, ())) for edge in edges[:MOST_ROWS]]
        if len(edges) > MOST_ROWS:
            lines.append(f"- and {len(edges) - MOST_ROWS:,} more")
        text = "These edges exist and are not drawn, since an asset graph must not have a cycle:\n\n" + "\n".join(lines)
        return {"edges_left_out": dg.MetadataValue.md(text)}


def external_assets(
    manifest: Manifest,
    most_vertices: int = MOST_VERTICES,
    links: Links = NO_LINKS,
) -> ExternalAssets:
    """A spec for each vertex of the lineage, which has no cycle."""
    graph = lineage(manifest, most_vertices)
    drawing = _Drawing(graph, graph.upstream(), at_ends(graph.drawn), at_ends(graph.left_out), links)
    members: defaultdict[Vertex, list[Contract]] = defaultdict(list)
    for contract in manifest.contracts:
        members[graph.vertex_of[contract.node]].append(contract)
    domains = domains_of(manifest)
    nodes = [
        _domain(vertex, contracts, drawing)
        if vertex.kind == DOMAIN
        else _node(vertex, contracts, domains[vertex.name], drawing)
        for vertex, contracts in sorted(members.items())
    ]
    topics = [_topic(manifest.topics[each.name], drawing) for each in sorted(graph.topics)]
    handling = {graph.vertex_of[each.node] for each in manifest.contracts if each.handler is not None}
    return ExternalAssets(
        (*nodes, *topics),
        tuple(map(_key, graph.last(graph.vertices))),
        tuple(map(_key, graph.last(handling))),
        graph.folded,
    )


def _domain(vertex: Vertex, contracts: Sequence[Contract], drawing: _Drawing) -> dg.AssetSpec:
    nodes = len({contract.node for contract in contracts})
    others = "" if drawing.graph.fold is Fold.DOMAINS else " that no topic ties to another"
    return dg.AssetSpec(
        _key(vertex),
        deps=drawing.deps(vertex),
        group_name=_group(vertex.name),
        owners=[PLATFORM],
        kinds={"yaml"},
        description=f"The domain {plain(vertex.name)}: what is declared by {count(nodes, 'node')}{others}.",
        metadata={
            "nodes": nodes,
            "contracts": len(contracts),
            **preview("members", _MEMBERS, map(_member, sorted(contracts, key=_first)), "see `omni topics`"),
            "read_into": dg.MetadataValue.asset(DECLARED_TOPICS),
            **drawing.edges(vertex),
        },
    )


def _node(vertex: Vertex, contracts: Sequence[Contract], domain: str, drawing: _Drawing) -> dg.AssetSpec:
    declarations = sorted((each for contract in contracts for each in contract.declarations), key=_where)
    published = [each for each in declarations if each.role is Role.PUBLISHES]
    subscribed = [each for each in declarations if each.role is Role.SUBSCRIBES]
    locations = [contract.location for contract in contracts]
    purposes = [contract.description for contract in contracts if contract.description]
    handlers = [_works(contract.handler) for contract in contracts if contract.handler is not None]
    return dg.AssetSpec(
        _key(vertex),
        deps=drawing.deps(vertex),
        group_name=_group(domain),
        owners=[PLATFORM],
        kinds={"yaml"},
        description=f"{_purpose(purposes)}Declared in {_listed(locations)}. It publishes {_count(published)} and "
        f"subscribes {_count(subscribed)}.",
        metadata={
            **({"purpose": visible(" ".join(purposes))} if purposes else {}),
            "contract": drawing.links.contract(locations[0]),
            **({"handler": visible(", ".join(handlers))} if handlers else {}),
            "findings": sum(len(contract.findings) for contract in contracts),
            **preview("publishes", _PLACES, map(_place, published), "see `omni topics`"),
            **preview("subscribes", _PLACES, map(_place, subscribed), "see `omni topics`"),
            **drawing.edges(vertex),
        },
    )


def _topic(topic: Topic, drawing: _Drawing) -> dg.AssetSpec:
    owner = topic.owner
    spec = topic.spec
    vertex = Vertex(TOPIC, topic.name)
    return dg.AssetSpec(
        _key(vertex),
        deps=drawing.deps(vertex),
        group_name=_group(topic.parts.producer),
        owners=[PLATFORM],
        kinds={"kafka"},
        description=f"Declared by {plain(owner.node)} in {_listed([owner.location])}: the topic {plain(topic.name)}."
        + (f" Nothing touches it: {words(topic.blocked)}." if topic.blocked else ""),
        metadata={
            "contract": drawing.links.contract(owner.location),
            "owner": visible(owner.node),
            "partitions": _stated(spec.partitions),
            "replication_factor": _stated(spec.replication_factor),
            **preview("config", _CONFIG, (_setting(*each) for each in spec.config.items())),
            **preview("publishers", _NODES, map(_who, topic.publishers), "see `omni explain`"),
            **preview("subscribers", _NODES, map(_who, topic.subscribers), "see `omni explain`"),
            "drift": dg.MetadataValue.asset(TOPIC_DRIFT),
            **drawing.edges(vertex),
        },
    )


def _line(edge: Edge, topics: Sequence[str]) -> str:
    start, end = edge
    by = f" through {_named(topics, code)}" if topics else ""
    return f"- {code(start.name)} to {code(end.name)}{by}"


def _named(topics: Sequence[str], shown: Callable[[str], str] = str) -> str:
    more = len(topics) - MOST_NAMED
    return ", ".join(map(shown, topics[:MOST_NAMED])) + (f" and {more:,} more" if more > 0 else "")


def _key(vertex: Vertex) -> dg.AssetKey:
    parts = _halves(vertex.name) if vertex.kind == TOPIC else [vertex.name]
    return dg.AssetKey([vertex.kind, *map(spelt, parts)])


def _halves(topic: str) -> Sequence[str]:
    """What stands before a topic's event, and the event with its version: a graph has room for the last part of a key,
    and would show how all of them begin."""
    before, *event = topic.rsplit(".", 2)
    return [before, ".".join(event)] if before and event and all(event) else [topic]


def _group(domain: str) -> str:
    """The group of a domain. The prefix keeps the domains together, and apart from the groups of tables."""
    return domain if domain in _NO_DOMAINS else f"domain_{_NOT_IN_A_GROUP.sub('_', domain)}"


def _where(declaration: Declaration) -> tuple[Location, str]:
    return declaration.location, declaration.topic


def _first(contract: Contract) -> tuple[str, Location]:
    return contract.node, contract.location


def _listed(locations: Iterable[Location]) -> str:
    return ", ".join(plain(f"{each.path}:{each.line}") for each in locations)


def _purpose(purposes: Iterable[str]) -> str:
    """What contracts say that their node is for, as sentences before others; empty where they say nothing."""
    return "".join(f"{plain(each.rstrip('.'))}. " for each in purposes)


def _count(declarations: Sequence[Declaration]) -> str:
    return count(len({each.topic for each in declarations}), "topic")


def _works(handler: Handler) -> str:
    return " ".join(filter(None, (handler.kind, handler.entry, handler.task_class)))


def _stated(value: int | None) -> str | int:
    return "the broker's default" if value is None else value


_NO_DOMAINS = frozenset({WITHOUT_TOPICS, OTHER_DOMAINS})
_PLACES = (Column("topic"), Column("line", "int"), Column("form"), Column("path"))
_MEMBERS = (
    Column("node"),
    Column("publishes", "int"),
    Column("subscribes", "int"),
    Column("findings", "int"),
    Column("path"),
)
_NODES = (Column("node"), Column("path"), Column("line", "int"))
_CONFIG = (Column("key"), Column("value"))
_EDGES = (Column("from"), Column("to"), Column("topics"))


def _place(each: Declaration) -> dict[str, str | int]:
    return {"topic": each.topic, "line": each.location.line, "form": each.form, "path": each.location.path}


def _who(each: Declaration) -> dict[str, str | int]:
    return {"node": each.node, "path": each.location.path, "line": each.location.line}


def _setting(key: str, value: str) -> dict[str, str]:
    return {"key": key, "value": readable(key, value)}


def _member(contract: Contract) -> dict[str, str | int]:
    roles = [each.role for each in contract.declarations]
    return {
        "node": contract.node,
        "publishes": roles.count(Role.PUBLISHES),
        "subscribes": roles.count(Role.SUBSCRIBES),
        "findings": len(contract.findings),
        "path": contract.location.path,
    }
