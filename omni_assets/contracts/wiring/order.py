"""Which nodes come after which: what ``after`` names has to be there, and no circle may come of it."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from omni_assets.contracts.faults import short
from omni_assets.contracts.findings import finding
from omni_assets.contracts.model import After, Finding, Manifest
from omni_assets.contracts.rules import CIRCULAR_ORDER, INVALID_ORDER
from omni_assets.contracts.wiring.circles import circle, components


def order_findings(manifest: Manifest) -> Iterator[Finding]:
    """A finding for each node that is not there, and one for each group of nodes that wait for one another."""
    order: dict[str, dict[str, After]] = {}
    for contract in manifest.contracts:
        for each in contract.order:
            order.setdefault(contract.node, {}).setdefault(each.node, each)
    if not order:
        return
    nodes = {contract.node for contract in manifest.contracts}
    for node, before in order.items():
        yield from (_unknown(node, each, nodes) for each in before.values() if each.node not in nodes)
    graph = {node: [name for name in order.get(node, ()) if name in nodes] for node in sorted(nodes)}
    groups: dict[str, list[str]] = {}
    for node, group in components(graph).items():
        groups.setdefault(group, []).append(node)
    for members in groups.values():
        first = min(members)
        if len(members) > 1 or first in graph[first]:
            yield _circular(circle(graph, first), order)


def _unknown(node: str, after: After, nodes: set[str]) -> Finding:
    close = get_close_matches(after.node[:120], sorted(nodes), 1)
    return finding(
        INVALID_ORDER,
        f"`{short(node)}` comes after `{short(after.node)}`, and there is no node of that name.",
        after.location,
        fix=f"write `{close[0]}`" if close else "name a node that has a contract, or remove it",
    )


def _circular(way: tuple[str, ...], order: dict[str, dict[str, After]]) -> Finding:
    steps = list(zip(way, (*way[1:], way[0]), strict=True))
    first, *more = [(order[node][before].location, f"`{node}` comes after `{before}`") for node, before in steps]
    return finding(
        CIRCULAR_ORDER,
        " after ".join(f"`{node}`" for node in (*way, way[0])) + ": none of them ever begins.",
        first[0],
        related=tuple(more),
        fix="take out one `after` of the circle",
    )
