"""The projection: what was declared, observed and found to differ, written in one transaction and read back.

Every method takes the lock, opens the file, and lets go of both before it returns. Nothing is held between calls, so
the command line, Dagster's runs and its sensors can share one state folder.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from omni_assets.projection import events, queries, tables
from omni_assets.projection.connection import create, transaction
from omni_assets.projection.episodes import Episodes
from omni_assets.projection.journal import Journal, Position, encoded_json
from omni_assets.projection.rows import (
    Declared,
    Drift,
    DriftRow,
    HistoryRow,
    ObservationRow,
    Observed,
    ProvisionRow,
    Rebuilt,
    Recorded,
    Stored,
)
from omni_assets.projection.state import JOURNAL_FOLDER, PROJECTION_FILE, locked, nothing_projected
from omni_assets.projection.tables import Table

_R = TypeVar("_R")

_CHUNK_ROWS = 20_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Projection:
    """The projection in a state folder: ``<folder>/projection.duckdb``, made from ``<folder>/journal`` and the world.

    Every method raises ``ProjectionBusy`` after ``timeout`` seconds of waiting, ``ProjectionDamaged``,
    ``ProjectionVersion``, ``JournalDamaged``, or ``StateError`` where the folder cannot be used; none of them loses
    anything.
    """

    def __init__(self, folder: Path, timeout: float = 30.0) -> None:
        self.folder = folder
        self.file = folder / PROJECTION_FILE
        self._timeout = timeout
        journals = folder / JOURNAL_FOLDER
        self._drift = Journal(journals / "drift.jsonl", events.observed_event)
        self._provisioning = Journal(journals / "provisioning.jsonl", events.provisioned_row)

    def declare(self, declared: Declared, at: datetime) -> int:
        """Take over what the contracts declare, without a broker. Gives the number of rows written."""
        with self._writing() as connection:
            return _declare(connection, declared, at)

    def record_snapshot(self, observed: Observed) -> int:
        """Take over what a cluster has. Gives the number of rows written.

        It says nothing of drift, so ``observations``, which tells when drift was looked for, stays as it is.
        """
        with self._writing() as connection:
            return _observe(connection, observed)

    def record_observation(self, declared: Declared, observed: Observed, drift: Iterable[Drift]) -> Recorded:
        """Take over one observation of a cluster, with the manifest that it was compared to and the drift found.

        The drift that comes back includes what could not be confirmed since its topic could not be seen. A drift that
        is given twice is a ``ValueError``, and nothing is written.
        """
        observation = observed.observation
        cluster, at = observation.cluster, observation.observed_at
        with self._writing() as connection:
            written = _declare(connection, declared, at) + _observe(connection, observed)
            compared = ObservationRow(*observation, declared_topics=len(declared.topics))
            written += _merge(connection, tables.OBSERVATIONS, tables.upsert, [compared])
            episodes = Episodes(_read(connection, HistoryRow, queries.OPEN_HISTORY))
            end, touched = self._replay_drift(connection, episodes)
            found = tuple(drift)
            event = episodes.decide(cluster, at, found)
            end = self._drift.append([events.observed_record(event)], end)
            episodes.apply(event)
            written += _write_episodes(connection, episodes)
            _write_position(connection, self._drift, end)
            for other in touched - {cluster}:
                # Its drift is newer than its observation, which was lost on the way.
                connection.execute(queries.FORGET_OBSERVATION, {"cluster": other})
                written += _write_drift(connection, episodes, other)
            written += _write_drift(connection, episodes, cluster, found)
            rows = _read(connection, DriftRow, queries.DRIFT, cluster=cluster)
        keys = (tuple(each.key for each in event.opened), tuple(each.key for each in event.changed), event.resolved)
        return Recorded(rows, *keys, written)

    def record_provisioning(self, rows: Iterable[ProvisionRow]) -> None:
        """Add what provisioning did to each topic, or is about to; a row of a known id takes the place of that one.

        They are in the journal before the DuckDB file is opened, so what is wrong with that loses nothing.
        """
        with locked(self.folder, self._timeout):
            self._provisioning.append([events.provisioned_record(row) for row in rows], self._provisioning.end())
        with self._writing() as connection:
            _write_position(connection, self._provisioning, self._replay_provisioning(connection))

    def stored(self, cluster: str | None = None) -> Stored:
        """What was projected last, of one cluster or of all. Raises ``StateError`` where nothing was observed yet."""
        with self._reading() as connection:
            observations = _read(connection, ObservationRow, queries.OBSERVATIONS, cluster=cluster)
            drift = _read(connection, DriftRow, queries.DRIFT, cluster=cluster)
        if not observations:
            raise nothing_projected(self.folder, f"no observation of {cluster}" if cluster else "no observation")
        return Stored(observations, drift)

    def history(
        self, topic: str | None = None, cluster: str | None = None, limit: int = 1000
    ) -> tuple[HistoryRow, ...]:
        """Drift from first seen to resolved, newest first, of one topic and cluster or of all."""
        with self._reading() as connection:
            return _read(connection, HistoryRow, queries.HISTORY, topic=topic, cluster=cluster, limit=limit)

    def provisioned(
        self, topic: str | None = None, cluster: str | None = None, limit: int = 1000
    ) -> tuple[ProvisionRow, ...]:
        """What provisioning did, newest first, to one topic and cluster or to all."""
        with self._reading() as connection:
            return _read(connection, ProvisionRow, queries.PROVISIONED, topic=topic, cluster=cluster, limit=limit)

    def rebuild(self) -> Rebuilt:
        """Make the file anew from the journal: history, open drift and provisioning. The old file goes at the very end.

        What was declared and observed is not in the journal: ``record_observation`` brings it back.
        """
        counts = Rebuilt(0, 0)

        def fill(connection: duckdb.DuckDBPyConnection) -> None:
            nonlocal counts
            self._replay(connection)
            counted = connection.execute(queries.JOURNALLED_ROWS).fetchone()
            counts = Rebuilt(*counted) if counted else counts

        with locked(self.folder, self._timeout):
            create(self.file, fill)
        return counts

    @contextmanager
    def _writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        deadline = time.monotonic() + self._timeout
        with locked(self.folder, self._timeout):
            if not self.file.exists():
                create(self.file, self._replay)
            with transaction(self.file, deadline) as connection:
                yield connection

    @contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        if not any(path.exists() for path in (self.file, self._drift.path, self._provisioning.path)):
            raise nothing_projected(self.folder)
        with self._writing() as connection:
            yield connection

    def _replay(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Project the journals into an empty file."""
        episodes = Episodes()
        end, touched = self._replay_drift(connection, episodes)
        _write_episodes(connection, episodes)
        _write_position(connection, self._drift, end)
        for cluster in touched:
            _write_drift(connection, episodes, cluster)
        _write_position(connection, self._provisioning, self._replay_provisioning(connection))

    def _replay_drift(
        self, connection: duckdb.DuckDBPyConnection, episodes: Episodes
    ) -> tuple[Position, frozenset[str]]:
        """Apply the journal lines that the tables do not have yet: the end of the last, and whose drift they touch."""
        end = _position(connection, self._drift)
        touched = set()
        for entry in self._drift.read(end):
            episodes.apply(entry.value)
            touched.add(entry.value.cluster)
            end = entry.end
            if episodes.waiting >= _CHUNK_ROWS:
                _write_episodes(connection, episodes)
        return end, frozenset(touched)

    def _replay_provisioning(self, connection: duckdb.DuckDBPyConnection) -> Position:
        end = _position(connection, self._provisioning)
        entries = self._provisioning.read(end)
        while chunk := list(islice(entries, _CHUNK_ROWS)):
            latest = {entry.value.id: entry.value for entry in chunk}
            _merge(connection, tables.PROVISION_LOG, tables.upsert, latest.values())
            end = chunk[-1].end
        return end


def _declare(connection: duckdb.DuckDBPyConnection, declared: Declared, at: datetime) -> int:
    manifest = [(declared.digest, len(declared.topics))]
    written = _replace(connection, tables.DECLARED_TOPICS, declared.topics, at=at)
    written += _replace(connection, tables.DECLARATIONS, declared.declarations)
    return written + _replace(connection, tables.MANIFEST, manifest, at=at)


def _observe(connection: duckdb.DuckDBPyConnection, observed: Observed) -> int:
    cluster, at = observed.observation.cluster, observed.observation.observed_at
    written = _replace(connection, tables.OBSERVED_TOPICS, observed.topics, cluster, at)
    return written + _replace(connection, tables.OBSERVED_CONFIGS, observed.configs, cluster, at)


def _write_episodes(connection: duckdb.DuckDBPyConnection, episodes: Episodes) -> int:
    rows = episodes.take_unwritten()
    if not rows:
        return 0
    connection.execute(tables.stage_history())
    _fill(connection, tables.DRIFT_HISTORY.staged, _encoded((*each.row, each.replaces_open) for each in rows))
    return _count(connection.execute(tables.write_history()))


def _write_drift(
    connection: duckdb.DuckDBPyConnection, episodes: Episodes, cluster: str, found: Iterable[Drift] = ()
) -> int:
    """Make the drift table of a cluster what is open, in the words of ``found``, or else in those that it has."""
    rows = _read(connection, DriftRow, queries.DRIFT, cluster=cluster)
    words = {each.key: each for each in (*(row.drift for row in rows), *found)}

    def current() -> Iterator[tuple[Any, ...]]:
        for row in episodes.open_in(cluster):
            said = words.get(row.key, row.drift)
            now = row.drift._replace(owner=said.owner, path=said.path, line=said.line, detail=said.detail)
            yield (*now, row.first_seen, row.last_seen)

    return _merge(connection, tables.DRIFT, tables.replace, current(), cluster)


def _position(connection: duckdb.DuckDBPyConnection, journal: Journal[Any]) -> Position:
    row = connection.execute(queries.JOURNAL_POSITION, {"file": journal.path.name}).fetchone()
    return Position(*row) if row else Position()


def _write_position(connection: duckdb.DuckDBPyConnection, journal: Journal[Any], position: Position) -> None:
    _merge(connection, tables.JOURNAL_POSITION, tables.upsert, [(journal.path.name, *position)])


def _merge(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    statement: Callable[[Table], str],
    rows: Iterable[tuple[Any, ...]],
    scope: str | None = None,
    at: datetime | None = None,
) -> int:
    """Stage the rows and merge them. Gives the number of rows inserted, updated and deleted."""
    return _merge_encoded(connection, table, statement, _encoded(rows), scope, at)


def _replace(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    rows: Iterable[tuple[Any, ...]],
    scope: str = "",
    at: datetime | None = None,
) -> int:
    """Make these all the rows of a scope. Where it was given the same last, nothing is staged: that is most of the work
    of an observation that found nothing new."""
    columns = tuple(_encoded(rows))
    digest = hashlib.sha256("\n".join(chain.from_iterable(columns)).encode()).hexdigest()
    named = {"table_name": table.name, "scope": scope}
    if connection.execute(queries.PROJECTED_DIGEST, named).fetchone() == (digest,):
        return 0
    written = _merge_encoded(connection, table, tables.replace, columns, scope, at)
    _merge(connection, tables.PROJECTED_ROWS, tables.upsert, [(table.name, scope, digest)])
    return written


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
    remaining = iter(rows)
    while chunk := list(islice(remaining, _CHUNK_ROWS)):
        yield tuple(encoded_json(column) for column in zip(*chunk, strict=True))


def _fill(connection: duckdb.DuckDBPyConnection, table: str, chunks: Iterable[tuple[str, ...]]) -> None:
    for columns in chunks:
        connection.execute(tables.fill(table, len(columns)), columns)


def _count(result: duckdb.DuckDBPyConnection) -> int:
    row = result.fetchone()
    return int(row[0]) if row else 0


def _read(
    connection: duckdb.DuckDBPyConnection, kind: Callable[..., _R], query: str, **parameters: object
) -> tuple[_R, ...]:
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


def _time(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)
