"""The tables and views of the projection as files, a file each: what one transaction sees."""

# ruff: noqa: S608 - the names of tables and columns are constants
from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import duckdb

from omni_assets.projection.descriptions import VIEWS
from omni_assets.projection.tables import BOOKKEEPING, TABLES

COPIED = tuple(sorted({table.name for table in TABLES} - BOOKKEEPING | VIEWS))
"""The tables and views that are copied: all but those about the projection itself."""

_TEXT = "VARCHAR"
_WITHOUT_NUL = "replace({column}, chr(0), chr(9216)) AS {column}"


class CopyFormat(StrEnum):
    """What the files are."""

    PARQUET = "parquet"
    CSV = "csv"


class Copy(NamedTuple):
    """A table in a file: the file's name, the number of rows, and the DuckDB type of each column, in their order."""

    table: str
    file: str
    rows: int
    columns: Mapping[str, str]


def copies(connection: duckdb.DuckDBPyConnection, folder: Path, form: CopyFormat) -> Iterator[Copy]:
    """Write every table into ``folder``, the rows in an order that depends on nothing but them.

    A CSV has a header, times in UTC, NULL as nothing and an empty text as ``""``; a NUL, which no text file and no
    other database takes, is the sign for it, U+2400. Parquet holds every value as it is.
    """
    for table in COPIED:
        columns = {name: kind for name, kind, *_ in connection.execute(f"DESCRIBE {table}").fetchall()}
        file = f"{table}.{form}"
        target = str(folder.resolve() / file).replace("'", "''")
        question = f"SELECT {_selected(columns, form)} FROM {table} ORDER BY ALL"
        row = connection.execute(f"COPY ({question}) TO '{target}' ({_options(form)})").fetchone()
        yield Copy(table, file, int(row[0]) if row else 0, columns)


def _selected(columns: Mapping[str, str], form: CopyFormat) -> str:
    if form is CopyFormat.PARQUET:
        return "*"
    return ", ".join(_WITHOUT_NUL.format(column=name) if kind == _TEXT else name for name, kind in columns.items())


def _options(form: CopyFormat) -> str:
    return "FORMAT parquet, COMPRESSION zstd" if form is CopyFormat.PARQUET else "FORMAT csv, HEADER"
