"""Records of runs that ended long ago go; those that hold the newest word on something stay."""

from __future__ import annotations

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
