"""What a rebuilt projection holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from omni_assets.cli.tables import Cell, Line, Row, figure, paragraph, table
from omni_assets.cli.words import spent
from omni_assets.contracts.text import count
from omni_assets.operations.rebuild import Rebuilding


def rebuilding_lines(rebuilding: Rebuilding, seconds: float, width: int | None) -> list[Line]:
    """A line for each table, and one that says what was rebuilt."""
    shown = [Row((Cell(name), figure(f"{rows:,}"))) for name, rows in rebuilding.rows.items()]
    sentence = f"{rebuilding.file} rebuilt, {count(sum(rebuilding.rows.values()), 'row')} {spent(seconds)}"
    return [*table(("TABLE", "ROWS"), shown, width), *paragraph(sentence, width)]


def left_out(rebuilding: Rebuilding) -> Iterator[str]:
    """A sentence for each source that has no part in it."""
    if rebuilding.contracts is not None:
        yield f"omni: rebuilt without the contracts: {rebuilding.contracts}"
    if rebuilding.broker is not None:
        yield f"omni: rebuilt without the broker: {rebuilding.broker}"
    if rebuilding.ledger:
        yield f"omni: rebuilt without the ledger, so nothing is known of tasks on the bus: {rebuilding.ledger}."
    if rebuilding.not_receipts:
        yield f"omni: {count(rebuilding.not_receipts, 'record')} of the ledger are no receipts, and were left out."


def rebuilding_document(rebuilding: Rebuilding) -> dict[str, Any]:
    """What ``--format json`` writes."""
    return {
        "projection": str(rebuilding.file),
        "rows": dict(rebuilding.rows),
        "contracts": rebuilding.contracts and str(rebuilding.contracts),
        "broker": rebuilding.broker and str(rebuilding.broker),
        "ledger": rebuilding.ledger or None,
        "not_receipts": rebuilding.not_receipts,
    }
