"""Where nodes stand: apart from one another, right of those that feed them, and the same each time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from omni_assets.operations.report.layout import Place, places

NAMES = [f"n{number}" for number in range(12)]
WIRINGS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=60).map(
    lambda wires: {node: sorted({end for start, end in wires if start == node and end != node}) for node in NAMES}
)
FORWARD = WIRINGS.map(
    lambda feeds: {node: [each for each in readers if each > node] for node, readers in feeds.items()}
)


@given(WIRINGS)
def test_no_two_nodes_share_a_place(feeds):
    found = places(feeds)
    assert set(found) == set(feeds)
    assert len(set(found.values())) == len(found)


@given(FORWARD)
def test_without_circles_every_wire_leads_rightwards(feeds):
    found = places(feeds)
    assert all(found[node].column < found[reader].column for node, readers in feeds.items() for reader in readers)


@given(WIRINGS)
def test_the_order_in_which_nodes_are_given_does_not_matter(feeds):
    assert places(dict(reversed(feeds.items()))) == places(feeds)


def test_a_circle_is_cut_where_it_comes_back_to_its_first_node():
    found = places({"b": ["c"], "c": ["a"], "a": ["b"]})
    assert [found[node].column for node in "abc"] == [0, 1, 2]


def test_a_long_chain_needs_no_recursion():
    feeds = {f"{number:05}": [f"{number + 1:05}"] for number in range(5_000)} | {"05000": []}
    assert places(feeds)["05000"] == Place(5_000, 0.0)
