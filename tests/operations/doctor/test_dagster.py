"""The Dagster instance, opened by the process that tells of it."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._daemon.types import DaemonHeartbeat

from omni_assets.operations import dagster_home
from omni_assets.operations.doctor import dagster
from omni_assets.operations.doctor.dagster import Daemon
from omni_assets.operations.doctor.examination import Answer, Told
from omni_assets.operations.doctor.examining import examine
from omni_assets.pipeline.instance import described, why

ENVIRON = {name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"}
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def answers(home: Path) -> dict[str, Told]:
    return {check.question.name: check.told for check in examine([dagster.area(home, ENVIRON)]).checks}


def tree(folder: Path) -> dict[str, str]:
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.rglob("*.db")}


def test_where_there_is_none_nothing_is_made(tmp_path: Path) -> None:
    assert {told.answer for told in answers(tmp_path).values()} == {Answer.OK}
    assert list(tmp_path.iterdir()) == []


def test_one_that_is_named_and_not_there_is_unknown(tmp_path: Path) -> None:
    area = dagster.area(tmp_path / "home", {**ENVIRON, "DAGSTER_HOME": str(tmp_path)})
    told = [check.told for check in examine([area]).checks]
    assert {each.answer for each in told} == {Answer.UNKNOWN}
    assert all(str(tmp_path) in each.seen and each.remedy for each in told)


@pytest.mark.dagster
def test_an_instance_that_is_well_an_old_one_and_one_that_does_not_open(tmp_path: Path) -> None:
    folder = dagster_home.prepare(tmp_path)
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        beat = time.time() - timedelta(days=2).total_seconds()
        for kind in instance.get_required_daemon_types():
            instance.add_daemon_heartbeat(DaemonHeartbeat(beat, kind, "id", None))
    told = answers(tmp_path)
    assert told["dagster.storage"].answer is Answer.OK
    assert told["dagster.retention"].answer is Answer.OK
    assert told["dagster.daemon"].answer is Answer.WARNING
    assert told["dagster.daemon"].seen.startswith("alive 2 d ago last")
    with sqlite3.connect(folder / "history" / "runs.db") as old:
        old.execute("UPDATE alembic_version SET version_num = '7e2f3204cf8e'")
    old.close()
    before = tree(folder)
    told = answers(tmp_path)
    assert told["dagster.storage"].answer is Answer.PROBLEM
    assert "runs 7e2f3204cf8e" in told["dagster.storage"].seen
    assert "dagster instance migrate" in told["dagster.storage"].remedy
    assert tree(folder) == before
    (folder / "dagster.yaml").write_text("no_such_key: 1\n")
    told = answers(tmp_path)
    assert (told["dagster.storage"].answer, told["dagster.daemon"].answer) == (Answer.PROBLEM, Answer.UNKNOWN)
    assert "no_such_key" in told["dagster.storage"].seen


def test_a_variable_that_its_file_reads_and_nobody_set_is_named(tmp_path: Path) -> None:
    storage = "{module: dagster._core.storage.root, class: LocalArtifactStorage, config: {base_dir: {env: NOT_SET}}}"
    (tmp_path / "dagster.yaml").write_text(f"local_artifact_storage: {storage}\n")
    with pytest.raises(dg.DagsterInvalidConfigError) as raised, dg.DagsterInstance.from_config(str(tmp_path)) as opened:
        opened.storage_directory()
    said = why(raised.value)
    assert said.startswith('You have attempted to fetch the environment variable "NOT_SET" which is not set.')
    assert "Traceback" not in said


def test_why_it_does_not_open_is_said_without_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_POSTGRES_PASSWORD", "correct-horse")
    error = ConnectionError('no answer to "postgresql://dagster:correct-horse@host/db"\nnor to correct-horse')
    assert why(error) == 'ConnectionError: no answer to "postgresql://***@host/db" nor to ***'
    tried = RuntimeError("too many retries")
    tried.__cause__ = error
    assert why(tried) == why(error)


@pytest.mark.dagster
def test_nothing_is_switched_off_in_a_new_one(tmp_path: Path) -> None:
    from omni_assets.pipeline.topics.jobs import hourly

    with dg.DagsterInstance.from_config(str(dagster_home.prepare(tmp_path))) as instance:
        document = described(instance)
    assert dagster.Instance.model_validate(document).stopped == ()
    told = dagster.automation((hourly.name,))
    assert (told.answer, hourly.name in told.seen) == (Answer.WARNING, True)


@pytest.mark.parametrize(
    ("daemons", "answer"),
    [
        ((), Answer.OK),
        ((Daemon(name="SENSOR", healthy=False, heartbeat=None, errors=()),), Answer.OK),
        ((Daemon(name="SENSOR", healthy=True, heartbeat=NOW, errors=()),), Answer.OK),
        ((Daemon(name="SENSOR", healthy=False, heartbeat=NOW - timedelta(hours=1), errors=()),), Answer.WARNING),
        ((Daemon(name="SENSOR", healthy=False, heartbeat=NOW, errors=("it broke",)),), Answer.PROBLEM),
    ],
)
def test_a_daemon(daemons: tuple[Daemon, ...], answer: Answer) -> None:
    assert dagster.daemon(daemons, NOW).answer is answer


def test_ticks_that_are_kept_forever(tmp_path: Path) -> None:
    assert dagster.retention(("schedule", "sensor"), tmp_path).answer is Answer.OK
    told = dagster.retention(("schedule",), tmp_path)
    assert (told.answer, "each sensor" in told.seen) == (Answer.WARNING, True)


def test_a_process_that_tells_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dagster, "_PROCESS", "this")
    found = dagster.opened(tmp_path, ENVIRON)
    assert isinstance(found, Told)
    assert found.answer is Answer.UNKNOWN


def test_a_process_that_takes_too_long_may_be_on_a_busy_machine(tmp_path: Path) -> None:
    found = dagster.opened(tmp_path, ENVIRON, seconds=0.001)
    assert isinstance(found, Told)
    assert (found.answer, "busy" in found.remedy) == (Answer.UNKNOWN, True)
