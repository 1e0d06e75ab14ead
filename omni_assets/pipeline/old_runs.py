"""``python -m omni_assets.pipeline.old_runs count|delete BEFORE MOST``: records of runs that ended long ago.

``BEFORE`` is a moment in ISO 8601, and ``MOST`` how many are deleted at a time. Standard output gets one JSON document.
A run is kept, however old, as long as it holds the newest materialization of an asset or of a partition, or is the
newest of its job: those say how things are, and from some of them work goes on.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import dagster as dg
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]

_PAGE = 100
_MOST_KEPT = 10_000


class Found(NamedTuple):
    """Runs that may go, and how many as old ones are kept."""

    old: tuple[str, ...]
    kept: int


class _Newest:
    """Which run holds the newest word, asked once for each asset, partition and job."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._of_partition: dict[tuple[dg.AssetKey, str | None], str | None] = {}
        self._of_job: dict[str, str | None] = {}

    def is_in(self, run: dg.DagsterRun) -> bool:
        """Whether anything of which this run holds the newest word is in it."""
        return self._last_of(run.job_name) == run.run_id or any(
            self._told_by(key, partition) == run.run_id for key, partition in self._materialized(run.run_id)
        )

    def _materialized(self, run_id: str) -> Iterator[tuple[dg.AssetKey, str | None]]:
        events = self._instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
        told = (entry.dagster_event for entry in events)
        yield from {(event.asset_key, event.partition) for event in told if event is not None and event.asset_key}

    def _told_by(self, key: dg.AssetKey, partition: str | None) -> str | None:
        if (key, partition) not in self._of_partition:
            wanted = dg.AssetRecordsFilter(asset_key=key, asset_partitions=[partition] if partition else None)
            latest = next(iter(self._instance.fetch_materializations(wanted, limit=1).records), None)
            self._of_partition[key, partition] = latest.run_id if latest is not None else None
        return self._of_partition[key, partition]

    def _last_of(self, job: str) -> str | None:
        if job not in self._of_job:
            last = next(iter(self._instance.get_runs(dg.RunsFilter(job_name=job), limit=1)), None)
            self._of_job[job] = last.run_id if last is not None else None
        return self._of_job[job]


def find(instance: dg.DagsterInstance, before: datetime, most: int) -> Found:
    """The oldest runs that ended and were made before a moment, ``most`` at most."""
    newest, old, kept = _Newest(instance), list[str](), 0
    cursor: str | None = None
    filters = dg.RunsFilter(statuses=ENDED, created_before=before)
    while page := instance.get_run_records(filters, limit=_PAGE, ascending=True, cursor=cursor):
        for record in page:
            if newest.is_in(record.dagster_run):
                kept += 1
            else:
                old.append(record.dagster_run.run_id)
            if len(old) >= most or kept >= _MOST_KEPT:
                return Found(tuple(old), kept)
        cursor = page[-1].dagster_run.run_id
    return Found(tuple(old), kept)


def forget(instance: dg.DagsterInstance, before: datetime, most: int) -> Found:
    """Delete the runs that ``find`` gives, ``most`` at most, with all their events.

    The record of a run goes last, other than in Dagster: where something ends this in between, the run is found again.
    """
    found = find(instance, before, most)
    for run_id in found.old:
        instance.event_log_storage.delete_events(run_id)
        _remove_file(instance, run_id)
        instance.run_storage.delete_run(run_id)
    return found


def main(deed: str, before: str, most: str) -> int:
    """The whole command; gives the exit code."""
    # What any library prints must not end up in the document.
    document_to = os.dup(1)
    os.dup2(2, 1)
    does = {"count": find, "delete": forget}[deed]
    with dg.DagsterInstance.get() as instance:
        found = does(instance, datetime.fromisoformat(before), int(most))
    with os.fdopen(document_to, "w", encoding="utf-8") as stream:
        stream.write(json.dumps({"old": len(found.old), "kept": found.kept}) + "\n")
    return 0


def _remove_file(instance: dg.DagsterInstance, run_id: str) -> None:
    """Remove the file that the SQLite storage has for the events of each run, and leaves empty."""
    storage = instance.event_log_storage
    if isinstance(storage, SqliteEventLogStorage):
        file = Path(storage.path_for_shard(run_id))
        for each in (file, *(file.with_name(f"{file.name}{end}") for end in ("-wal", "-shm", "-journal"))):
            each.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
