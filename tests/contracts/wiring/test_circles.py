"""Components and circles of graphs, against a plain search."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from omni_assets.contracts.wiring.circles import circle, components

GRAPHS = st.dictionaries(st.integers(0, 7), st.lists(st.integers(0, 7), max_size=4), max_size=8).map(
    lambda graph: {vertex: list(graph.get(vertex, ())) for vertex in range(8)}
)


def reachable(graph: dict[int, list[int]], start: int) -> set[int]:
    """What can be reached in one step or more."""
    found: set[int] = set()
    waiting = list(graph[start])
    while waiting:
        vertex = waiting.pop()
        if vertex not in found:
            found.add(vertex)
            waiting += graph[vertex]
    return found


@given(GRAPHS)
def test_vertices_share_a_component_when_each_leads_to_the_other(graph: dict[int, list[int]]) -> None:
    of = components(graph)
    for one in graph:
        for other in graph:
            together = one == other or (other in reachable(graph, one) and one in reachable(graph, other))
            assert (of[one] == of[other]) is together


@given(GRAPHS, st.integers(0, 7))
def test_a_circle_is_a_way_back_and_none_is_shorter(graph: dict[int, list[int]], start: int) -> None:
    way = circle(graph, start)
    assert bool(way) is (start in reachable(graph, start))
    if not way:
        return
    assert way[0] == start
    assert all(after in graph[before] for before, after in zip(way, (*way[1:], start), strict=True))
    distance, seen = 0, {start}
    while True:
        distance += 1
        seen = {each for vertex in seen for each in graph[vertex]}
        if start in seen:
            break
    assert len(way) == distance
