"""The wiring: a row for each topic between its ends, then what is worth knowing about the whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from omni_assets.cli.tables import Cell, Line, Row, paragraph, table
from omni_assets.contracts.model import Declaration
from omni_assets.contracts.text import count
from omni_assets.contracts.wiring.graph import Ends, Wiring
from omni_assets.operations.wiring import Connections

_HEADER = ("PUBLISHERS", "TOPIC", "SUBSCRIBERS")
_OUTSIDE = "(outside)"
_ARROW = " → "


def wiring_lines(found: Connections, width: int | None) -> list[Line]:
    """The table, sentences about near misses, cycles and dead ends, and one that counts all."""
    wiring = found.wiring
    near = {each.wrong.name: each for each in found.near}
    rows = []
    for ends in _every(wiring):
        miss = near.get(ends.name)
        below = f"near `{miss.meant.name}`; {miss.near.difference(ends.name)}" if miss else ""
        rows.append(_row(ends, below))
    lines = table(_HEADER, rows, width) if rows else []
    for sentence, style in _sentences(wiring):
        lines += paragraph(sentence, width, style)
    return [*lines, *paragraph(_summary(found), width)]


def wiring_document(found: Connections) -> dict[str, Any]:
    """What ``--format json`` writes."""
    wiring = found.wiring
    return {
        "nodes": [
            {
                "name": node,
                "subscribes": sorted(wiring.reads[node]),
                "publishes": sorted(wiring.writes[node]),
                "feeds": list(wiring.feeds[node]),
            }
            for node in wiring.nodes
        ],
        "topics": [
            {
                "name": ends.name,
                "well_formed": ends.name in wiring.topics,
                "state": _state(ends),
                "publishers": _nodes(ends.publishers),
                "subscribers": _nodes(ends.subscribers),
                "published_outside": ends.published_outside,
                "subscribed_outside": ends.subscribed_outside,
            }
            for ends in _every(wiring)
        ],
        "near_misses": [
            {"topic": each.wrong.name, "near": each.meant.name, "reason": each.near.reason.value} for each in found.near
        ],
        "cycles": [list(circle) for circle in wiring.cycles],
        "dead_ends": list(wiring.dead_ends),
        "sources": list(wiring.sources),
        "sinks": list(wiring.sinks),
        "counts": _counts(wiring),
    }


def _every(wiring: Wiring) -> Iterator[Ends]:
    yield from wiring.topics.values()
    yield from wiring.misnamed.values()


def _row(ends: Ends, below: str) -> Row:
    return Row(
        (
            _end(ends.publishers, ends.published_outside, ends.starving),
            Cell(ends.name),
            _end(ends.subscribers, ends.subscribed_outside, ends.unread and not ends.dead_letter),
        ),
        below,
    )


def _end(declarations: tuple[Declaration, ...], outside: bool, missing: bool) -> Cell:
    nodes = [*_nodes(declarations), *([_OUTSIDE] if outside else [])]
    return Cell(", ".join(nodes) or "-", "red" if missing else "")


def _nodes(declarations: Iterable[Declaration]) -> list[str]:
    return list(dict.fromkeys(each.node for each in declarations))


def _state(ends: Ends) -> str:
    return "starving" if ends.starving else "unread" if ends.unread else "wired"


def _sentences(wiring: Wiring) -> Iterator[tuple[str, str]]:
    for circle in wiring.cycles:
        yield f"cycle: {_ARROW.join((*circle, circle[0]))}", "cyan"
    kinds = (
        ("dead end", "publishes what nobody reads", wiring.dead_ends),
        ("source", "subscribes nothing", wiring.sources),
        ("sink", "publishes nothing", wiring.sinks),
    )
    for kind, why, nodes in kinds:
        if nodes:
            yield f"{count(len(nodes), kind)} ({why}): {', '.join(nodes)}", "dim"


def _summary(found: Connections) -> str:
    counts = _counts(found.wiring)
    return (
        f"{count(counts['nodes'], 'node')}, {count(counts['topics'], 'topic')}: {counts['wired']:,} wired, "
        f"{counts['starving']:,} without a publisher, {counts['unread']:,} without a subscriber; "
        f"{len(found.near):,} near {'miss' if len(found.near) == 1 else 'misses'}"
    )


def _counts(wiring: Wiring) -> dict[str, int]:
    every = list(_every(wiring))
    starving, unread = sum(each.starving for each in every), sum(each.unread for each in every)
    return {
        "nodes": len(wiring.nodes),
        "topics": len(every),
        "wired": len(every) - starving - unread,
        "starving": starving,
        "unread": unread,
    }
