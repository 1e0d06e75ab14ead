"""Where a secret may have got to: files, whatever is in them, the tables of databases, and the records of a broker."""

from __future__ import annotations

import base64
import sqlite3
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import duckdb
from confluent_kafka import Consumer, TopicPartition

from omni_assets.broker.connection import Connection, open_client


def found_in_text(text: str, canaries: Mapping[str, str]) -> list[str]:
    """The names of the canaries that a text holds, as they are or as an address, JSON or base64 would write them."""
    return [name for name, canary in canaries.items() if any(each in text for each in _written(canary))]


def found_in_folder(folder: Path, canaries: Mapping[str, str]) -> list[str]:
    """Where below a folder a canary stands: in the bytes of a file, or in a table of a database."""
    found = []
    for file in sorted(each for each in folder.rglob("*") if each.is_file() and not each.is_symlink()):
        held = file.read_bytes().decode("latin-1")
        texts = [held, *_cells(file, held)]
        names = sorted({name for text in texts for name in found_in_text(text, canaries)})
        found += [f"{name} in {file.relative_to(folder)}" for name in names]
    return found


def found_on(connection: Connection, canaries: Mapping[str, str]) -> list[str]:
    """The topics of a broker whose records hold a canary."""
    return [
        f"{name} on {topic}"
        for topic, held in _records(connection)
        for name in found_in_text(held.decode("latin-1"), canaries)
    ]


def _written(canary: str) -> set[str]:
    """A canary as it is, and in the ways that programs write it. In base64 it has three beginnings."""
    raw = canary.encode()
    shifted = (base64.b64encode(b"\0" * pad + raw).decode()[4 if pad else 0 : -4] for pad in range(3))
    return {canary, urllib.parse.quote(canary, safe=""), canary.encode().hex(), *(each for each in shifted if each)}


def _cells(file: Path, held: str) -> Iterator[str]:
    """Every value of a database, whose file may hold it compressed."""
    if held.startswith("SQLite format 3"):
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for name in names:
                yield from (str(row) for row in database.execute(f'SELECT * FROM "{name}"'))  # noqa: S608 - its own
    elif held[8:12] == "DUCK":
        with duckdb.connect(str(file), read_only=True) as connection:
            for name, *_ in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
                yield from (str(row) for row in connection.table(name).fetchall())


def _records(connection: Connection) -> Iterator[tuple[str, bytes]]:
    reader = open_client(
        Consumer, connection, {"group.id": "canaries", "enable.auto.commit": False, "enable.partition.eof": True}
    )
    topics = reader.list_topics(timeout=20).topics
    left = {(name, each) for name, topic in topics.items() for each in topic.partitions if not name.startswith("__")}
    reader.assign([TopicPartition(name, each, 0) for name, each in left])
    while left:
        message = reader.poll(30)
        assert message is not None, f"{left} were not read to their ends"
        if message.error() is not None:
            left.discard((message.topic() or "", message.partition() or 0))
            continue
        headers = b"".join(name.encode() + b"\0" + (value or b"") for name, value in message.headers() or ())
        yield message.topic() or "", (message.key() or b"") + b"\0" + (message.value() or b"") + b"\0" + headers
    reader.close()
