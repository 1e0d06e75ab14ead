"""Texts by key in one SQLite file: what was read from contracts before, so that an unchanged file is not parsed again.

It is a cache and nothing more. Where the file cannot be opened, read or written nothing is known and nothing is kept,
and a damaged one is removed. Processes may share it; one that is killed leaves it whole.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

MOST_ENTRIES = 100_000
"""Most texts that are kept; beyond, those that were put in first go."""

_SCHEMA = "CREATE TABLE IF NOT EXISTS entry (key BLOB NOT NULL UNIQUE, text TEXT NOT NULL)"
_SECONDS = 0.5
_AT_ONCE = 500


class Cache:
    """The cache at ``file``, whose folder is made when something is put in."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def get(self, keys: Collection[bytes]) -> dict[bytes, str]:
        """The texts under those of the keys that are known."""
        found: dict[bytes, str] = {}
        wanted = list(keys)
        with suppress(sqlite3.Error, OSError):
            if wanted and self._file.exists():
                with self._opened() as database:
                    for start in range(0, len(wanted), _AT_ONCE):
                        some = wanted[start : start + _AT_ONCE]
                        marks = ",".join("?" * len(some))
                        found.update(database.execute(f"SELECT key, text FROM entry WHERE key IN ({marks})", some))  # noqa: S608 - question marks
        return found

    def put(self, texts: Mapping[bytes, str]) -> None:
        """Keep the texts, all or none of them."""
        if not texts:
            return
        with suppress(sqlite3.Error, OSError):
            self._make_folder()
            with self._opened() as database, database:
                database.execute(_SCHEMA)
                database.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?)", texts.items())
                database.execute(
                    "DELETE FROM entry WHERE rowid <= (SELECT max(rowid) FROM entry) - ?",
                    (MOST_ENTRIES,),
                )

    def _make_folder(self) -> None:
        """A folder that no version control takes in."""
        if not self._file.parent.exists():
            self._file.parent.mkdir(parents=True, exist_ok=True)
            (self._file.parent / ".gitignore").write_text("*\n", encoding="utf-8")

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._file, timeout=_SECONDS)) as database:
                yield database
        except sqlite3.OperationalError:
            raise  # locked, full or not writable: it may be well tomorrow
        except sqlite3.DatabaseError:
            with suppress(OSError):
                os.unlink(self._file)
            raise
