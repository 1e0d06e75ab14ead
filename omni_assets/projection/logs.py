"""Tables whose rows come from a journal of their own: a line a row, appended before the table is touched.

A row may have parts, which are rows of other tables: they follow from it alone.

A later line takes the place of an earlier one with the same key, in the journal's order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import duckdb

from omni_assets.projection import queries, tables
from omni_assets.projection.exchange import CHUNK_ROWS, chunks, merge
from omni_assets.projection.journal import Journal, Position
from omni_assets.projection.state import ARCHIVE_FOLDER
from omni_assets.projection.tables import Table

_T = TypeVar("_T", bound=tuple[Any, ...])


class Form(Protocol[_T]):
    """How rows stand in a journal."""

    def record(self, row: _T) -> dict[str, object]:
        """The row as its line holds it."""

    def row(self, record: Mapping[str, Any]) -> _T:
        """The row of a line. Raises ``ValueError`` where it is none."""


class Shorter(NamedTuple):
    """What a journal can be folded to: the records that are ``kept`` of its ``lines`` before ``upto``."""

    journal: Journal[Any]
    records: Callable[[], Iterator[Mapping[str, object]]]
    upto: Position
    lines: int
    kept: int

    @property
    def spared(self) -> int:
        """How many lines it would have less."""
        return self.lines - self.kept

    def fold(self) -> None:
        """Fold it, what goes being packed beside it. Raises ``StateError``."""
        path = self.journal.path
        archive = path.parent / ARCHIVE_FOLDER / f"{path.stem}-{self.upto.lines}.jsonl.gz"
        self.journal.fold(self.records(), self.upto, archive)


class Log(Generic[_T]):
    """The journal at ``path`` whose lines have ``form``, the ``table`` of its rows, and the tables of their parts.

    ``chunk_rows`` rows are held at a time.
    """

    def __init__(
        self,
        path: Path,
        form: Form[_T],
        table: Table,
        parts: Mapping[Table, Callable[[_T], Iterable[tuple[Any, ...]]]] = MappingProxyType({}),
        chunk_rows: int = CHUNK_ROWS,
    ) -> None:
        self.journal = Journal(path, form.row)
        self.table = table
        self._form = form
        self._parts = parts
        self._chunk_rows = chunk_rows

    def append(self, rows: Iterable[_T]) -> None:
        """Add the rows to the journal, and return once they are on disk. Raises ``StateError``."""
        records = [self._form.record(row) for row in rows]
        if records:
            self.journal.append(records, self.journal.end())

    def project(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Bring what the journal has and the table lacks into the table. Raises ``JournalDamaged``, ``StateError``."""
        start = end = position(connection, self.journal)
        for chunk in chunks(self.journal.read(start), self._chunk_rows):
            self.write(connection, (entry.value for entry in chunk))
            end = chunk[-1].end
        if end != start:
            write_position(connection, self.journal, end)

    def write(self, connection: duckdb.DuckDBPyConnection, rows: Iterable[_T]) -> None:
        """Write rows, and their parts, into the tables. Of several with one key the last counts."""
        latest = {self._key(row): row for row in rows}.values()
        merge(connection, self.table, tables.upsert, latest)
        for table, part in self._parts.items():
            merge(connection, table, tables.upsert, chain.from_iterable(map(part, latest)))

    def shorter(self, projected: Position, dropped: Callable[[_T], bool] = lambda _: False) -> Shorter:
        """What has been ``projected`` of it without lines whose place a later one took, and without rows that are
        ``dropped``. Raises ``JournalDamaged`` and ``StateError``."""
        last: dict[tuple[Any, ...], int] = {}
        upto, lines = Position(), 0
        for number, entry in enumerate(self.journal.read()):
            if entry.end.offset > projected.offset:
                break
            last[self._key(entry.value)] = -1 if dropped(entry.value) else number
            upto, lines = entry.end, number + 1

        def records() -> Iterator[Mapping[str, object]]:
            for number, entry in zip(range(lines), self.journal.read(), strict=False):
                if last[self._key(entry.value)] == number:
                    yield self._form.record(entry.value)

        return Shorter(self.journal, records, upto, lines, sum(number >= 0 for number in last.values()))

    def _key(self, row: _T) -> tuple[Any, ...]:
        return row[: len(self.table.key)]


def position(connection: duckdb.DuckDBPyConnection, journal: Journal[Any]) -> Position:
    """How far a journal has been projected."""
    row = connection.execute(queries.JOURNAL_POSITION, {"file": journal.path.name}).fetchone()
    return Position(*row) if row else Position()


def write_position(connection: duckdb.DuckDBPyConnection, journal: Journal[Any], end: Position) -> None:
    """Note how far a journal has been projected, in the transaction of its rows."""
    merge(connection, tables.JOURNAL_POSITION, tables.upsert, [(journal.path.name, *end)])
