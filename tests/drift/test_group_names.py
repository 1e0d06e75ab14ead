"""Which node a group belongs to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.drift.group_names import GroupNames
from omni_assets.drift.policy import BUILT_IN_POLICY

NODES = ["review", "review-bot", "router"]


@pytest.mark.parametrize(
    ("group", "node"),
    [
        ("router", "router"),
        ("router-1", "router"),
        ("router.production", "router"),
        ("router_1", "router"),
        ("router:drain", "router"),
        ("routers", None),
        ("my-router", None),
        ("Router", None),
        ("review-bot", "review-bot"),
        ("review-bot-2", "review-bot"),
        ("review-2", "review"),
        ("console-consumer-81723", None),
        ("", None),
    ],
)
def test_the_default_patterns(group, node):
    assert GroupNames(NODES, BUILT_IN_POLICY.group_of_node).node_of(group) == node


@pytest.mark.parametrize(
    ("pattern", "group", "node"),
    [
        ("svc-{node}", "svc-router", "router"),
        ("svc-{node}", "router", None),
        ("{node}-??", "router-eu", "router"),
        ("{node}-??", "router-euw", None),
        ("*.{node}.v[0-9]", "prod.router.v2", "router"),
        ("*.{node}.v[0-9]", "prod.router.vx", None),
    ],
)
def test_patterns_of_ones_own(pattern, group, node):
    assert GroupNames(NODES, [pattern]).of_all([group]) == ({} if node is None else {group: node})


@given(st.text(min_size=1), st.text())
def test_a_nodes_name_is_taken_literally(node, group):
    assert GroupNames([node], ["{node}"]).node_of(group) == (node if group == node else None)
    assert GroupNames([node], ["a-{node}-*"]).node_of(f"a-{node}-{group}") == node
