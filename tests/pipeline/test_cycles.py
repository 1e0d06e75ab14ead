"""Laws of breaking cycles, over generated graphs."""

from __future__ import annotations

import random
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.pipeline.topics.cycles import Edge, Vertex, closing_edges

VERTICES = st.builds(Vertex, st.sampled_from(["nodes", "topics"]), st.sampled_from("abcdefgh"))
GRAPHS = st.lists(st.tuples(VERTICES, VERTICES), max_size=40)


def acyclic(edges: set[Edge]) -> bool:
    sorter: TopologicalSorter[Vertex] = TopologicalSorter()
    for start, end in edges:
        sorter.add(end, start)
    try:
        sorter.prepare()
    except CycleError:
        return False
    return all(start != end for start, end in edges)


def chain(*names: str) -> list[Edge]:
    vertices = [Vertex("nodes", name) for name in names]
    return list(pairwise(vertices))


@given(GRAPHS)
def test_no_cycle_is_left(edges: list[Edge]) -> None:
    assert acyclic(set(edges) - closing_edges(edges))


@given(GRAPHS)
def test_only_edges_of_the_graph_are_left_out(edges: list[Edge]) -> None:
    assert closing_edges(edges) <= set(edges)


@given(GRAPHS)
def test_each_edge_that_is_left_out_would_close_a_cycle(edges: list[Edge]) -> None:
    left_out = closing_edges(edges)
    drawn = set(edges) - left_out
    assert not any(acyclic(drawn | {edge}) for edge in left_out)


@given(GRAPHS)
def test_nothing_is_left_out_of_an_acyclic_graph(edges: list[Edge]) -> None:
    forwards = [edge for edge in edges if edge[0] < edge[1]]
    assert closing_edges(forwards) == frozenset()


@given(GRAPHS, st.randoms())
def test_the_order_of_edges_does_not_matter(edges: list[Edge], randomness: random.Random) -> None:
    shuffled = [*edges, *edges]
    randomness.shuffle(shuffled)
    assert closing_edges(shuffled) == closing_edges(edges)


@given(GRAPHS, GRAPHS)
def test_what_lies_outside_of_a_knot_does_not_matter(edges: list[Edge], others: list[Edge]) -> None:
    outside = [(Vertex("outside", start.name), end) for start, end in others]
    assert closing_edges([*edges, *outside]) == closing_edges(edges)


def test_a_vertex_that_leads_to_itself() -> None:
    assert closing_edges(chain("a", "a")) == set(chain("a", "a"))


def test_a_ring_loses_one_edge() -> None:
    assert closing_edges(chain("a", "b", "c", "a")) == set(chain("c", "a"))


def test_fewest_edges_are_left_out() -> None:
    # From a, the walk runs back into it from both b and c; from b or c, only a's one way back in counts.
    edges = [*chain("a", "b", "a"), *chain("a", "c", "a"), *chain("b", "c")]
    assert len(closing_edges(edges)) == 2
    hub = [*chain("a", "h"), *(edge for name in "bcdef" for edge in chain("h", name, "a"))]
    assert closing_edges(hub) == set(chain("a", "h"))


@pytest.mark.parametrize("size", [20_000])
def test_a_long_chain_does_not_exhaust_the_stack(size: int) -> None:
    names = [f"{number:06}" for number in range(size)]
    assert closing_edges(chain(*names)) == frozenset()
    assert closing_edges(chain("000000", "x", "000000")) == set(chain("x", "000000"))
