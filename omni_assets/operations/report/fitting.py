"""Tables with fewer rows, where all of them would make a page too large. Pure.

The largest tables lose rows, until none is larger than it has to be: of each those stay that are bad, then those that
it would show first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from omni_assets.operations.report.figures import TONES
from omni_assets.operations.report.packing import packed, table_document
from omni_assets.operations.report.tables import Kind, Row, Table

_TO_SPARE = 0.97
"""Of the rows that there is room for by the size of the others: some are longer."""

_BAD = ("bad", "warn")


def fitted(tables: Mapping[str, Table], excess: int) -> Mapping[str, Table]:
    """The tables, at least ``excess`` bytes smaller once they are packed, each with how many rows are left out."""
    sizes = {name: _size(table, tables) for name, table in tables.items()}
    room = sum(sizes.values()) - excess
    kept = dict(tables)
    while sum(sizes.values()) > room and any(kept[name].rows for name in sizes):
        most = _level(sizes.values(), room)
        for name in [name for name, size in sizes.items() if size > most]:
            table = kept[name]
            kept[name] = _shortened(table, int(len(table.rows) * most / sizes[name] * _TO_SPARE))
            sizes[name] = _size(kept[name], kept)
    return kept


def _size(table: Table, others: Mapping[str, Table]) -> int:
    return len(packed(table_document(table, others)))


def _level(sizes: Iterable[int], room: int) -> int:
    """The most that each may have, for all of them to have no more than ``room``."""
    left = sorted(sizes)
    while left and left[0] * len(left) <= room:
        room -= left.pop(0)
    return max(room, 0) // len(left) if left else room


def _shortened(table: Table, most: int) -> Table:
    """A table with the rows that matter most, in the order in which they stand there."""
    ranked = sorted(range(len(table.rows)), key=lambda row: _rank(table, table.rows[row]))
    rows = tuple(table.rows[each] for each in sorted(ranked[:most]))
    return replace(table, rows=rows, left_out=table.left_out + len(table.rows) - len(rows))


def _rank(table: Table, row: Row) -> tuple[bool, bool, int]:
    """Bad ones first, then by the table's order where that is one of figures, which all large tables have."""
    marks = [value for column, value in zip(table.columns, row, strict=True) if column.kind is Kind.MARK]
    bad = any(TONES.get(str(mark)) in _BAD for mark in marks)
    value = row[table.position(table.order.lstrip("-"))] if table.order else None
    sign = -1 if table.order.startswith("-") else 1
    return not bad, value is None, sign * value if isinstance(value, int) else 0
