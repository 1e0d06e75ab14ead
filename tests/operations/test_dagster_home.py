"""The Dagster instance of a state folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from omni_assets.errors import StateError
from omni_assets.operations.dagster_home import INSTANCE, OURS, prepare


def test_a_new_folder_gets_an_instance_file(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "state")
    assert folder == tmp_path / "state" / "dagster"
    assert (folder / "dagster.yaml").read_text() == INSTANCE
    assert [each.name for each in folder.iterdir()] == ["dagster.yaml"]


def test_a_file_of_ours_is_brought_up_to_date(tmp_path: Path) -> None:
    file = prepare(tmp_path) / "dagster.yaml"
    file.write_text(f"{OURS}\nrun_monitoring: {{}}\n")
    prepare(tmp_path)
    assert file.read_text() == INSTANCE


def test_a_file_that_is_current_is_not_written(tmp_path: Path) -> None:
    file = prepare(tmp_path) / "dagster.yaml"
    os.utime(file, (1, 1))
    prepare(tmp_path)
    assert file.stat().st_mtime == 1


def test_somebody_elses_file_stays(tmp_path: Path) -> None:
    file = prepare(tmp_path) / "dagster.yaml"
    file.write_text("telemetry: {enabled: true}\n")
    prepare(tmp_path)
    assert file.read_text() == "telemetry: {enabled: true}\n"


def test_a_folder_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "dagster").write_text("a file")
    with pytest.raises(StateError, match="cannot be used: file exists"):
        prepare(tmp_path)


@pytest.mark.dagster
def test_dagster_takes_it(tmp_path: Path) -> None:
    dagster = pytest.importorskip("dagster")
    with dagster.DagsterInstance.from_config(str(prepare(tmp_path))) as instance:
        assert instance.telemetry_enabled is False
        assert instance.nux_enabled is False
        assert instance.run_monitoring_enabled
        assert instance.freshness_enabled
        concurrency = instance.get_concurrency_config()
        assert concurrency.run_queue_config.max_concurrent_runs == 2
        assert concurrency.pool_config.default_pool_limit == 1
        assert concurrency.pool_config.pool_granularity.value == "run"
        assert type(instance.run_coordinator).__name__ == "QueuedRunCoordinator"
        assert type(instance.compute_log_manager).__name__ == "NoOpComputeLogManager"
