"""Records of runs that ended long ago go; those that hold the newest word on something stay."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from omni_assets.operations import dagster_home
from omni_assets.pipeline.old_runs import find, forget

PARTS = dg.StaticPartitionsDefinition(["a", "b"])


@dg.asset(partitions_def=PARTS)
def parts() -> None: ...


@dg.op
def deed() -> None: ...


@dg.job
def deeds() -> None:
    deed()


@pytest.mark.dagster
def test_only_what_says_nothing_new_goes_and_never_what_has_not_ended(tmp_path: Path) -> None:
    later = datetime.now(UTC) + timedelta(days=1)
    folder = dagster_home.prepare(tmp_path)
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        told = [dg.materialize([parts], instance=instance, partition_key=key).run_id for key in ("a", "b", "a")]
        done = [deeds.execute_in_process(instance=instance).run_id for _ in range(3)]
        waiting = instance.create_run_for_job(deeds).run_id
        assert find(instance, datetime.now(UTC) - timedelta(days=1), 10) == ((), 0), "none is old yet"
        found = find(instance, later, 10)
        assert found.old == (told[0], *done), "the newest of its job is one that has not ended"
        assert found.kept == 2
        assert find(instance, later, 1).old == (told[0],)
        files = {path.name for path in (folder / "history" / "runs").iterdir()}
        assert f"{done[0]}.db" in files
        assert forget(instance, later, 2).old == (told[0], done[0])
        assert forget(instance, later, 9).old == tuple(done[1:])
        assert {run.run_id for run in instance.get_runs()} == {*told[1:], waiting}
        left = {path.name.partition(".")[0] for path in (folder / "history" / "runs").iterdir()}
        assert left == {"index", *told[1:]}
        for key, run_id in (("a", told[2]), ("b", told[1])):
            wanted = dg.AssetRecordsFilter(asset_key=parts.key, asset_partitions=[key])
            assert instance.fetch_materializations(wanted, limit=1).records[0].run_id == run_id
        assert forget(instance, later, 9) == ((), 2)


_KILLED = """
import os, signal, sys
from datetime import datetime
import dagster as dg
from omni_assets.pipeline import old_runs

home, before, point = sys.argv[1:]
killed = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
with dg.DagsterInstance.from_config(home) as instance:
    runs = type(instance.run_storage)
    delete = runs.delete_run
    match point:
        case "behind the events": old_runs._remove_file = killed
        case "behind the file": runs.delete_run = killed
        case "behind the run": runs.delete_run = lambda *given: killed(delete(*given))
    old_runs.forget(instance, datetime.fromisoformat(before), 9)
"""


@pytest.mark.dagster
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_of_runs_whose_deletion_was_killed_nothing_is_left_by_the_next(tmp_path: Path) -> None:
    later = datetime.now(UTC) + timedelta(days=1)
    folder = dagster_home.prepare(tmp_path)
    history = folder / "history" / "runs"

    def instance() -> dg.DagsterInstance:
        """A new one, as each process has: one remembers which files it has made."""
        return dg.DagsterInstance.from_config(str(folder))

    with instance() as made:
        *old, newest = [deeds.execute_in_process(instance=made).run_id for _ in range(5)]
    for point, left in (("behind the events", old), ("behind the file", old), ("behind the run", old[1:])):
        command = [sys.executable, "-c", _KILLED, str(folder), later.isoformat(), point]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=250)
        assert ended.returncode == -signal.SIGKILL, (point, ended)
        with instance() as found:
            assert find(found, later, 9) == (tuple(left), 1), point
    with instance() as tidied:
        assert forget(tidied, later, 9).old == tuple(old[1:])
        assert [run.run_id for run in tidied.get_runs()] == [newest]
    assert {path.name.partition(".")[0] for path in history.iterdir()} == {"index", newest}
    with closing(sqlite3.connect(history / "index.db")) as index:
        assert {run for (run,) in index.execute("SELECT DISTINCT run_id FROM event_logs")} <= {newest}
