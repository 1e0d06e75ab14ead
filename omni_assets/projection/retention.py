"""What need not be kept for ever: rows that are old, lines that say nothing more, and room that holds nothing.

Nothing is lost: a receipt is only forgotten where a ledger has it, and folded lines are packed beside the journals. The
same rows are forgotten after a rebuild, so that it ends in the same tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb

from omni_assets.projection import queries
from omni_assets.projection.events import ObservedEvent, observed_record
from omni_assets.projection.exchange import read
from omni_assets.projection.folding import open_episodes, retold
from omni_assets.projection.journal import Journal, Position
from omni_assets.projection.logs import Shorter
from omni_assets.projection.tables import TABLES

WORTH = 0.25
"""The share of a journal's lines, or of the file's room, that makes it worth while to write it anew."""

LEAST_FREE_BYTES = 4 * 1024 * 1024
"""Unused room below which no file is written anew: DuckDB fills it again by itself."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Bounds(NamedTuple):
    """Before which moments things are old: drifts by when they were resolved, receipts and tasks by when they ended."""

    drift: datetime
    tasks: datetime


class Excess(NamedTuple):
    """What is old: rows by table, lines by journal, and bytes of the file that hold nothing."""

    rows: Mapping[str, int]
    lines: Mapping[str, int]
    free_bytes: int

    @property
    def none(self) -> bool:
        """Whether there is nothing that need not be kept."""
        return not any((*self.rows.values(), *self.lines.values(), self.free_bytes))


def shorter_drift(journal: Journal[ObservedEvent], before: datetime, projected: Position) -> Shorter:
    """The journal of drift without what was resolved in its lines before a moment: up to the first line that is as
    young, or was not ``projected``. Raises ``JournalDamaged`` and ``StateError``."""
    upto, lines = Position(), 0

    def old() -> Iterator[ObservedEvent]:
        nonlocal upto, lines
        for entry in journal.read():
            if entry.value.at >= before or entry.end.offset > projected.offset:
                return
            upto, lines = entry.end, lines + 1
            yield entry.value

    events = tuple(retold(open_episodes(old())))
    return Shorter(journal, lambda: map(observed_record, events), upto, lines, len(events))


def old_receipts(connection: duckdb.DuckDBPyConnection, bounds: Bounds) -> frozenset[str]:
    """The receipts that are old and that a ledger has; ``old_rows`` and ``forget`` take these."""
    connection.execute(queries.OLD_RECEIPTS, {"before": _microseconds(bounds.tasks)})
    return frozenset(read(connection, str, "FROM old_receipts"))


def old_rows(connection: duckdb.DuckDBPyConnection, bounds: Bounds) -> Mapping[str, int]:
    """The number of old rows by table, of tables that have some."""
    return _each(connection, bounds, "SELECT count(*) FROM")


def forget(connection: duckdb.DuckDBPyConnection, bounds: Bounds) -> Mapping[str, int]:
    """Delete the old rows, in the transaction that is open. Gives their number by table."""
    return _each(connection, bounds, "DELETE FROM")


def free_bytes(connection: duckdb.DuckDBPyConnection) -> int:
    """About how many bytes of the open file hold nothing, where that makes it worth while to write it anew; else 0.

    DuckDB gives a block back once all that is in it was deleted, and until then deleted rows take their room: as much
    of the rest of the file as there are deleted among its rows.
    """
    total, free = connection.execute(queries.ROOM).fetchone() or (0, 0)
    rows, living = connection.execute(queries.ROWS).fetchone() or (0, 0)
    dead = max(rows - living, 0) / rows if rows else 0.0
    spare = int(free + (total - free) * dead)
    return spare if spare >= LEAST_FREE_BYTES and spare >= WORTH * total else 0


def copied(connection: duckdb.DuckDBPyConnection, old: Path) -> None:
    """Fill a file that has the schema and no row with the rows of an ``old`` one, in the transaction that is open."""
    place = str(old).replace("'", "''")
    connection.execute(f"ATTACH '{place}' AS old (READ_ONLY)")
    connection.execute("DELETE FROM schema_version")
    connection.execute("INSERT INTO schema_version SELECT * FROM old.schema_version")
    for table in TABLES:
        columns = ", ".join(table.columns)
        connection.execute(f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM old.{table.name}")  # noqa: S608


def worth_folding(each: Shorter) -> bool:
    """Whether enough of a journal's lines say nothing more."""
    return each.spared > 0 and each.spared >= WORTH * each.lines


def _each(connection: duckdb.DuckDBPyConnection, bounds: Bounds, doing: str) -> Mapping[str, int]:
    moments = {"drift": _microseconds(bounds.drift), "tasks": _microseconds(bounds.tasks)}
    counted = {}
    for table, (which, asked) in queries.OLD_ROWS.items():
        statement = f"{doing} {table} WHERE {which}"
        row = connection.execute(statement, {name: moments[name] for name in asked}).fetchone()
        counted[table] = int(row[0]) if row else 0
    return {table: number for table, number in counted.items() if number}


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)
