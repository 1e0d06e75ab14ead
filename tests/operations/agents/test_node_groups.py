"""Which nodes are worked for together: each that has a handler in one group, whatever the settings name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.contracts.extractor import ContractTopicExtractor
from omni_assets.contracts.model import Manifest
from omni_assets.errors import HandlerUnusable, UnknownName
from omni_assets.operations.agents.node_groups import node_groups
from omni_assets.settings import AgentSettings

NODES = ("a", "b", "c", "d")
HANDLED = 'handler: {kind: python, entry: "m:f"}\n'


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """Four nodes with handlers, and one without."""
    folder = tmp_path_factory.mktemp("contracts")
    for node in (*NODES, "idle"):
        (folder / node).mkdir()
        handler = "" if node == "idle" else HANDLED
        text = f"name: {node}\n{handler}event_bus:\n  subscribe_topics: [onex.cmd.{node}.asked.v1]\n"
        (folder / node / "contract.yaml").write_text(text)
    return ContractTopicExtractor().extract([str(folder)])


def grouped(manifest: Manifest, **groups: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    return {each.name: each.nodes for each in node_groups(manifest, AgentSettings(groups=groups))}


def test_without_settings_all_are_one_group(manifest: Manifest) -> None:
    assert grouped(manifest) == {"others": NODES}


def test_what_is_in_no_group_is_the_last_one(manifest: Manifest) -> None:
    assert grouped(manifest, second=("d", "b"), empty=()) == {"second": ("b", "d"), "others": ("a", "c")}
    assert grouped(manifest, all=("a", "b", "c", "d")) == {"all": NODES}


@given(st.lists(st.sampled_from(["x", "y", ""]), min_size=4, max_size=4))
def test_each_node_is_in_one_group(manifest: Manifest, names: list[str]) -> None:
    groups = {
        name: tuple(node for node, of in zip(NODES, names, strict=True) if of == name) for name in set(names) - {""}
    }
    found = node_groups(manifest, AgentSettings(groups=groups))
    assert sorted(node for group in found for node in group.nodes) == list(NODES)
    assert all(group.staff for group in found)


def test_a_group_of_a_node_that_there_is_none_of_or_that_has_no_handler_is_refused(manifest: Manifest) -> None:
    with pytest.raises(UnknownName, match="no contract names a node or a topic `e`"):
        grouped(manifest, g=("e",))
    with pytest.raises(HandlerUnusable, match="`idle`"):
        grouped(manifest, g=("idle",))


def test_a_project_without_handlers_has_no_group(write_contract: Callable[..., Path]) -> None:
    path = write_contract("event_bus:\n  subscribe_topics: [onex.cmd.router.asked.v1]\n")
    assert node_groups(ContractTopicExtractor().extract([str(path)]), AgentSettings()) == ()
