"""Tables that were exported."""

from __future__ import annotations

from omni_assets.cli.tables import Cell, Line, Row, figure, paragraph, table
from omni_assets.cli.words import spent
from omni_assets.contracts.text import count
from omni_assets.operations.exporting.tables import Exported


def lines(exported: Exported, seconds: float, width: int | None) -> list[Line]:
    """A row for each table and view, and a sentence that says where they are."""
    shown = [Row((Cell(each.table), figure(f"{each.rows:,}"))) for each in exported.tables]
    what = f"{count(len(exported.tables), 'table')}, {count(exported.rows, 'row')}"
    return [
        *table(("TABLE", "ROWS"), shown, width),
        *paragraph(f"exported to {exported.where}: {what} {spent(seconds)}", width),
    ]
