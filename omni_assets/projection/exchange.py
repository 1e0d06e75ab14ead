"""Rows into tables and out of them again, over an open connection. Writes are MERGEs, of what changed alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from typing import Any, TypeVar

import duckdb

from omni_assets.projection import queries, tables
from omni_assets.projection.journal import encoded_json
from omni_assets.projection.tables import Table

_R = TypeVar("_R")

CHUNK_ROWS = 20_000
"""Most rows that are held as text at a time."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def chunks(rows: Iterable[_R], size: int) -> Iterator[list[_R]]:
    """The rows in lists of ``size`` at most."""
    remaining = iter(rows)
    while chunk := list(islice(remaining, size)):
        yield chunk


def merge(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    statement: Callable[[Table], str],
    rows: Iterable[tuple[Any, ...]],
    scope: str | None = None,
    at: datetime | None = None,
) -> int:
    """Stage the rows and merge them. Gives the number of rows inserted, updated and deleted."""
    return _merge_encoded(connection, table, statement, _encoded(rows), scope, at)


def replace(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    rows: Iterable[tuple[Any, ...]],
    scope: str = "",
    at: datetime | None = None,
) -> int:
    """Make these all the rows of a scope, and give back how many of them changed. Where it was given the same last,
    nothing is staged: that is most of the work of an observation that found nothing new.
    """
    columns = tuple(_encoded(rows))
    digest = hashlib.sha256("\n".join(chain.from_iterable(columns)).encode()).hexdigest()
    named = {"table_name": table.name, "scope": scope}
    if connection.execute(queries.PROJECTED_DIGEST, named).fetchone() == (digest,):
        return 0
    written = _merge_encoded(connection, table, tables.replace, columns, scope, at)
    merge(connection, tables.PROJECTED_ROWS, tables.upsert, [(table.name, scope, digest)])
    return written


def write_history(connection: duckdb.DuckDBPyConnection, rows: Iterable[tuple[Any, ...]]) -> int:
    """Write history rows, each with whether it replaces its open state. Gives back how many were written."""
    connection.execute(tables.stage_history())
    _fill(connection, tables.DRIFT_HISTORY.staged, _encoded(rows))
    return _count(connection.execute(tables.write_history()))


def read(
    connection: duckdb.DuckDBPyConnection, kind: Callable[..., _R], query: str, **parameters: object
) -> tuple[_R, ...]:
    """The rows that a question finds, each as ``kind``. Times are aware, in UTC."""
    result = connection.execute(query, parameters)
    names = [column[0] for column in result.description]
    times = [index for index, name in enumerate(names) if name in queries.TIMES]
    rows = []
    for values in result.fetchall():
        row = list(values)
        for index in times:
            row[index] = _time(row[index])
        rows.append(kind(*row))
    return tuple(rows)


def _merge_encoded(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    statement: Callable[[Table], str],
    chunks: Iterable[tuple[str, ...]],
    scope: str | None,
    at: datetime | None,
) -> int:
    connection.execute(tables.stage(table))
    _fill(connection, table.staged, chunks)
    parameters: dict[str, str] = {}
    if table.scope and scope is not None:
        parameters["scope"] = scope
    if table.stamp and at is not None:
        parameters["at"] = at.astimezone(UTC).isoformat()
    return _count(connection.execute(statement(table), parameters))


def _encoded(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[str, ...]]:
    """The columns of the rows, each a JSON list, in chunks."""
    for chunk in chunks(rows, CHUNK_ROWS):
        yield tuple(encoded_json(column) for column in zip(*chunk, strict=True))


def _fill(connection: duckdb.DuckDBPyConnection, table: str, chunks: Iterable[tuple[str, ...]]) -> None:
    for columns in chunks:
        connection.execute(tables.fill(table, len(columns)), columns)


def _count(result: duckdb.DuckDBPyConnection) -> int:
    row = result.fetchone()
    return int(row[0]) if row else 0


def _time(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)
