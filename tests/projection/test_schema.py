"""Row types, tables and the schema say the same; the pure part of the floor imports no DuckDB."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from omni_assets.projection import rows, tables
from omni_assets.projection.descriptions import COLUMN_DESCRIPTIONS, TABLE_DESCRIPTIONS, VIEWS
from omni_assets.projection.store import Projection

CATALOG = """(
    SELECT table_name, comment FROM duckdb_tables()
    UNION ALL
    SELECT view_name, comment FROM duckdb_views() WHERE NOT internal
)"""


@pytest.fixture(scope="module")
def columns(
    tmp_path_factory: pytest.TempPathFactory, sample: Any, table: Callable[..., list[Any]]
) -> dict[str, list[str]]:
    folder = tmp_path_factory.mktemp("state")
    Projection(folder).declare(sample.declared(), sample.at(0))
    found: dict[str, list[str]] = {}
    for name, column, _ in sorted(
        table(folder, "duckdb_columns() WHERE NOT internal", "table_name, column_name, column_index"),
        key=lambda row: (row[0], row[2]),
    ):
        found.setdefault(name, []).append(column)
    return found


@pytest.mark.parametrize("each", tables.TABLES, ids=lambda each: each.name)
def test_a_table_is_written_with_the_columns_that_it_has(each: tables.Table, columns: dict[str, list[str]]) -> None:
    assert sorted(each.columns) == sorted(columns[each.name])


def test_every_table_is_known_and_described(columns: dict[str, list[str]]) -> None:
    assert {each for each in vars(tables).values() if isinstance(each, tables.Table)} == set(tables.TABLES)
    assert {each.name for each in tables.TABLES} | {"schema_version"} | VIEWS == columns.keys()
    assert columns.keys() == TABLE_DESCRIPTIONS.keys() == COLUMN_DESCRIPTIONS.keys()


def test_every_column_is_described_in_its_place(columns: dict[str, list[str]]) -> None:
    assert {name: list(described) for name, described in COLUMN_DESCRIPTIONS.items()} == columns


def test_the_comments_in_the_file_are_the_descriptions(
    tmp_path: Path, sample: Any, table: Callable[..., list[Any]]
) -> None:
    Projection(tmp_path).declare(sample.declared(), sample.at(0))
    assert dict(table(tmp_path, CATALOG)) == TABLE_DESCRIPTIONS
    found = table(tmp_path, "duckdb_columns() WHERE NOT internal", "table_name, column_name, comment")
    assert found == sorted(
        (name, column, description)
        for name, columns in COLUMN_DESCRIPTIONS.items()
        for column, description in columns.items()
    )


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (rows.ManifestRow, "manifest"),
        (rows.DeclaredTopicRow, "declared_topics"),
        (rows.DeclarationRow, "declarations"),
        (rows.ObservationRow, "observations"),
        (rows.Observation, "observations"),
        (rows.ObservedTopicRow, "observed_topics"),
        (rows.ObservedConfigRow, "observed_configs"),
        (rows.DriftRow, "drift"),
        (rows.HistoryRow, "drift_history"),
        (rows.ProvisionRow, "provision_log"),
        (rows.FlowsRow, "observed_flows"),
        (rows.GroupRow, "observed_groups"),
        (rows.OffsetRow, "observed_offsets"),
        (rows.EarlierOffset, "observed_offsets"),
        (rows.EarlierTopic, "observed_topics"),
        (rows.AuditRow, "audit"),
        (rows.CapabilitiesRow, "capabilities"),
        (rows.RescueRow, "rescues"),
        (rows.RetirementRow, "retirements"),
        (rows.TrustedRow, "trusted"),
        (rows.AlertRow, "alerts"),
        (rows.ReceiptRow, "receipts"),
        (rows.AttemptRow, "attempts"),
        (rows.PublicationRow, "publications"),
        (rows.TaskRow, "tasks"),
        (rows.RepeatRow, "task_repeats"),
        (rows.LedgerPositionRow, "ledger_positions"),
    ],
)
def test_rows_are_in_column_order(row: Any, name: str, columns: dict[str, list[str]]) -> None:
    assert [each for each in columns[name] if each in row._fields] == list(row._fields)


def test_no_table_relies_on_a_constraint_or_an_index(
    tmp_path: Path, sample: Any, table: Callable[..., list[Any]]
) -> None:
    Projection(tmp_path).declare(sample.declared(), sample.at(0))
    for catalog in ("duckdb_constraints()", "duckdb_indexes()", "duckdb_sequences()"):
        assert table(tmp_path, catalog) == []


@pytest.mark.parametrize(
    "module",
    [
        "rows",
        "events",
        "episodes",
        "journal",
        "tables",
        "queries",
        "descriptions",
        "state",
        "question",
        "receipts",
        "tasks",
    ],
)
def test_only_the_store_needs_duckdb(module: str) -> None:
    code = f"import sys, omni_assets.projection.{module}; sys.exit('duckdb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_floor_imports_nothing_above_the_ground() -> None:
    code = (
        "import sys, omni_assets.projection.store, omni_assets.projection.question; "
        "print(*(name for name in sys.modules if name.startswith('omni_assets.')))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split()
    assert loaded
    assert [name for name in loaded if not name.startswith(("omni_assets.projection", "omni_assets.errors"))] == []
