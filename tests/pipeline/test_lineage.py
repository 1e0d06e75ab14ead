"""Nodes and topics as external assets: whatever the names, however many, with or without cycles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.contracts.extractor import ContractTopicExtractor
from omni_assets.contracts.model import Contract, Location, Manifest
from omni_assets.pipeline.topics import lineage as lineages
from omni_assets.pipeline.topics.cycles import Edge, closing_edges
from omni_assets.pipeline.topics.lineage import ExternalAssets, external_assets, lineage

A_TO_B = "onex.evt.a.to-b.v1"
B_TO_A = "onex.evt.b.to-a.v1"

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
    assert set(specs) == {"nodes/a", "nodes/b", f"topics/{A_TO_B}"}
    assert upstream(specs[f"topics/{A_TO_B}"]) == ["nodes/a"]
    assert upstream(specs["nodes/b"]) == [f"topics/{A_TO_B}"]
    assert specs["nodes/a"].metadata["contract"].value.endswith("contracts/a/contract.yaml")
    assert specs[f"topics/{A_TO_B}"].metadata["publishers"].records[0].data["node"] == "a"
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


def test_with_many_topics_lineage_goes_from_node_to_node(write_contract: Writer, manifest_of: Manifests) -> None:
    write_contract("a", publishes=[A_TO_B, "onex.evt.a.second.v1"])
    write_contract("b", subscribes=[A_TO_B])
    specs = by_key(external_assets(manifest_of(), most_topics=1))
    assert set(specs) == {"nodes/a", "nodes/b"}
    assert upstream(specs["nodes/b"]) == ["nodes/a"]
    listed = [record.data["topic"] for record in specs["nodes/a"].metadata["publishes"].records]
    assert listed == [A_TO_B, "onex.evt.a.second.v1"]


@pytest.mark.parametrize(
    ("most_topics", "start", "end", "named"),
    [(250, f"topics/{B_TO_A}", "nodes/a", B_TO_A), (1, "nodes/b", "nodes/a", B_TO_A)],
)
def test_both_ends_say_which_edge_is_left_out(
    most_topics: int, start: str, end: str, named: str, write_contract: Writer, manifest_of: Manifests
) -> None:
    write_contract("a", publishes=[A_TO_B], subscribes=[B_TO_A])
    write_contract("b", publishes=[B_TO_A], subscribes=[A_TO_B])
    specs = by_key(external_assets(manifest_of(), most_topics=most_topics))
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
    external = external_assets(manifest_of(), most_topics=0)
    assert all("edges_left_out" in spec.metadata for spec in external.specs)
    assert len(walks) == 1


def test_a_node_that_hears_itself(write_contract: Writer, manifest_of: Manifests) -> None:
    write_contract("a", publishes=[A_TO_B], subscribes=[A_TO_B])
    specs = by_key(external_assets(manifest_of(), most_topics=0))
    assert upstream(specs["nodes/a"]) == []
    assert A_TO_B in specs["nodes/a"].metadata["edges_left_out"].value


def test_two_contracts_of_one_name_are_one_node(write_contract: Writer, manifest_of: Manifests) -> None:
    write_contract("a", publishes=[A_TO_B])
    write_contract("other", text=f"name: a\nevent_bus:\n  publish_topics: [{B_TO_A}]\n")
    specs = by_key(external_assets(manifest_of()))
    assert len([key for key in specs if key.startswith("nodes/")]) == 1
    assert len(specs["nodes/a"].metadata["publishes"].records) == 2


def test_few_nodes_stand_for_the_contracts_themselves_and_many_through_their_domains(
    write_contract: Writer, manifest_of: Manifests
) -> None:
    for number in range(4):
        write_contract(f"node-{number}", publishes=[f"onex.evt.{'left' if number < 3 else 'right'}.event-{number}.v1"])
    write_contract("silent")
    few = external_assets(manifest_of(), most_nodes=5)
    many = external_assets(manifest_of(), most_nodes=4)
    assert {key.path[0] for key in few.contracts} == {"nodes"}
    assert [key.to_user_string() for key in many.contracts] == [
        "contracts/left",
        "contracts/right",
        "contracts/without_topics",
    ]
    specs = by_key(many)
    assert upstream(specs["contracts/left"]) == ["nodes/node-0", "nodes/node-1", "nodes/node-2"]
    assert specs["nodes/node-0"].group_name == "left"
    assert specs["nodes/silent"].group_name == "without_topics"


@given(st.lists(st.text(min_size=1, max_size=60), unique=True, max_size=12))
def test_any_name_gets_a_key_of_its_own(names: list[str]) -> None:
    contracts = tuple(Contract(name, Location(f"{index}/contract.yaml"), (), ()) for index, name in enumerate(names))
    manifest = Manifest(contracts, {}, ())
    external = external_assets(manifest)
    assert len({spec.key for spec in external.specs}) == len(names)
    defs = dg.Definitions(assets=external.specs)
    assert len(list(defs.resolve_all_asset_specs())) == len(names)


def test_the_corpus_has_cycles_and_its_lineage_none(corpus: Path) -> None:
    manifest = ContractTopicExtractor().extract([str(corpus)])
    for most_topics in (0, 10_000):
        assert lineage(manifest, most_topics).left_out
        defs = dg.Definitions(assets=external_assets(manifest, most_topics).specs)
        # Toposorting raises on a cycle.
        assert defs.resolve_asset_graph().toposorted_asset_keys
