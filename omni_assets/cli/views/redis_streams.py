"""What is left behind in a Redis: a table, with a sentence and a way out under each."""

from __future__ import annotations

from typing import Any

from omni_assets.cli.tables import Cell, Line, Row, figure, paragraph, table
from omni_assets.contracts.text import count
from omni_assets.operations.redis_streams.leftovers import Kind, Leftover
from omni_assets.operations.redis_streams.listing import StreamsReport

_HEADER = ("STREAM", "GROUP", "IS", "RECORDS")
_STYLES = {
    Kind.DECLARED: "cyan",
    Kind.NEAR: "yellow",
    Kind.UNDECLARED: "yellow",
    Kind.UNKNOWN: "magenta",
    Kind.PENDING: "",
}


def lines(found: StreamsReport, width: int | None) -> list[Line]:
    """The table, and one sentence that counts."""
    rows = [_row(each) for each in found.leftovers]
    streams = count(len(found.listing.streams), "stream")
    missing = f"; {found.listing.unknown}, and there may be more" if found.listing.unknown else ""
    style = "yellow" if found.leftovers or found.listing.unknown else "green"
    return [
        *(table(_HEADER, rows, width) if rows else []),
        *paragraph(f"{streams} at {found.address}{missing}", width, style),
    ]


def document(found: StreamsReport) -> dict[str, Any]:
    """The same for programs."""
    return {
        "address": found.address,
        "streams": [
            {
                "stream": stream.name,
                "entries": stream.length,
                "first": None if stream.first is None else str(stream.first),
                "last": str(stream.last),
                "groups": [
                    {
                        "group": group.name,
                        "delivered": str(group.delivered),
                        "pending": group.pending,
                        "consumers": group.consumers,
                    }
                    for group in stream.groups
                ],
            }
            for stream in found.listing.streams
        ],
        "leftovers": [
            {
                "stream": each.stream,
                "group": each.group or None,
                "kind": each.kind.value,
                "entries": each.entries,
                "topic": each.topic or None,
                "message": each.message,
                "fix": each.fix,
            }
            for each in found.leftovers
        ],
        "unknown": found.listing.unknown or None,
    }


def _row(each: Leftover) -> Row:
    cells = (
        Cell(each.stream),
        Cell(each.group or "-"),
        Cell(each.kind.value, _STYLES[each.kind]),
        figure(f"{each.entries:,}"),
    )
    return Row(cells, f"{each.message} {each.fix}")
