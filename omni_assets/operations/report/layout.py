"""Where nodes stand when their wiring is drawn: in columns, each right of those that feed it. Pure.

Circles are broken where a walk from the first node, by name, comes back to where it is: those wires lead leftwards.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

_SWEEPS = 4


@dataclass(frozen=True, slots=True)
class Place:
    """A column and a row, each counted from 0; rows of a column stand around its middle, and may be halves."""

    column: int
    row: float


def places(feeds: Mapping[str, Sequence[str]]) -> Mapping[str, Place]:
    """A place for each node, from the nodes that it feeds: no two share one, and the same for the same wiring."""
    forward = _without_circles(feeds)
    depth = _depths(forward)
    columns: defaultdict[int, list[str]] = defaultdict(list)
    for node in sorted(feeds):
        columns[depth[node]].append(node)
    ordered = [columns[each] for each in sorted(columns)]
    _untangle(ordered, forward)
    return {
        node: Place(column, row - (len(nodes) - 1) / 2)
        for column, nodes in enumerate(ordered)
        for row, node in enumerate(nodes)
    }


def _without_circles(feeds: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The wiring without the wires that close a circle."""
    forward: dict[str, list[str]] = {node: [] for node in feeds}
    done: set[str] = set()
    open_: set[str] = set()
    for start in sorted(feeds):
        if start in done:
            continue
        open_.add(start)
        walk = [(start, iter(feeds[start]))]
        while walk:
            node, readers = walk[-1]
            reader = next(readers, None)
            if reader is None:
                walk.pop()
                open_.discard(node)
                done.add(node)
            elif reader not in open_:
                forward[node].append(reader)
                if reader not in done:
                    open_.add(reader)
                    walk.append((reader, iter(feeds[reader])))
    return forward


def _depths(forward: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """The longest way that leads to each node, in wires."""
    waiting = dict.fromkeys(forward, 0)
    for readers in forward.values():
        for reader in readers:
            waiting[reader] += 1
    depth = dict.fromkeys(forward, 0)
    ready = [node for node, feeders in waiting.items() if not feeders]
    while ready:
        node = ready.pop()
        for reader in forward[node]:
            depth[reader] = max(depth[reader], depth[node] + 1)
            waiting[reader] -= 1
            if not waiting[reader]:
                ready.append(reader)
    return depth


def _untangle(columns: Sequence[list[str]], forward: Mapping[str, Sequence[str]]) -> None:
    """Put the nodes of each column in the order of those that they are wired with, rightwards and back, in place."""
    beside: defaultdict[str, list[str]] = defaultdict(list)
    for node, readers in forward.items():
        for reader in readers:
            beside[node].append(reader)
            beside[reader].append(node)
    row = {node: number - len(nodes) / 2 for nodes in columns for number, node in enumerate(nodes)}
    for sweep in range(_SWEEPS):
        for nodes in columns if sweep % 2 == 0 else reversed(columns):
            middle = {node: fmean(row[each] for each in beside[node]) if beside[node] else row[node] for node in nodes}
            nodes.sort(key=lambda node: (middle[node], node))
            row.update({node: number - len(nodes) / 2 for number, node in enumerate(nodes)})
