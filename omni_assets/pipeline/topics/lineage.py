"""Who hands what to whom, as external assets: nodes, and topics while there are few of them.

Nothing here is materialized; the assets stand for the agents and topics that the contracts declare, so that the graph
shows what a change touches. Names of any spelling get keys that are valid and distinct.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import dagster as dg

from omni_assets.contracts.model import Contract, Declaration, Location, Manifest, Role, Topic
from omni_assets.contracts.text import visible
from omni_assets.pipeline.topics.cycles import Edge, Vertex, closing_edges
from omni_assets.pipeline.topics.keys import DECLARED_TOPICS, PLATFORM, TOPIC_DRIFT
from omni_assets.pipeline.topics.links import NO_LINKS, Links
from omni_assets.pipeline.topics.metadata import Column, preview
from omni_assets.pipeline.topics.spelling import spelt

MOST_TOPICS = 250
"""Most topics that are assets of their own; with more, lineage goes from node to node and topics are listed there."""

MOST_NODES = 25
"""Most nodes that lead straight to ``declared_topics``; with more, they do through their domains."""

_Metadata: TypeAlias = Mapping[str, Any]

_NODE, _TOPIC, _CONTRACTS = "nodes", "topics", "contracts"
_NO_TOPICS = "without_topics"
_NOT_IN_A_GROUP = re.compile(r"[^A-Za-z0-9_]+")


@dataclass(frozen=True, slots=True)
class Lineage:
    """The graph that is drawn, and the edges that are not since they would close a cycle.

    ``through`` names the topics behind an edge from node to node; it is empty where topics are vertices themselves.
    """

    drawn: frozenset[Edge]
    left_out: frozenset[Edge]
    through: Mapping[Edge, Sequence[str]]

    def upstream(self) -> Mapping[Vertex, Sequence[Vertex]]:
        """What leads to each vertex, in order."""
        found: defaultdict[Vertex, list[Vertex]] = defaultdict(list)
        for start, end in sorted(self.drawn):
            found[end].append(start)
        return found

    def left_out_at(self) -> Mapping[Vertex, Sequence[Edge]]:
        """The edges that are not drawn, in order, at each end."""
        found: defaultdict[Vertex, list[Edge]] = defaultdict(list)
        for edge in sorted(self.left_out):
            for end in dict.fromkeys(edge):
                found[end].append(edge)
        return found


def lineage(manifest: Manifest, most_topics: int = MOST_TOPICS) -> Lineage:
    """The lineage of a manifest: node to topic to node, or node to node where there are more than ``most_topics``."""
    through: defaultdict[Edge, list[str]] = defaultdict(list)
    edges: set[Edge] = set()
    for topic in manifest.topics.values():
        publishers = {Vertex(_NODE, each.node) for each in topic.publishers}
        subscribers = {Vertex(_NODE, each.node) for each in topic.subscribers}
        if len(manifest.topics) <= most_topics:
            middle = Vertex(_TOPIC, topic.name)
            edges |= {(each, middle) for each in publishers} | {(middle, each) for each in subscribers}
            continue
        for publisher in publishers:
            for subscriber in subscribers:
                edges.add((publisher, subscriber))
                through[publisher, subscriber].append(topic.name)
    left_out = closing_edges(edges)
    return Lineage(frozenset(edges - left_out), left_out, dict(through))


@dataclass(frozen=True, slots=True)
class ExternalAssets:
    """All external assets, and the keys of those that together stand for all contracts."""

    specs: tuple[dg.AssetSpec, ...]
    contracts: tuple[dg.AssetKey, ...]


def external_assets(
    manifest: Manifest, most_topics: int = MOST_TOPICS, most_nodes: int = MOST_NODES, links: Links = NO_LINKS
) -> ExternalAssets:
    """A spec for each node; for each topic while there are few; for the contracts of each domain where nodes are many.

    Nodes and topics make up the lineage, which has no cycle.
    """
    graph = lineage(manifest, most_topics)
    upstream, left_out = graph.upstream(), graph.left_out_at()
    contracts: defaultdict[str, list[Contract]] = defaultdict(list)
    for contract in manifest.contracts:
        contracts[contract.node].append(contract)
    members: defaultdict[str, list[str]] = defaultdict(list)
    nodes, topics, domains = [], [], []
    for name in sorted(contracts):
        vertex = Vertex(_NODE, name)
        domain = _domain(manifest, contracts[name])
        members[domain].append(name)
        cut = _left_out(left_out.get(vertex, ()), graph.through)
        nodes.append(_node(vertex, contracts[name], domain, upstream.get(vertex, ()), cut, links))
    if len(manifest.topics) <= most_topics:
        for topic in manifest.topics.values():
            vertex = Vertex(_TOPIC, topic.name)
            cut = _left_out(left_out.get(vertex, ()), graph.through)
            topics.append(_topic(topic, upstream.get(vertex, ()), cut, links))
    if len(nodes) > most_nodes:
        domains = [_contracts(domain, names, contracts) for domain, names in sorted(members.items())]
    return ExternalAssets((*nodes, *topics, *domains), tuple(spec.key for spec in domains or nodes))


def handling_nodes(manifest: Manifest) -> tuple[dg.AssetKey, ...]:
    """The keys of the nodes that have a handler, by name."""
    names = sorted({contract.node for contract in manifest.contracts if contract.handler is not None})
    return tuple(_key(Vertex(_NODE, name)) for name in names)


def _contracts(domain: str, nodes: Sequence[str], contracts: Mapping[str, Sequence[Contract]]) -> dg.AssetSpec:
    places = [(node, contract) for node in nodes for contract in contracts[node]]
    return dg.AssetSpec(
        _key(Vertex(_CONTRACTS, domain)),
        deps=[_key(Vertex(_NODE, node)) for node in nodes],
        group_name=_group(domain),
        owners=[PLATFORM],
        kinds={"yaml"},
        description=visible(f"The contracts of the domain `{domain}`: what {len(nodes)} nodes declare."),
        metadata={
            "nodes": len(nodes),
            "contracts": len(places),
            **preview("members", _MEMBERS, (_member(node, contract) for node, contract in places)),
            "read_into": dg.MetadataValue.asset(DECLARED_TOPICS),
        },
    )


def _node(
    vertex: Vertex,
    contracts: Sequence[Contract],
    domain: str,
    upstream: Sequence[Vertex],
    cut: _Metadata,
    links: Links,
) -> dg.AssetSpec:
    declarations = sorted((each for contract in contracts for each in contract.declarations), key=_where)
    published = [each for each in declarations if each.role is Role.PUBLISHES]
    subscribed = [each for each in declarations if each.role is Role.SUBSCRIBES]
    locations = [contract.location for contract in contracts]
    return dg.AssetSpec(
        _key(vertex),
        deps=[_key(each) for each in upstream],
        group_name=_group(domain),
        owners=[PLATFORM],
        kinds={"yaml"},
        description=visible(
            f"The node `{vertex.name}`, declared in `{_listed(locations)}`: it publishes "
            f"{_count(published)} and subscribes {_count(subscribed)}."
        ),
        metadata={
            "contract": links.contract(locations[0]),
            "findings": sum(len(contract.findings) for contract in contracts),
            **preview("publishes", _PLACES, map(_place, published)),
            **preview("subscribes", _PLACES, map(_place, subscribed)),
            **cut,
        },
    )


def _topic(topic: Topic, upstream: Sequence[Vertex], cut: _Metadata, links: Links) -> dg.AssetSpec:
    owner = topic.owner
    spec = topic.spec
    return dg.AssetSpec(
        _key(Vertex(_TOPIC, topic.name)),
        deps=[_key(each) for each in upstream],
        group_name=_group(topic.parts.producer),
        owners=[PLATFORM],
        kinds={"kafka"},
        description=visible(
            f"The topic `{topic.name}`, declared by `{owner.node}` in `{_listed([owner.location])}`."
            + (f" Nothing touches it: {topic.blocked}." if topic.blocked else "")
        ),
        metadata={
            "contract": links.contract(owner.location),
            "owner": owner.node,
            "partitions": _stated(spec.partitions),
            "replication_factor": _stated(spec.replication_factor),
            **preview("config", _CONFIG, ({"key": key, "value": value} for key, value in spec.config.items())),
            **preview("publishers", _NODES, map(_who, topic.publishers)),
            **preview("subscribers", _NODES, map(_who, topic.subscribers)),
            "drift": dg.MetadataValue.asset(TOPIC_DRIFT),
            **cut,
        },
    )


def _left_out(edges: Sequence[Edge], through: Mapping[Edge, Sequence[str]]) -> _Metadata:
    """What an end says about its edges that are not drawn."""
    lines = []
    for start, end in edges:
        topics = through.get((start, end), ())
        by = f" through {', '.join(f'`{name}`' for name in topics)}" if topics else ""
        lines.append(f"- `{start.name}` to `{end.name}`{by}")
    if not lines:
        return {}
    text = "These edges exist and are not drawn, since an asset graph must not have a cycle:\n\n" + "\n".join(lines)
    return {"edges_left_out": dg.MetadataValue.md(text)}


def _key(vertex: Vertex) -> dg.AssetKey:
    return dg.AssetKey([vertex.kind, spelt(vertex.name)])


def _domain(manifest: Manifest, contracts: Iterable[Contract]) -> str:
    """The producer that most of the topics name which these contracts publish, or else subscribe.

    The first by alphabet where several do; ``without_topics`` where there is no topic.
    """
    declared = [each for contract in contracts for each in contract.declarations if each.topic in manifest.topics]
    published = [each for each in declared if each.role is Role.PUBLISHES]
    topics = {each.topic for each in published or declared}
    counts = Counter(manifest.topics[name].parts.producer for name in topics)
    return min(counts, key=lambda each: (-counts[each], each), default=_NO_TOPICS)


def _group(domain: str) -> str:
    return _NOT_IN_A_GROUP.sub("_", domain).strip("_") or _NO_TOPICS


def _where(declaration: Declaration) -> tuple[Location, str]:
    return declaration.location, declaration.topic


def _listed(locations: Iterable[Location]) -> str:
    return ", ".join(f"{each.path}:{each.line}" for each in locations)


def _count(declarations: Sequence[Declaration]) -> str:
    number = len({each.topic for each in declarations})
    return f"{number} topic{'' if number == 1 else 's'}"


def _stated(value: int | None) -> str | int:
    return "the broker's default" if value is None else value


_PLACES = (Column("topic"), Column("line", "int"), Column("form"), Column("path"))
_MEMBERS = (Column("node"), Column("path"), Column("declarations", "int"), Column("findings", "int"))
_NODES = (Column("node"), Column("path"), Column("line", "int"))
_CONFIG = (Column("key"), Column("value"))


def _place(each: Declaration) -> dict[str, str | int]:
    return {"topic": each.topic, "line": each.location.line, "form": each.form, "path": each.location.path}


def _who(each: Declaration) -> dict[str, str | int]:
    return {"node": each.node, "path": each.location.path, "line": each.location.line}


def _member(node: str, contract: Contract) -> dict[str, str | int]:
    return {
        "node": node,
        "path": contract.location.path,
        "declarations": len(contract.declarations),
        "findings": len(contract.findings),
    }
