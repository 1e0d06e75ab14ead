"""Each state that the file or its folder can be in has one clear error, and nothing is lost."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import filelock
import pytest

from omni_assets.errors import ProjectionBusy, ProjectionDamaged, ProjectionVersion, StateError, StateFolderUnusable
from omni_assets.projection import connection
from omni_assets.projection.question import ask
from omni_assets.projection.rows import Drift, Rebuilt
from omni_assets.projection.state import LOCK_FILE, MIGRATIONS
from omni_assets.projection.store import Projection

_HOLDER = """
import sys, duckdb
held = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def projection(tmp_path: Path, sample: Any) -> Projection:
    projection = Projection(tmp_path / "state", timeout=0.3)
    projection.record_observation(sample.declared(), sample.observed(), [sample.drift()])
    return projection


def _tree(folder: Path) -> dict[str, str]:
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def _versions(newest: int) -> list[tuple[int]]:
    return [(number,) for number in range(1, newest + 1)]


def test_locked_by_another_omni(projection: Projection, sample: Any) -> None:
    with filelock.FileLock(projection.folder / LOCK_FILE):
        before = _tree(projection.folder)
        for use in (
            projection.stored,
            projection.rebuild,
            lambda: projection.record_observation(sample.declared(), sample.observed(1), []),
            lambda: ask(projection.folder, "SELECT 1", timeout_seconds=0.3),
        ):
            with pytest.raises(ProjectionBusy, match=r"projection\.duckdb has been locked for 0\.3 s") as caught:
                use()
            assert caught.value.transient
        assert _tree(projection.folder) == before
    assert projection.record_observation(sample.declared(), sample.observed(1), []).resolved


@pytest.fixture
def holder(projection: Projection, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", _HOLDER, str(projection.file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_held_by_a_program_that_does_not_know_our_lock(
    projection: Projection, holder: subprocess.Popen[str], sample: Any
) -> None:
    for use in (
        projection.stored,
        lambda: projection.record_observation(sample.declared(), sample.observed(1), []),
        lambda: ask(projection.folder, "SELECT 1", timeout_seconds=2),
    ):
        with pytest.raises(ProjectionBusy, match=rf"projection\.duckdb has been locked by process {holder.pid} for"):
            use()
    assert len((projection.folder / "journal" / "drift.jsonl").read_text().splitlines()) == 1
    patient = Projection(projection.folder, timeout=60)
    assert holder.stdin is not None
    holder.stdin.write("\n")
    holder.stdin.flush()
    assert patient.record_observation(sample.declared(), sample.observed(1), []).resolved


def test_a_question_waits_for_such_a_program(projection: Projection, holder: subprocess.Popen[str]) -> None:
    release = threading.Timer(1.0, holder.kill)
    release.start()
    assert ask(projection.folder, "SELECT topic FROM drift", timeout_seconds=60).rows == (("t0",),)
    release.join()


@pytest.mark.parametrize("damage", ["text", "nothing", "half", "flipped", "zeros"])
def test_a_corrupt_file_is_named_and_left_alone(projection: Projection, sample: Any, damage: str) -> None:
    whole = projection.file.read_bytes()
    projection.file.write_bytes(
        {
            "text": b"this is no database\n" * 1000,
            "nothing": b"",
            "half": whole[: len(whole) // 2],
            "flipped": whole[:4096] + bytes(byte ^ 0x55 for byte in whole[4096:]),
            "zeros": bytes(len(whole)),
        }[damage]
    )
    before = _tree(projection.folder)
    for use in (
        projection.stored,
        lambda: projection.record_observation(sample.declared(), sample.observed(1), []),
        lambda: ask(projection.folder, "FROM topics, observed_configs, drift_history"),
    ):
        with pytest.raises(ProjectionDamaged) as caught:
            use()
        assert str(projection.file) in caught.value.message
        assert "\n" not in caught.value.message
    assert _tree(projection.folder) == before
    projection.file.rename(projection.folder / "aside")
    recorded = projection.record_observation(sample.declared(), sample.observed(1), [])
    assert recorded.resolved == (sample.drift().key,)
    assert projection.history()[0].first_seen == sample.at(0)


_KILLED = (
    "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]); c.execute('CREATE TABLE x (a INTEGER)'); os._exit(9)"
)


def test_a_corrupt_file_is_rebuilt_on_request(projection: Projection, tmp_path: Path) -> None:
    assert subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path / "other.duckdb")]).returncode == 9
    (tmp_path / "other.duckdb.wal").rename(projection.file.with_name("projection.duckdb.wal"))
    projection.file.write_bytes(b"this is no database\n" * 1000)
    assert projection.rebuild() == Rebuilt(1, 0)
    assert len(projection.history()) == 1


def test_tables_that_somebody_changed_are_named(projection: Projection) -> None:
    with duckdb.connect(str(projection.file)) as other:
        other.execute("DROP VIEW topics")
        other.execute("ALTER TABLE drift DROP COLUMN verdict")
    with pytest.raises(ProjectionDamaged, match=r"it has no column drift\.verdict"):
        projection.stored()


def test_a_statement_that_fails_says_nothing_of_the_file(projection: Projection, sample: Any) -> None:
    before = projection.stored()
    declared = sample.declared(1)
    impossible = [row._replace(version=2**31) for row in declared.topics]
    with pytest.raises(duckdb.ConversionException):
        projection.record_observation(declared._replace(topics=impossible), sample.observed(1), [])
    assert projection.stored() == before
    assert len((projection.folder / "journal" / "drift.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("kind", "message", "expected"),
    [
        (duckdb.IOException, "IO Error: x", ProjectionDamaged),
        (duckdb.FatalException, "FATAL Error: x", ProjectionDamaged),
        (duckdb.InternalException, "INTERNAL Error: x", ProjectionDamaged),
        (duckdb.SerializationException, "Serialization Error: x", ProjectionDamaged),
        (duckdb.TransactionException, "Failed to commit: Could not write file: File too large", StateFolderUnusable),
        (duckdb.TransactionException, "TransactionContext Error: x", duckdb.TransactionException),
        (duckdb.ConversionException, "Could not convert 'Permission denied' to INT32", duckdb.ConversionException),
        (duckdb.BinderException, "Binder Error: x", duckdb.BinderException),
    ],
)
def test_only_errors_of_the_file_and_of_the_disk_are_said_to_be(
    projection: Projection, kind: type[duckdb.Error], message: str, expected: type[Exception]
) -> None:
    def fail() -> None:
        with connection.transaction(projection.file, 0.0):
            raise kind(message)

    with pytest.raises(expected) as caught:
        fail()
    assert type(caught.value) is expected


def test_a_database_of_somebody_else_is_not_taken_over(tmp_path: Path, sample: Any) -> None:
    projection = Projection(tmp_path)
    with duckdb.connect(str(projection.file)) as other:
        other.execute("CREATE TABLE drift AS SELECT 'mine' AS topic")
    with pytest.raises(ProjectionDamaged, match="its table drift is another program's"):
        projection.record_observation(sample.declared(), sample.observed(), [])
    with duckdb.connect(str(projection.file)) as other:
        assert other.execute("SELECT table_name, (SELECT topic FROM drift) FROM duckdb_tables()").fetchall() == [
            ("drift", "mine")
        ]


def test_a_newer_schema_is_left_alone(projection: Projection, sample: Any) -> None:
    with duckdb.connect(str(projection.file)) as newer:
        newer.execute("INSERT INTO schema_version VALUES (99, now())")
    before = _tree(projection.folder)
    for use in (
        projection.stored,
        lambda: projection.record_observation(sample.declared(), sample.observed(1), []),
        lambda: ask(projection.folder, "SELECT 1"),
    ):
        with pytest.raises(ProjectionVersion, match=rf"schema version 99, .* versions up to {len(MIGRATIONS)}\b"):
            use()
    assert _tree(projection.folder) == before


def test_an_older_schema_moves_forward_with_its_rows(
    projection: Projection, tmp_path: Path, table: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = projection.stored()
    second, third = tmp_path / "next.sql", tmp_path / "after.sql"
    second.write_text("ALTER TABLE drift ADD COLUMN ticket VARCHAR; UPDATE drift SET ticket = 'none';")
    third.write_text("CREATE TABLE tickets (id VARCHAR);")
    monkeypatch.setattr(connection, "MIGRATIONS", (*connection.MIGRATIONS, second, third))
    assert projection.stored() == before
    assert table(projection.folder, "drift", "ticket") == [("none",)]
    assert table(projection.folder, "schema_version", "version") == _versions(len(MIGRATIONS) + 2)


def test_a_migration_that_fails_leaves_the_older_schema(
    projection: Projection, tmp_path: Path, table: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    second, third = tmp_path / "next.sql", tmp_path / "after.sql"
    second.write_text("ALTER TABLE drift ADD COLUMN ticket VARCHAR;")
    third.write_text("ALTER TABLE no_such_table ADD COLUMN ticket VARCHAR;")
    before = projection.stored()
    with monkeypatch.context() as patched:
        patched.setattr(connection, "MIGRATIONS", (*connection.MIGRATIONS, second, third))
        with pytest.raises(duckdb.CatalogException, match="no_such_table"):
            projection.stored()
    assert table(projection.folder, "schema_version", "version") == _versions(len(MIGRATIONS))
    assert projection.stored() == before


@pytest.mark.parametrize("place", ["a file", "in a file", "in /proc"])
def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path, sample: Any, place: str) -> None:
    (tmp_path / "file").touch()
    folder = {"a file": tmp_path / "file", "in a file": tmp_path / "file" / "x", "in /proc": Path("/proc/omni")}[place]
    with pytest.raises(StateError, match=f"the state folder {folder} cannot be used: ") as caught:
        Projection(folder).record_observation(sample.declared(), sample.observed(), [])
    assert "OMNI_HOME" in caught.value.remedy


def test_a_folder_without_permission_is_named(projection: Projection, sample: Any) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    projection.folder.chmod(0o555)
    try:
        with pytest.raises(StateError, match="permission denied"):
            projection.record_observation(sample.declared(), sample.observed(1), [])
    finally:
        projection.folder.chmod(0o755)


def test_a_folder_in_the_files_place_is_named(tmp_path: Path, sample: Any) -> None:
    (tmp_path / "projection.duckdb").mkdir()
    with pytest.raises(StateError, match=f"the state folder {tmp_path} cannot be used: .*directory"):
        Projection(tmp_path).record_observation(sample.declared(), sample.observed(), [])


_FULL_DISK = """
import resource, sys
from datetime import UTC, datetime
from pathlib import Path
from omni_assets.errors import StateError
from omni_assets.projection.rows import *
from omni_assets.projection.store import Projection
projection = Projection(Path(sys.argv[1]))
size = projection.file.stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50_000, resource.RLIM_INFINITY))
at = datetime(2026, 1, 2, tzinfo=UTC)
configs = [ObservedConfigRow(f"t{n}", "k", f"{n * 7919 % 65537:0256b}", "", None) for n in range(20_000)]
try:
    observed = Observed(Observation("main", "", "h:1", at, 0, 1, 0.1), [], configs)
    projection.record_observation(Declared("", [], []), observed, [])
except StateError as error:
    print(type(error).__name__, error)
"""


def test_a_full_disk_loses_nothing(
    projection: Projection, sample: Any, python: Callable[..., subprocess.Popen[str]]
) -> None:
    before = projection.stored()
    out, error = python(_FULL_DISK, [projection.folder]).communicate(timeout=60)
    assert out.startswith(f"StateFolderUnusable the state folder {projection.folder} cannot be used: "), error
    assert projection.stored() == before
    recorded = projection.record_observation(sample.declared(), sample.observed(1), [])
    assert [row.first_seen for row in projection.history()] == [sample.at(0)]
    assert recorded.drift == ()


def test_a_damaged_journal_line_is_named_before_anything_is_written(projection: Projection, sample: Any) -> None:
    journal = projection.folder / "journal" / "drift.jsonl"
    with journal.open("ab") as file:
        file.write(b"not JSON\n")
    before = projection.stored()
    with pytest.raises(StateError, match=r"drift\.jsonl:2 cannot be read: "):
        projection.record_observation(sample.declared(0), sample.observed(1), [])
    assert projection.stored() == before
    assert isinstance(before.drift[0].drift, Drift)


def test_a_question_takes_no_answer_from_a_file_that_was_cut_short(projection: Projection, sample: Any) -> None:
    many = [sample.drift(topic=f"onex.evt.a.b-{number}.v1") for number in range(5_000)]
    projection.record_observation(sample.declared(), sample.observed(1), many)
    os.truncate(projection.file, projection.file.stat().st_size // 2)
    with pytest.raises(ProjectionDamaged, match="cannot be read"):
        ask(projection.folder, "SELECT 1")
