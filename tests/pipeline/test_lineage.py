"""Nodes and topics as external assets: whatever the names, however many, with or without cycles."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.contracts.extractor import ContractTopicExtractor
from omni_assets.contracts.model import Contract, Location, Manifest
from omni_assets.pipeline.topics import external as externals
from omni_assets.pipeline.topics import lineage as lineages
from omni_assets.pipeline.topics.cycles import Edge, Vertex, closing_edges
from omni_assets.pipeline.topics.external import ExternalAssets, external_assets
from omni_assets.pipeline.topics.lineage import Fold, Lineage, lineage

A_TO_B = "onex.evt.a.to-b.v1"
B_TO_A = "onex.evt.b.to-a.v1"
A_TO_B_KEY, B_TO_A_KEY = "topics/onex.evt.a/to-b.v1", "topics/onex.evt.b/to-a.v1"

Manifests = Callable[[], Manifest]
Writer = Callable[..., Path]


def by_key(external: ExternalAssets) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in external.specs}


def upstream(spec: dg.AssetSpec) -> list[str]:
    return [dep.asset_key.to_user_string() for dep in spec.deps]


def test_a_topic_stands_between_its_nodes(write_contract: Writer, manifest_of: Manifests) -> None:
    write_contract("a", publishes=[A_TO_B])
    write_contract("b", subscribes=[A_TO_B])
    specs = by_key(external_assets(manifest_of()))
    assert set(specs) == {"nodes/a", "nodes/b", A_TO_B_KEY}
    assert upstream(specs[A_TO_B_KEY]) == ["nodes/a"]
    assert upstream(specs["nodes/b"]) == [A_TO_B_KEY]
    assert specs["nodes/a"].metadata["contract"].value.endswith("contracts/a/contract.yaml")
    assert specs[A_TO_B_KEY].metadata["publishers"].records[0].data["node"] == "a"
    assert "edges_left_out" not in specs["nodes/a"].metadata


def test_every_asset_has_owner_kind_group_and_words_that_a_contract_cannot_spoil(
    write_contract: Writer, manifest_of: Manifests
) -> None:
    path = write_contract("a", publishes=[A_TO_B])
    path.write_text(path.read_text(encoding="utf-8").replace("name: a", 'name: "a\\e[31m"'), encoding="utf-8")
    for spec in external_assets(manifest_of()).specs:
        assert spec.owners
        assert spec.kinds
        assert spec.group_name
        assert spec.description
        assert "\x1b" not in spec.description


def test_a_node_says_what_it_is_for_before_where_it_is_declared(write_contract: Writer, manifest_of: Manifests) -> None:
    path = write_contract("a", publishes=[A_TO_B])
    path.write_text(path.read_text(encoding="utf-8") + 'description: "Writes [code]."\n', encoding="utf-8")
    write_contract("b", subscribes=[A_TO_B])
    said = {name: spec.description or "" for name, spec in by_key(external_assets(manifest_of())).items()}
    assert said["nodes/a"].startswith(r"Writes \[code\]. Declared in ")
    assert said["nodes/b"].startswith("Declared in ")
    assert said["nodes/b"].endswith("contract.yaml:1. It publishes 0 topics and subscribes 1 topic.")
    assert said[A_TO_B_KEY].startswith("Declared by a in ")
    assert said[A_TO_B_KEY].endswith(f": the topic {A_TO_B}.")
    assert "`" not in "".join(said.values())


def test_what_leads_to_no_other_node_is_folded_first(write_contract: Writer, manifest_of: Manifests) -> None:
    write_contract("a", publishes=[A_TO_B, "onex.evt.a.second.v1"])
    write_contract("b", subscribes=[A_TO_B])
    write_contract("talks-to-nobody", publishes=["onex.evt.a.third.v1"])
    write_contract("silent")
    external = external_assets(manifest_of(), most_vertices=5)
    specs = by_key(external)
    assert set(specs) == {"nodes/a", "nodes/b", A_TO_B_KEY, "domains/a", "domains/without_topics"}
    assert upstream(specs[A_TO_B_KEY]) == ["nodes/a"]
    assert upstream(specs["nodes/b"]) == [A_TO_B_KEY]
    assert specs["nodes/a"].group_name == specs["domains/a"].group_name == "domain_a"
    assert [record.data["node"] for record in specs["domains/a"].metadata["members"].records] == ["talks-to-nobody"]
    assert "declared by 1 node that no topic ties to another." in str(specs["domains/a"].description)
    assert all(spec.metadata["folded"] == external.folded for spec in specs.values())
    assert all("edges" not in spec.metadata for spec in specs.values())


def test_with_many_topics_lineage_goes_from_node_to_node(write_contract: Writer, manifest_of: Manifests) -> None:
    write_contract("a", publishes=[A_TO_B, "onex.evt.a.second.v1"])
    write_contract("b", subscribes=[A_TO_B])
    specs = by_key(external_assets(manifest_of(), most_vertices=2))
    assert set(specs) == {"nodes/a", "nodes/b"}
    assert upstream(specs["nodes/b"]) == ["nodes/a"]
    listed = [record.data["topic"] for record in specs["nodes/a"].metadata["publishes"].records]
    assert listed == [A_TO_B, "onex.evt.a.second.v1"]


@pytest.mark.parametrize(
    ("most_vertices", "start", "end", "named"),
    [(4, B_TO_A_KEY, "nodes/a", B_TO_A), (2, "nodes/b", "nodes/a", B_TO_A)],
)
def test_both_ends_say_which_edge_is_left_out(
    most_vertices: int, start: str, end: str, named: str, write_contract: Writer, manifest_of: Manifests
) -> None:
    write_contract("a", publishes=[A_TO_B], subscribes=[B_TO_A])
    write_contract("b", publishes=[B_TO_A], subscribes=[A_TO_B])
    specs = by_key(external_assets(manifest_of(), most_vertices=most_vertices))
    silent = [key for key, spec in specs.items() if "edges_left_out" not in spec.metadata]
    assert {start, end} == set(specs) - set(silent)
    for key in (start, end):
        assert named in specs[key].metadata["edges_left_out"].value
    assert start not in upstream(specs[end])


def test_left_out_edges_are_walked_once_and_not_for_each_vertex(
    write_contract: Writer, manifest_of: Manifests, monkeypatch: pytest.MonkeyPatch
) -> None:
    walks = []

    class Counted(frozenset[Edge]):
        def __iter__(self) -> Iterator[Edge]:
            walks.append(self)
            return super().__iter__()

    monkeypatch.setattr(lineages, "closing_edges", lambda edges: Counted(closing_edges(edges)))
    for number in range(10):
        write_contract(f"node-{number}", publishes=[A_TO_B], subscribes=[A_TO_B])
    external = external_assets(manifest_of(), most_vertices=10)
    assert all("edges_left_out" in spec.metadata for spec in external.specs)
    assert len(walks) == 1


def test_a_node_that_hears_itself(write_contract: Writer, manifest_of: Manifests) -> None:
    write_contract("a", publishes=[A_TO_B], subscribes=[A_TO_B])
    specs = by_key(external_assets(manifest_of(), most_vertices=1))
    assert upstream(specs["nodes/a"]) == []
    assert A_TO_B in specs["nodes/a"].metadata["edges_left_out"].value


def test_two_contracts_of_one_name_are_one_node(write_contract: Writer, manifest_of: Manifests) -> None:
    write_contract("a", publishes=[A_TO_B])
    write_contract("other", text=f"name: a\nevent_bus:\n  publish_topics: [{B_TO_A}]\n")
    specs = by_key(external_assets(manifest_of()))
    assert len([key for key in specs if key.startswith("nodes/")]) == 1
    assert len(specs["nodes/a"].metadata["publishes"].records) == 2


def test_with_many_nodes_lineage_goes_from_domain_to_domain(write_contract: Writer, manifest_of: Manifests) -> None:
    write_contract("a", publishes=[A_TO_B])
    write_contract("b", subscribes=[A_TO_B], publishes=["onex.evt.b.done.v1"])
    write_contract("c", subscribes=["onex.evt.b.done.v1"], publishes=["onex.evt.b.done-again.v1"])
    write_contract("silent")
    external = external_assets(manifest_of(), most_vertices=3)
    specs = by_key(external)
    assert set(specs) == {"domains/a", "domains/b", "domains/without_topics"}
    assert upstream(specs["domains/b"]) == ["domains/a"]
    assert [record.data["node"] for record in specs["domains/b"].metadata["members"].records] == ["b", "c"]
    assert [record.data for record in specs["domains/b"].metadata["edges"].records] == [
        {"from": "a", "to": "b", "topics": A_TO_B}
    ]
    assert [spec.group_name for spec in specs.values()] == ["domain_a", "domain_b", "without_topics"]
    for spec in specs.values():
        assert spec.metadata["folded"] == external.folded
    assert external.folded.startswith("3 topics of 4 nodes are more than a page can draw: the lineage goes from domain")


def test_the_smallest_of_many_domains_are_one(write_contract: Writer, manifest_of: Manifests) -> None:
    for number in range(6):
        write_contract(f"node-{number}", publishes=[f"onex.evt.{'first' if number < 2 else number}.event-{number}.v1"])
    specs = by_key(external_assets(manifest_of(), most_vertices=3))
    assert set(specs) == {"domains/first", "domains/2", "domains/other_domains"}
    assert specs["domains/other_domains"].metadata["nodes"] == 3


def test_what_is_not_folded_says_nothing_of_it(write_contract: Writer, manifest_of: Manifests) -> None:
    write_contract("a", publishes=[A_TO_B])
    external = external_assets(manifest_of())
    assert external.folded == ""
    assert all("folded" not in spec.metadata for spec in external.specs)


def test_a_topic_of_hundreds_of_nodes_is_no_web_of_edges(write_contract: Writer, manifest_of: Manifests) -> None:
    for number in range(60):
        write_contract(f"writer-{number}", publishes=[A_TO_B])
        write_contract(f"reader-{number}", subscribes=[A_TO_B], publishes=[f"onex.evt.reader-{number}.read.v1"])
    graph = lineage(manifest_of(), most_vertices=120)
    assert graph.fold is Fold.DOMAINS
    assert graph.length <= lineages.MOST_LENGTH


def test_what_comes_after_all_is_tied_to_what_leads_to_no_other(write_contract: Writer, manifest_of: Manifests) -> None:
    handler = 'handler: {kind: python, entry: "m:f"}\n'
    write_contract("a", text=f"name: a\n{handler}event_bus:\n  publish_topics: [{A_TO_B}]\n")
    write_contract("b", text=f"name: b\n{handler}event_bus:\n  subscribe_topics: [{A_TO_B}]\n")
    write_contract("c", publishes=["onex.evt.c.heard-by-nobody.v1"])
    external = external_assets(manifest_of())
    assert [key.to_user_string() for key in external.ends] == ["nodes/b", "topics/onex.evt.c/heard-by-nobody.v1"]
    assert [key.to_user_string() for key in external.handling] == ["nodes/b"]
    assert by_key(external)["nodes/a"].metadata["handler"] == "python m:f"


WORDS = st.sampled_from([f"onex.evt.{domain}.event-{event}.v1" for domain in "abc" for event in range(3)])
NODES = st.lists(st.tuples(st.sets(WORDS, max_size=3), st.sets(WORDS, max_size=3)), min_size=1, max_size=12)


def manifest_among(nodes: list[tuple[set[str], set[str]]]) -> Manifest:
    extractor = ContractTopicExtractor()
    texts = [
        {"name": f"node-{number}", "event_bus": {"publish_topics": sorted(out), "subscribe_topics": sorted(into)}}
        for number, (out, into) in enumerate(nodes)
    ]
    return extractor.assemble(extractor.parsed(f"{each['name']}.yaml", json.dumps(each).encode()) for each in texts)


@given(NODES, st.integers(1, 30))
def test_however_far_it_is_folded_every_node_and_every_way_from_one_to_another_is_there(
    nodes: list[tuple[set[str], set[str]]], most: int
) -> None:
    manifest = manifest_among(nodes)
    graph = lineage(manifest, most)
    assert len(graph.vertices) <= most
    assert graph.vertex_of.keys() == {each.node for each in manifest.contracts}
    assert bool(graph.folded) == (graph.fold is not Fold.TOPICS)
    edges = graph.drawn | graph.left_out
    for topic in manifest.topics.values():
        middle = Vertex("topics", topic.name)
        for start in {graph.vertex_of[each.node] for each in topic.publishers}:
            for end in {graph.vertex_of[each.node] for each in topic.subscribers}:
                way = {(start, middle), (middle, end)} if middle in graph.topics else {(start, end)}
                within = start == end and start.kind == "domains"
                assert within or way <= edges


EDGES = st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30)


@given(EDGES, st.sets(st.integers(0, 9)))
def test_the_last_of_some_follow_all_of_them_and_each_other_never(edges: set[tuple[int, int]], some: set[int]) -> None:
    vertices = [Vertex("nodes", str(number)) for number in range(10)]
    drawn = frozenset((vertices[start], vertices[end]) for start, end in edges if start < end)
    graph = Lineage(Fold.NODES, {each.name: each for each in vertices}, frozenset(), drawn, frozenset(), {})
    wanted = {vertices[number] for number in some}
    last = set(graph.last(wanted))

    def after(vertex: Vertex) -> set[Vertex]:
        ends = {end for start, end in drawn if start == vertex}
        return ends.union(*map(after, ends))

    assert last <= wanted
    for each in wanted:
        assert (each in last) == (not after(each) & wanted)
        assert each in last or after(each) & last


def test_long_ways_around_tie_what_comes_after_to_the_very_last_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = [Vertex("nodes", f"{number:03}") for number in range(100)]
    beside = [Vertex("nodes", f"beside-{number:03}") for number in range(100)]
    drawn = frozenset([*pairwise(chain), *zip(chain, beside, strict=True)])
    graph = Lineage(
        Fold.NODES, {each.name: each for each in (*chain, *beside)}, frozenset(), drawn, frozenset(), {}, "folded"
    )
    last = graph.last(graph.vertices)
    assert beside[-1] in last
    assert beside[0] not in last
    assert sum(101 - graph.rank[each] for each in last) + graph.length <= lineages.MOST_LENGTH + 100


@given(st.lists(st.text(min_size=1, max_size=60), unique=True, max_size=12))
def test_any_name_gets_a_key_of_its_own(names: list[str]) -> None:
    contracts = tuple(Contract(name, Location(f"{index}/contract.yaml"), (), ()) for index, name in enumerate(names))
    manifest = Manifest(contracts, {}, ())
    external = external_assets(manifest)
    assert len({spec.key for spec in external.specs}) == len(names)
    defs = dg.Definitions(assets=external.specs)
    assert len(list(defs.resolve_all_asset_specs())) == len(names)


@given(st.sets(st.text(st.sampled_from("ab./_-"), min_size=1), max_size=30))
def test_any_topic_gets_a_key_of_its_own(names: set[str]) -> None:
    keys = {externals._key(Vertex("topics", name)) for name in names}
    assert len(keys) == len(names)
    assert all(all(key.path) for key in keys)


def test_the_corpus_has_cycles_and_its_lineage_none(corpus: Path) -> None:
    manifest = ContractTopicExtractor().extract([str(corpus)])
    for most, fold in ((10_000, Fold.TOPICS), (100, Fold.WIRED), (40, Fold.NODES), (5, Fold.DOMAINS)):
        graph = lineage(manifest, most)
        assert graph.fold is fold
        assert graph.left_out or fold is Fold.DOMAINS
        defs = dg.Definitions(assets=external_assets(manifest, most).specs)
        # Toposorting raises on a cycle.
        assert defs.resolve_asset_graph().toposorted_asset_keys
