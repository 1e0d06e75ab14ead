"""A file that version 1 wrote is taken over in its place: every row stays, and what is new works."""

from __future__ import annotations

import lzma
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from omni_assets.projection import connection
from omni_assets.projection.descriptions import COLUMN_DESCRIPTIONS
from omni_assets.projection.question import ask
from omni_assets.projection.rows import GroupRow, OffsetRow, Rebuilt
from omni_assets.projection.state import MIGRATIONS
from omni_assets.projection.store import Projection

VERSION_1 = Path(__file__).with_name("version_1")
"""A state folder as version 1 left it, after two observations and one provisioning."""

TABLES = ("declarations", "observations", "observed_configs", "drift", "drift_history")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "journal").mkdir()
    for journal in VERSION_1.glob("*.jsonl"):
        shutil.copy(journal, tmp_path / "journal")
    (tmp_path / "projection.duckdb").write_bytes(lzma.decompress((VERSION_1 / "projection.duckdb.xz").read_bytes()))
    return tmp_path


def test_it_is_a_file_of_version_1(folder: Path, table: Callable[..., list[Any]]) -> None:
    assert table(folder, "schema_version", "version") == [(1,)]
    assert table(folder, "duckdb_tables() WHERE table_name = 'audit'") == []


def test_every_row_stays(folder: Path, table: Callable[..., list[Any]], sample: Any) -> None:
    before = {name: table(folder, name) for name in (*TABLES, "provision_log")}
    declared = table(folder, "declared_topics")
    assert [row.drift for row in Projection(folder).stored().drift] == [sample.drift()]
    assert {name: table(folder, name) for name in before} == before
    assert table(folder, "declared_topics") == [(*row, None) for row in declared], "a column that is new says nothing"
    assert table(folder, "schema_version", "version") == [(number,) for number in range(1, len(MIGRATIONS) + 1)]
    assert [row.topic for row in Projection(folder).provisioned()] == ["t1"]


def test_it_has_the_columns_and_comments_of_a_new_file(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, table: Callable[..., list[Any]], sample: Any
) -> None:
    new = tmp_path_factory.mktemp("new")
    Projection(new).declare(sample.declared(), sample.at(0))
    Projection(folder).stored()
    columns = "table_name, column_index, column_name, data_type, comment"
    found = table(folder, "duckdb_columns() WHERE NOT internal", columns)
    assert found == table(new, "duckdb_columns() WHERE NOT internal", columns)
    assert {row[0] for row in found} == COLUMN_DESCRIPTIONS.keys()


def test_what_is_new_works_in_it(folder: Path, sample: Any) -> None:
    projection = Projection(folder)
    projection.record_flows("main", sample.at(9), [GroupRow("g", "Stable", 1)], [OffsetRow("t0", "", 0, 0, 7)])
    assert ask(folder, "SELECT most_records, drifts FROM topics WHERE name = 't0'").rows == ((7, 1),)
    assert projection.remembered("main").topics.keys() == {"t0", "t1", "t2"}


def test_the_next_observation_fills_the_new_columns(folder: Path, table: Callable[..., list[Any]], sample: Any) -> None:
    seen = sample.observed(10)
    projection = Projection(folder)
    projection.record_observation(sample.declared(), seen, [sample.drift()])
    assert table(folder, "observed_topics", "DISTINCT in_sync, leaderless") == [("", 0)]
    assert projection.record_snapshot(seen) == 0


def test_what_brakes_compared_with_is_what_they_compare_with(folder: Path, table: Callable[..., list[Any]]) -> None:
    (newest,) = table(folder, "(FROM observations ORDER BY observed_at DESC LIMIT 1)", "environment, declared_topics")
    (row,) = Projection(folder).trusted()
    assert (row.environment, row.declared_topics, row.because) == (*newest, "observed")


def test_what_is_declared_fills_its_new_column_although_no_other_changed(
    folder: Path, table: Callable[..., list[Any]], sample: Any
) -> None:
    declared = sample.declared()
    rows = [row._replace(expected_every_ms=900_000) for row in declared.topics]
    Projection(folder).declare(declared._replace(topics=rows), sample.at(10))
    assert table(folder, "declared_topics", "DISTINCT expected_every_ms") == [(900_000,)]


def test_it_is_rebuilt_from_the_journals_of_version_1(folder: Path, table: Callable[..., list[Any]]) -> None:
    before = table(folder, "drift_history")
    assert Projection(folder).rebuild() == Rebuilt(drift_history=2, provision_log=1)
    assert table(folder, "drift_history") == before


def test_a_kill_in_the_migration_leaves_version_1(
    folder: Path, table: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch, sample: Any
) -> None:
    def killed() -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(connection, "comments", killed)
        with pytest.raises(KeyboardInterrupt):
            Projection(folder).stored()
    assert table(folder, "schema_version", "version") == [(1,)]
    assert [row.drift for row in Projection(folder).stored().drift] == [sample.drift()]


def test_a_question_to_a_file_of_version_1_is_answered_as_it_is(folder: Path) -> None:
    assert ask(folder, "SELECT topic FROM drift").rows == (("t0",),)
    with duckdb.connect(str(folder / "projection.duckdb"), read_only=True) as file:
        assert file.execute("SELECT max(version) FROM schema_version").fetchall() == [(1,)]
