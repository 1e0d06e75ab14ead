"""Tables whose rows come from a journal of their own: a line a row, appended before the table is touched.

A later line takes the place of an earlier one with the same key, in the journal's order.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any, Generic, TypeVar

import duckdb

from omni_assets.projection import queries, tables
from omni_assets.projection.events import RowForm
from omni_assets.projection.exchange import CHUNK_ROWS, merge
from omni_assets.projection.journal import Journal, Position
from omni_assets.projection.tables import Table

_T = TypeVar("_T", bound=tuple[Any, ...])


class Log(Generic[_T]):
    """The journal at ``path`` whose lines have ``form``, and the ``table`` of its rows."""

    def __init__(self, path: Path, form: RowForm[_T], table: Table) -> None:
        self.journal = Journal(path, form.row)
        self.table = table
        self._form = form

    def append(self, rows: Iterable[_T]) -> None:
        """Add the rows to the journal, and return once they are on disk. Raises ``StateError``."""
        records = [self._form.record(row) for row in rows]
        if records:
            self.journal.append(records, self.journal.end())

    def project(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Bring what the journal has and the table lacks into the table. Raises ``JournalDamaged``, ``StateError``."""
        start = end = position(connection, self.journal)
        entries = self.journal.read(start)
        while chunk := list(islice(entries, CHUNK_ROWS)):
            latest = {self._key(entry.value): entry.value for entry in chunk}
            merge(connection, self.table, tables.upsert, latest.values())
            end = chunk[-1].end
        if end != start:
            write_position(connection, self.journal, end)

    def _key(self, row: _T) -> tuple[Any, ...]:
        return row[: len(self.table.key)]


def position(connection: duckdb.DuckDBPyConnection, journal: Journal[Any]) -> Position:
    """How far a journal has been projected."""
    row = connection.execute(queries.JOURNAL_POSITION, {"file": journal.path.name}).fetchone()
    return Position(*row) if row else Position()


def write_position(connection: duckdb.DuckDBPyConnection, journal: Journal[Any], end: Position) -> None:
    """Note how far a journal has been projected, in the transaction of its rows."""
    merge(connection, tables.JOURNAL_POSITION, tables.upsert, [(journal.path.name, *end)])
