"""Copies of tables into a Postgres, in one transaction: whoever reads there sees all of one export, or of another.

Tables are filled anew rather than made anew, so that views, grants and indexes that others put on them stay. A table
that no export made is never written to. The address of the database holds its password, and is never told.
"""

# ruff: noqa: S608 - the names of tables and columns are constants
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from omni_assets.credentials import secret
from omni_assets.errors import ExportFailed, ExtraMissing, InputError, SettingsError
from omni_assets.projection.copies import Copy
from omni_assets.projection.descriptions import COLUMN_DESCRIPTIONS, TABLE_DESCRIPTIONS
from omni_assets.projection.state import MIGRATIONS

Cursor: TypeAlias = Any
"""psycopg2's, which has no types."""

VARIABLE = "OMNI_EXPORT_POSTGRES"
"""Holds the address of the database; with ``_FILE``, it names the file that does."""

SCHEMA = "omni"
"""The schema that the tables are in."""

_MARK = "Written by omni export tables; what others write here is lost."
_CONNECT_SECONDS = 10
_BOUNDS = "SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = '10min'; SET LOCAL client_encoding = 'UTF8'"
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext(%s))"
_COLUMNS_THERE = """
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped
"""
_RELATION = """
SELECT c.oid, c.relkind::text, obj_description(c.oid, 'pg_class') FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relname = %s
"""
_TYPES: Mapping[str, str] = {
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "DOUBLE": "double precision",
    "DATE": "date",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_SCHEMES = frozenset({"postgres", "postgresql"})
# What libpq says without quoting anything of an address, which may be its password where that is misspelt.
_PLAIN_REASONS = (
    "connection refused",
    "timeout expired",
    "could not translate host name",
    "no route to host",
    "network is unreachable",
    "server closed the connection unexpectedly",
    "no password supplied",
    "ssl",
)


@dataclass(frozen=True, slots=True)
class Destination:
    """A database and how to reach it. ``shown`` is what of that may be told."""

    address: str = field(repr=False)
    shown: str


def destination(stated: str | None, environ: Mapping[str, str]) -> Destination:
    """The database of ``OMNI_EXPORT_POSTGRES``, or one whose address stands on the command line, without a password.

    Raises ``InputError`` for an address with a password, which everybody on the machine could see, and
    ``SettingsError`` where there is none, or it is none of Postgres.
    """
    if stated is not None:
        user, _, _ = stated.partition("://")[2].rpartition("@")
        if ":" in user or "password" in stated.partition("?")[2].lower():
            raise InputError(
                "a password on a command line can be seen by everybody on this machine.",
                f"Set {VARIABLE}, or {VARIABLE}_FILE, and say `--to postgres`.",
            )
        return Destination(_checked(stated), _shown(stated))
    address = secret(VARIABLE, environ)
    if not address:
        raise SettingsError(
            f"no database is named: {VARIABLE} is not set.", "Set it to postgresql://USER:PASSWORD@HOST/DATABASE."
        )
    return Destination(_checked(address), _shown(address))


def load(to: Destination, folder: Path, copies: tuple[Copy, ...]) -> None:
    """Put the copies, CSV files in ``folder``, in the place of what the tables hold.

    Raises ``ExportFailed`` and ``ExtraMissing``; after either, the database is as it was.
    """
    with _transaction(to) as cursor:
        cursor.execute(_BOUNDS)
        cursor.execute(_ONE_AT_A_TIME, [f"omni export {SCHEMA}"])
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        for copy in copies:
            columns = {name: _type(kind) for name, kind in copy.columns.items()}
            _make_ready(to, cursor, copy.table, columns)
            with (folder / copy.file).open("rb") as file:
                named = ", ".join(map(_quoted, columns))
                cursor.copy_expert(f"COPY {_named(copy.table)} ({named}) FROM STDIN (FORMAT csv, HEADER)", file)
        _note(to, cursor, copies)


def _make_ready(to: Destination, cursor: Cursor, table: str, columns: Mapping[str, str]) -> None:
    """An empty table with these columns; a column that it has besides stays."""
    cursor.execute(_RELATION, [SCHEMA, table])
    found = cursor.fetchone()
    if found is None:
        listed = ", ".join(f"{_quoted(name)} {kind}" for name, kind in columns.items())
        cursor.execute(f"CREATE TABLE {_named(table)} ({listed})")
        _comment(cursor, table, columns)
        return
    oid, kind, comment = found
    if kind != "r" or not str(comment or "").endswith(_MARK):
        raise ExportFailed(
            to.shown,
            f"{SCHEMA}.{table} is there, and no export made it",
            f"Move what is in the schema {SCHEMA} elsewhere.",
        )
    cursor.execute(f"DELETE FROM {_named(table)}")
    cursor.execute(_COLUMNS_THERE, [oid])
    there = dict(cursor.fetchall())
    for name, wanted in columns.items():
        if name not in there:
            cursor.execute(f"ALTER TABLE {_named(table)} ADD COLUMN {_quoted(name)} {wanted}")
        elif there[name] != wanted:
            change = f"ALTER COLUMN {_quoted(name)} TYPE {wanted} USING NULL"
            cursor.execute(f"ALTER TABLE {_named(table)} {change}")
    if columns.keys() - there.keys():
        _comment(cursor, table, columns)


def _comment(cursor: Cursor, table: str, columns: Mapping[str, str]) -> None:
    cursor.execute(f"COMMENT ON TABLE {_named(table)} IS %s", [f"{TABLE_DESCRIPTIONS.get(table, '')} {_MARK}".strip()])
    for name in columns:
        described = COLUMN_DESCRIPTIONS.get(table, {}).get(name, "")
        cursor.execute(f"COMMENT ON COLUMN {_named(table)}.{_quoted(name)} IS %s", [described])


def _note(to: Destination, cursor: Cursor, copies: tuple[Copy, ...]) -> None:
    """When it was exported, for those who read: one row in a table of its own."""
    columns = {
        "exported_at": "timestamp with time zone", "schema_version": "integer", "tables": "integer", "rows": "bigint",
    }  # fmt: skip
    _make_ready(to, cursor, "export", columns)
    rows = sum(each.rows for each in copies)
    cursor.execute(
        f"INSERT INTO {_named('export')} (exported_at, schema_version, tables, rows) VALUES (now(), %s, %s, %s)",
        [len(MIGRATIONS), len(copies), rows],
    )


@contextmanager
def _transaction(to: Destination) -> Iterator[Cursor]:
    try:
        import psycopg2
    except ImportError:
        raise ExtraMissing("postgres", "exporting to a Postgres") from None
    connection = None
    try:
        connection = psycopg2.connect(to.address, connect_timeout=_CONNECT_SECONDS, application_name="omni export")
        with connection, connection.cursor() as cursor:
            yield cursor
    except psycopg2.Error as error:
        raise ExportFailed(to.shown, _why(error), f"Mend that, or set {VARIABLE} anew, and export once more.") from None
    finally:
        if connection is not None:
            connection.close()


def _why(error: Any) -> str:
    """What went wrong, as a clause: what the server says, or what libpq says without quoting the address."""
    said = str(getattr(getattr(error, "diag", None), "message_primary", None) or "")
    text = str(error)
    if not said and "FATAL:" in text:
        said = text.rpartition("FATAL:")[2].strip().partition("\n")[0]
    if said:
        return said.rstrip(".")
    lowered = text.lower()
    return next((each for each in _PLAIN_REASONS if each in lowered), "it cannot be reached at the address that is set")


def _checked(address: str) -> str:
    if address.partition("://")[0] not in _SCHEMES:
        raise SettingsError(
            "the address of the database does not begin with postgresql://.",
            "Write it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE.",
        )
    return address


def _shown(address: str) -> str:
    """Host and port; neither where the address is so odd that they might be a part of the password."""
    unnamed = "the Postgres that is set"
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return unnamed
    if parts.hostname is None or "@" in parts.path + parts.query + parts.fragment:
        return unnamed
    return f"{parts.hostname}:{port}" if port else parts.hostname


def _type(kind: str) -> str:
    decimal = _DECIMAL.fullmatch(kind)
    return f"numeric({decimal[1]},{decimal[2]})" if decimal else _TYPES[kind]


def _named(table: str) -> str:
    return f"{SCHEMA}.{_quoted(table)}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
