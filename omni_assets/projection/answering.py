"""A process that answers one question in SQL and ends:
``answering.py FILE LIMIT_ROWS TIMEOUT_SECONDS USED_BYTES_SQL VERSION_SQL < question.sql``.

It opens the projection read-only, with no file system, no extension and no setting within reach of the question, and
prints one JSON object: ``{"columns", "types", "rows", "truncated"}``, or ``{"refused": why}`` for a question that is
not accepted, or ``{"unusable": why}`` for a file that cannot be opened. ``used_bytes`` and ``schema_version`` come with
an answer, for whoever asked to judge the file by. Imports nothing but DuckDB, to start quickly.
"""

from __future__ import annotations

import json
import math
import signal
import sys
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import duckdb

_CONFIGURATION: dict[str, str | bool | int | float | list[str]] = {
    "threads": 2,
    "memory_limit": "512MB",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,
}
_QUESTIONS = frozenset({"SELECT", "EXPLAIN", "MULTI"})
_LOCKED_DOWN = (
    "SET TimeZone = 'UTC'",
    "SET temp_directory = ''",
    "SET enable_external_access = false",
    # Without this, COPY … TO (USE_TMP_FILE false) may still overwrite the open file itself.
    "SET disabled_filesystems = 'LocalFileSystem'",
    "SET lock_configuration = true",
)


def answer(file: str, sql: str, limit_rows: int, used_bytes: str, version: str) -> dict[str, object]:
    """The answer to ``sql`` as a JSON object, of at most ``limit_rows`` rows."""
    try:
        connection = duckdb.connect(file, read_only=True, config=_CONFIGURATION)
        for statement in _LOCKED_DOWN:
            connection.execute(statement)
        file_figures = {"used_bytes": _figure(connection, used_bytes), "schema_version": _figure(connection, version)}
    except duckdb.Error as error:
        return {"unusable": str(error)}
    try:
        statements = duckdb.extract_statements(sql)
        if len(statements) != 1:
            return {"refused": f"One statement is expected, and there are {len(statements)}"}
        kind = statements[0].type.name
        if kind not in _QUESTIONS:
            return {"refused": f"Questions can only read, and this is a statement of type {kind}"}
        result = connection.execute(statements[0])
        rows = result.fetchmany(limit_rows + 1)
        columns = result.description
    except (
        duckdb.IOException,
        duckdb.FatalException,
        duckdb.InternalException,
        duckdb.SerializationException,
    ) as error:
        return {"unusable": str(error)}
    except (duckdb.Error, ValueError, OverflowError, RuntimeError) as error:
        return {"refused": str(error), **file_figures}
    return {
        **file_figures,
        "columns": [column[0] for column in columns],
        "types": [str(column[1]) for column in columns],
        "rows": [[_plain(value) for value in row] for row in rows[:limit_rows]],
        "truncated": len(rows) > limit_rows,
    }


def _figure(connection: duckdb.DuckDBPyConnection, query: str) -> int | None:
    """A whole number; ``None`` where the file has no such table."""
    try:
        row = connection.execute(query).fetchone()
    except duckdb.CatalogException:
        return None
    return int(row[0]) if row and row[0] is not None else None


def _plain(value: Any) -> Any:
    """A value as JSON has it: what JSON cannot hold exactly becomes text."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case Decimal():
            return format(value, "f")
        case datetime() | date() | time():
            return value.isoformat()
        case bytes() | bytearray() | memoryview():
            return bytes(value).hex()
        case list() | tuple():
            return [_plain(each) for each in value]
        case dict():
            return {str(_plain(key)): _plain(each) for key, each in value.items()}
    return str(value)


def main(file: str, limit_rows: str, timeout_seconds: str, used_bytes: str, version: str) -> None:
    # The kernel ends this process in time, also where whoever asked has been killed meanwhile.
    """Answer the question on standard input: the arguments are those of the command line, as texts."""
    signal.setitimer(signal.ITIMER_REAL, float(timeout_seconds))
    sql = sys.stdin.buffer.read().decode("utf-8", "replace")
    found = answer(file, sql, int(limit_rows), used_bytes, version)
    sys.stdout.buffer.write(json.dumps(found).encode("ascii"))


if __name__ == "__main__":
    main(*sys.argv[1:])
