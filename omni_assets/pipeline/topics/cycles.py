"""Breaking cycles: which edges of a graph to leave out so that no cycle is left. Pure.

Event graphs have cycles and asset graphs must not. The choice depends on the graph alone, never on the order in which
its edges come, and for vertices on cycles with each other on nothing outside of them: the same contracts always lose
the same edges. Of the ways to cut such a knot, each beginning at another vertex, one with the fewest edges is taken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple, TypeAlias

from omni_assets.contracts.wiring.circles import components


class Vertex(NamedTuple):
    """A vertex: what it is, and its name."""

    kind: str
    name: str


Edge: TypeAlias = tuple[Vertex, Vertex]

MOST_BEGINNINGS = 100
"""Most vertices of a knot that are tried as the beginning, the first by kind and name."""

_Successors: TypeAlias = Mapping[Vertex, Sequence[Vertex]]


def closing_edges(edges: Iterable[Edge]) -> frozenset[Edge]:
    """The edges whose removal leaves no cycle; putting any single one of them back would close one.

    Empty for a graph without cycles. Apart from sorting the edges, takes time in proportion to their number, and up to
    ``MOST_BEGINNINGS`` times as much for those between vertices on cycles with each other.
    """
    graph = _successors(edges)
    component = components(graph)
    knots: defaultdict[Vertex, dict[Vertex, list[Vertex]]] = defaultdict(dict)
    for start, ends in graph.items():
        knots[component[start]][start] = [end for end in ends if component[end] == component[start]]
    return frozenset(edge for knot in knots.values() for edge in _fewest(knot))


def _fewest(knot: _Successors) -> list[Edge]:
    """The shortest of the lists of edges that lead back, over the vertices that a walk may begin at."""
    return min((_back_edges(knot, root) for root in islice(knot, MOST_BEGINNINGS)), key=len)


def _successors(edges: Iterable[Edge]) -> dict[Vertex, list[Vertex]]:
    distinct = sorted(set(edges))
    graph: dict[Vertex, list[Vertex]] = {vertex: [] for vertex in sorted({each for edge in distinct for each in edge})}
    for start, end in distinct:
        graph[start].append(end)
    return graph


def _back_edges(knot: _Successors, root: Vertex) -> list[Edge]:
    """The edges that lead a depth-first walk from ``root`` back to a vertex that it has not left yet."""
    found: list[Edge] = []
    seen, entered = {root}, {root}
    walk = [(root, iter(knot[root]))]
    while walk:
        vertex, ahead = walk[-1]
        for each in ahead:
            if each in entered:
                found.append((vertex, each))
            elif each not in seen:
                seen.add(each)
                entered.add(each)
                walk.append((each, iter(knot[each])))
                break
        else:
            entered.discard(vertex)
            walk.pop()
    return found
