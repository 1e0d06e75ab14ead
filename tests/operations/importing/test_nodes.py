"""Nodes as they are told by groups, and the folders of their contracts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.contracts.discovery import is_searched
from omni_assets.contracts.reading import MAX_NAME
from omni_assets.contracts.text import visible
from omni_assets.drift.group_names import GroupNames
from omni_assets.operations.importing.nodes import folders, node_name, nodes_of_groups

BUILT_IN = ("{node}", "{node}[-._:]*")


@pytest.mark.parametrize(
    ("group", "patterns", "node"),
    [
        ("router", BUILT_IN, "router"),
        ("router-2", BUILT_IN, "router"),
        ("router.eu", BUILT_IN, "router"),
        ("routers", BUILT_IN, "routers"),
        ("merger-2", BUILT_IN, "merger-2"),
        ("merger-consumer", ("{node}-consumer",), "merger"),
        ("-consumer", ("{node}-consumer",), "-consumer"),
        ("acme.merger.v1", ("acme.{node}.v1", "{node}"), "merger"),
        ("acme.merger.v1", ("acme.{node}.*",), "acme.merger.v1"),
    ],
)
def test_a_group_reads_for_a_node_that_is_known_or_is_called_as_it_is(
    group: str, patterns: tuple[str, ...], node: str
) -> None:
    assert nodes_of_groups([group], {"router", "mailer"}, patterns) == {group: node}


def test_what_the_console_consumer_makes_up_is_nobody() -> None:
    assert nodes_of_groups(["console-consumer-41", "console-consumer"], (), BUILT_IN) == {
        "console-consumer": "console-consumer"
    }


plain = st.from_regex(r"[a-z0-9]{1,4}([-._:][a-z0-9]{1,4}){0,2}", fullmatch=True)


@given(st.sets(plain, max_size=6), st.sets(plain, max_size=4))
def test_drift_finds_the_same_nodes_once_they_are_declared(groups: set[str], known: set[str]) -> None:
    found = nodes_of_groups(sorted(groups), known, BUILT_IN)
    assert GroupNames({*known, *found.values()}, BUILT_IN).of_all(groups) == found


@given(st.text(max_size=200))
def test_a_node_is_called_in_its_contract_as_it_is_here(text: str) -> None:
    name = node_name(text)
    assert 0 < len(name) <= MAX_NAME
    assert visible(name) == name
    assert node_name(name) == name


@given(st.sets(st.text(max_size=100) | st.sampled_from(["a", "A", "../a", ".git", "node_modules", "", "..", "a/b"])))
def test_each_node_has_a_folder_of_its_own_where_contracts_are_looked_for(nodes: set[str]) -> None:
    found = folders(nodes)
    assert set(found) == nodes
    assert len({folder.casefold() for folder in found.values()}) == len(nodes)
    for folder in found.values():
        assert is_searched(folder)
        assert folder == folder.strip(".-")
        assert set(folder) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
        assert len(folder) < 100
