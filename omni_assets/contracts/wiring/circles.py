"""Graphs as mappings from each vertex to its successors. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

V = TypeVar("V", bound=Hashable)


def components(graph: Mapping[V, Sequence[V]]) -> dict[V, V]:
    """For each vertex, one that stands for all that lie on a cycle with it (Kosaraju's two passes).

    ``graph`` gives the successors of every vertex. Takes time in proportion to its vertices and edges.
    """
    reverse: dict[V, list[V]] = {vertex: [] for vertex in graph}
    for start, ends in graph.items():
        for end in ends:
            reverse[end].append(start)
    component: dict[V, V] = {}
    for root in reversed(_finished(graph)):
        stack = [root] if root not in component else []
        while stack:
            vertex = stack.pop()
            if vertex not in component:
                component[vertex] = root
                stack += reverse[vertex]
    return component


def _finished(graph: Mapping[V, Sequence[V]]) -> list[V]:
    """All vertices in the order in which a depth-first walk leaves them."""
    seen: set[V] = set()
    order: list[V] = []
    for root in graph:
        if root in seen:
            continue
        seen.add(root)
        walk = [(root, iter(graph[root]))]
        while walk:
            vertex, ahead = walk[-1]
            unseen = next((each for each in ahead if each not in seen), None)
            if unseen is None:
                order.append(vertex)
                walk.pop()
            else:
                seen.add(unseen)
                walk.append((unseen, iter(graph[unseen])))
    return order


def circle(graph: Mapping[V, Sequence[V]], start: V) -> tuple[V, ...]:
    """A shortest way from ``start`` back to it, as the vertices on it from ``start``; empty where there is none."""
    came_from: dict[V, V] = {}
    waiting = [start]
    while waiting:
        following: list[V] = []
        for vertex in waiting:
            for each in graph[vertex]:
                if each == start:
                    way = [vertex]
                    while way[-1] != start:
                        way.append(came_from[way[-1]])
                    return tuple(reversed(way))
                if each not in came_from:
                    came_from[each] = vertex
                    following.append(each)
        waiting = following
    return ()
