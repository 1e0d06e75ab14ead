"""Copies of the tables: every value as it is, the same bytes each time, all of one moment."""

from __future__ import annotations

import csv
from datetime import UTC, datetime

import duckdb
import pytest

from omni_assets.errors import StateError
from omni_assets.projection.copies import COPIED, CopyFormat
from omni_assets.projection.rows import AuditRow
from omni_assets.projection.store import Projection
from omni_assets.projection.tables import BOOKKEEPING

ODD = 'a "quoted",\r\n line; ÄÖ 🚇 \\N'


@pytest.fixture
def folder(tmp_path, sample):
    """A state folder whose projection holds a world, and texts of every kind."""
    folder = tmp_path / "it's a folder"
    projection = Projection(folder)
    projection.record_observation(sample.declared(), sample.observed(), [sample.drift()])
    rows = [AuditRow(f"{n}", datetime(2026, 1, 1, n, tzinfo=UTC), ODD, "", "c", "e", "p", "made") for n in range(3)]
    projection.record_audit([*rows, rows[0]._replace(id="nul", detail="a\0b")])
    return folder


def copied(folder, target, form):
    target.mkdir()
    return {each.table: each for each in Projection(folder).copied(target, form)}


def test_every_table_and_view_is_there_but_those_about_the_projection_itself(folder, tmp_path):
    copies = copied(folder, tmp_path / "out", CopyFormat.PARQUET)
    assert tuple(copies) == COPIED
    assert not BOOKKEEPING & set(copies)
    with duckdb.connect(str(folder / "projection.duckdb"), read_only=True) as connection:
        held = {name for (name,) in connection.execute("SELECT table_name FROM information_schema.tables").fetchall()}
        assert set(copies) == held - BOOKKEEPING - {"schema_version"}


def test_parquet_holds_every_value_as_it_is(folder, tmp_path):
    out = tmp_path / "out"
    copies = copied(folder, out, CopyFormat.PARQUET)
    with duckdb.connect(str(folder / "projection.duckdb"), read_only=True) as connection:
        for name, each in copies.items():
            there = connection.execute(f"SELECT * FROM {name} ORDER BY ALL").fetchall()  # noqa: S608
            read = connection.execute(f"SELECT * FROM read_parquet('{out / each.file}')").fetchall()  # noqa: S608
            assert read == there
            assert each.rows == len(there)
            described = connection.execute(f"DESCRIBE SELECT * FROM read_parquet('{out / each.file}')")  # noqa: S608
            assert {column: kind for column, kind, *_ in described.fetchall()} == dict(each.columns)
    assert copies["drift"].rows == 1
    assert copies["audit"].rows == 4


def test_csv_tells_nothing_from_an_empty_text_and_holds_no_nul(folder, tmp_path):
    out = tmp_path / "out"
    each = copied(folder, out, CopyFormat.CSV)["audit"]
    data = (out / each.file).read_bytes()
    assert b"\0" not in data
    header, *rows = csv.reader(data.decode().splitlines(keepends=True))
    assert header == list(each.columns)
    assert len(rows) == each.rows
    assert {row[header.index("who")] for row in rows} == {ODD}
    assert {row[header.index("detail")] for row in rows} == {"", "a␀b"}
    assert rows[0][header.index("acted_at")] == "2026-01-01 00:00:00+00"
    assert b',"",' in data
    assert b'""' not in (out / "drift_history.csv").read_bytes()
    with duckdb.connect() as connection:
        question = f"SELECT resolved, observed FROM read_csv('{out / 'drift_history.csv'}', all_varchar = true)"  # noqa: S608
        assert connection.execute(question).fetchall() == [(None, "1d")]


@pytest.mark.parametrize("form", CopyFormat)
def test_the_same_state_gives_the_same_bytes(folder, tmp_path, form):
    first, second = (copied(folder, tmp_path / name, form) for name in ("first", "second"))
    assert first == second
    for each in first.values():
        assert (tmp_path / "first" / each.file).read_bytes() == (tmp_path / "second" / each.file).read_bytes()


def test_what_is_in_a_journal_alone_is_copied_too(folder, tmp_path):
    (folder / "projection.duckdb").unlink()
    assert copied(folder, tmp_path / "out", CopyFormat.CSV)["audit"].rows == 4


def test_where_nothing_was_projected_there_is_nothing_to_copy(tmp_path):
    with pytest.raises(StateError, match="nothing has been projected"):
        copied(tmp_path / "none", tmp_path / "out", CopyFormat.CSV)
