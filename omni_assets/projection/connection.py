"""The DuckDB file: one short connection at a time, one configuration for all of them, and a schema that moves forward.

A new file is made beside its place and moved there whole, so a kill leaves either no projection or a complete one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from omni_assets.errors import ProjectionDamaged, StateFolderUnusable, reason
from omni_assets.projection import queries, tables
from omni_assets.projection.descriptions import comments
from omni_assets.projection.journal import sync_folder
from omni_assets.projection.state import MIGRATIONS, expect_bytes, expect_version, held_by_another, translated

_CONFIGURATION: dict[str, str | bool | int | float | list[str]] = {
    "threads": 2,
    "memory_limit": "256MB",
    "preserve_insertion_order": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,
}
_RETRY_SECONDS = 0.05
_OF_THE_FILE = (
    duckdb.IOException,
    duckdb.FatalException,
    duckdb.InternalException,
    duckdb.SerializationException,
)
# A full disk shows in a commit, too. Other errors of these kinds, and all other kinds, are faults of our statements.
_OF_THE_DISK = (duckdb.TransactionException, duckdb.OutOfMemoryException)


@contextmanager
def transaction(file: Path, deadline: float) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to an existing projection inside one transaction: committed at the end, or not at all.

    ``deadline`` (monotonic seconds) bounds the wait for programs that hold the file without our lock. An older schema
    is migrated first. Raises ``ProjectionBusy``, ``ProjectionDamaged``, ``ProjectionVersion`` and ``StateError``.
    A statement that DuckDB does not accept stays an error of DuckDB: the file is as good as it was.
    """
    connection = _connect(file, deadline)
    try:
        connection.execute("SET TimeZone = 'UTC'")
        _expect_all_blocks(connection, file)
        migrate(connection, file, MIGRATIONS)
        _expect_all_columns(connection, file)
        connection.execute("BEGIN")
        yield connection
        connection.execute("COMMIT")
    except _OF_THE_FILE as error:
        raise translated(str(error), file, 0.0) from None
    except _OF_THE_DISK as error:
        found = translated(str(error), file, 0.0)
        if isinstance(found, ProjectionDamaged):
            raise
        raise found from None
    finally:
        with suppress(duckdb.Error):
            connection.close()


def create(file: Path, fill: Callable[[duckdb.DuckDBPyConnection], None]) -> None:
    """Make a projection in the place of ``file``, filled by ``fill`` in one transaction, and move it there whole.

    Raises what ``transaction`` does, and ``StateFolderUnusable``.
    """
    new = file.with_name(f"{file.name}.new")
    try:
        for leftover in (new, _log_of(new)):
            leftover.unlink(missing_ok=True)
        with transaction(new, time.monotonic()) as connection:
            fill(connection)
        _log_of(file).unlink(missing_ok=True)
        os.replace(new, file)
        sync_folder(file.parent)
    except OSError as error:
        raise StateFolderUnusable(str(file.parent), reason(error)) from None


def migrate(connection: duckdb.DuckDBPyConnection, file: Path, migrations: tuple[Path, ...]) -> None:
    """Bring the schema to the version of ``migrations``, all of it or nothing.

    Raises ``ProjectionVersion``, and ``ProjectionDamaged`` where the tables are another program's.
    """
    found = schema_version(connection)
    if not found and (foreign := _columns(connection)):
        raise ProjectionDamaged(str(file), f"its table {min(foreign)[0]} is another program's")
    expect_version(file, found, migrations)
    if found == len(migrations):
        return
    connection.execute("BEGIN")
    connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER, migrated_at TIMESTAMPTZ)")
    for version, script in enumerate(migrations[found:], found + 1):
        connection.execute(script.read_text(encoding="utf-8"))
        connection.execute("INSERT INTO schema_version VALUES ($1, now())", [version])
    connection.execute(comments())
    connection.execute("COMMIT")


def schema_version(connection: duckdb.DuckDBPyConnection) -> int:
    """The number of migrations that the file has; 0 where it has no schema yet."""
    tables = connection.execute(queries.SCHEMA_TABLES).fetchone()
    if not tables or not tables[0]:
        return 0
    version = connection.execute(queries.SCHEMA_VERSION).fetchone()
    return int(version[0]) if version else 0


def _connect(file: Path, deadline: float) -> duckdb.DuckDBPyConnection:
    started = time.monotonic()
    while True:
        try:
            return duckdb.connect(str(file), config=_CONFIGURATION)
        except duckdb.Error as error:
            message = str(error)
        now = time.monotonic()
        if not held_by_another(message) or now >= deadline:
            raise translated(message, file, round(now - started, 1))
        time.sleep(min(_RETRY_SECONDS, max(deadline - now, 0.0)))


def _expect_all_blocks(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Refuse a file that was cut short: DuckDB opens one, and would write new rows where lost ones are looked for."""
    row = connection.execute(queries.USED_BYTES).fetchone()
    expect_bytes(file, row[0] if row else 0)


def _expect_all_columns(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Refuse a file whose tables somebody changed, before a statement fails on them."""
    if lost := tables.COLUMNS - _columns(connection):
        raise ProjectionDamaged(str(file), f"it has no column {'.'.join(min(lost))}")


def _columns(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    return set(connection.execute(queries.COLUMNS).fetchall())


def _log_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.wal")
