"""The state folder, with each fault for real."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from omni_assets.operations.doctor import state
from omni_assets.operations.doctor.examination import Answer
from omni_assets.operations.doctor.examining import examine
from omni_assets.processes.holders import holders
from omni_assets.projection.rows import AuditRow
from omni_assets.projection.state import LOCK_FILE
from omni_assets.projection.store import Projection

_HOLDING = (
    "import filelock, sys; lock = filelock.FileLock(sys.argv[1]); lock.acquire(); print('held', flush=True); input()"
)
AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A state folder with a projection and a journal of one line."""
    folder = tmp_path / "state"
    row = AuditRow("1", AT, "somebody", "here", "c", "local", "p", "planned")
    Projection(folder).record_audit([row])
    return folder


@pytest.fixture
def holder(home: Path) -> Iterator[int]:
    """A process that holds the lock of the projection."""
    command = [sys.executable, "-c", _HOLDING, str(home / LOCK_FILE)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process.pid
        process.kill()


def answers(home: Path) -> dict[str, state.Told]:
    return {check.question.name: check.told for check in examine([state.area(home)]).checks}


def test_a_folder_that_is_well(home: Path) -> None:
    told = answers(home)
    assert {each.answer for each in told.values()} == {Answer.OK}
    assert told["state.journals"].seen == "audit 1"
    assert "projection " in told["state.disk"].seen


def test_looking_makes_nothing(tmp_path: Path) -> None:
    home = tmp_path / "none"
    assert {each.answer for each in answers(home).values()} == {Answer.OK}
    assert not home.exists()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("no folder")
    assert state.folder(file).answer is Answer.PROBLEM
    assert state.folder(file / "below").answer is Answer.PROBLEM
    if os.getuid() == 0:
        return  # whom no permission keeps from writing
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    told = state.folder(folder)
    assert (told.answer, "Permission denied" in told.seen) == (Answer.PROBLEM, True)


def test_a_disk_without_room(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "TOO_LITTLE", 2**62)
    assert state.disk(home).answer is Answer.PROBLEM
    monkeypatch.setattr(state, "TOO_LITTLE", 0)
    monkeypatch.setattr(state, "LITTLE", 2**62)
    assert state.disk(home).answer is Answer.WARNING


def test_a_lock_that_is_held_and_by_whom(home: Path, holder: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if holders(home / LOCK_FILE) != (holder,):
        pytest.skip("this system does not tell who holds a lock")
    monkeypatch.setattr(state, "SECONDS_TO_WAIT", 0.3)
    told = answers(home)
    assert told["state.locks"].seen.startswith(f"the projection by process {holder} (python")
    assert told["state.projection"].answer is Answer.PROBLEM
    assert f"by process {holder}" in told["state.projection"].seen
    assert told["state.journals"].answer is Answer.OK


def test_what_is_damaged_is_named_and_hides_nothing(home: Path) -> None:
    with (home / "journal" / "audit.jsonl").open("a") as journal:
        journal.write("not JSON\n")
    with duckdb.connect(str(home / "projection.duckdb")) as newer:
        newer.execute("INSERT INTO schema_version VALUES (99, now())")
    told = answers(home)
    assert "audit.jsonl:2 cannot be read" in told["state.journals"].seen
    assert "schema version 99" in told["state.projection"].seen
    assert [each.answer for each in told.values()].count(Answer.PROBLEM) == 2
    (home / "projection.duckdb").write_bytes(b"no database" * 1000)
    assert "cannot be read as a DuckDB database" in answers(home)["state.projection"].seen


@pytest.mark.parametrize(
    ("size", "shown"), [(0, "0 B"), (999, "999 B"), (1_500, "1.5 kB"), (123_456_789, "123 MB"), (3 * 10**15, "3000 TB")]
)
def test_sizes_for_people(size: int, shown: str) -> None:
    assert state.size_text(size) == shown
