"""Questions in SQL: exact answers, and no way to write, read files, change settings or stay for ever."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from omni_assets.errors import QueryError, StateError
from omni_assets.projection.descriptions import COLUMN_DESCRIPTIONS, TABLE_DESCRIPTIONS
from omni_assets.projection.question import ask
from omni_assets.projection.store import Projection


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, sample: Any) -> Path:
    folder: Path = tmp_path_factory.mktemp("state")
    Projection(folder).record_observation(sample.declared(), sample.observed(), [sample.drift()])
    return folder


def test_a_question_is_answered(folder: Path) -> None:
    answer = ask(folder, "SELECT topic, line, first_seen FROM drift -- and a comment")
    assert answer.columns == ("topic", "line", "first_seen")
    assert answer.types == ("VARCHAR", "INTEGER", "TIMESTAMP WITH TIME ZONE")
    assert answer.rows == (("t0", 4, "2026-01-01T00:00:00+00:00"),)
    assert not answer.truncated


def test_declared_beside_observed_is_one_line(folder: Path) -> None:
    answer = ask(folder, "SELECT name, found, declared_partitions, observed_partitions, drifts FROM topics ORDER BY 1")
    assert answer.rows == (("t0", "both", 3, 3, 1), ("t1", "both", 3, 3, 0), ("t2", "both", 3, 3, 0))


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("9007199254740993", 9007199254740993),
        ("-170141183460469231731687303715884105728", -170141183460469231731687303715884105728),
        ("1.50::DECIMAL(4, 2)", "1.50"),
        ("0.1::DOUBLE", 0.1),
        ("'nan'::DOUBLE", "nan"),
        ("'-inf'::DOUBLE", "-inf"),
        ("'\\xFF\\x00'::BLOB", "ff00"),
        ("DATE '2026-01-02'", "2026-01-02"),
        ("TIMESTAMP '2026-01-02 03:04:05.000006'", "2026-01-02T03:04:05.000006"),
        ("TIMESTAMPTZ '2026-01-02 03:04:05+02'", "2026-01-02T01:04:05+00:00"),
        ("TIMESTAMP '290000-01-01'", "290000-01-01 00:00:00"),
        ("TIME '10:00'", "10:00:00"),
        ("INTERVAL 36 HOUR", "1 day, 12:00:00"),
        ("UUID '50b8939f-9858-48b4-be92-f6280a42aa34'", "50b8939f-9858-48b4-be92-f6280a42aa34"),
        ("{'a': 1, 'b': [1.5::DECIMAL(2, 1)]}", {"a": 1, "b": ["1.5"]}),
        ("MAP {1: NULL}", {"1": None}),
        ("'ü' || chr(0) || chr(10)", "ü\x00\n"),
        ("true", True),
        ("NULL", None),
    ],
)
def test_values_are_exact_and_can_be_json(folder: Path, sql: str, value: object) -> None:
    [[found]] = ask(folder, f"SELECT {sql}").rows
    assert found == value
    assert type(found) is type(value)
    assert json.loads(json.dumps(found)) == value


@pytest.mark.parametrize("name", TABLE_DESCRIPTIONS)
def test_every_table_and_view_can_be_asked(folder: Path, name: str) -> None:
    assert ask(folder, f"FROM {name}").columns == tuple(COLUMN_DESCRIPTIONS[name])


@pytest.mark.parametrize("sql", ["SHOW TABLES", "DESCRIBE drift", "EXPLAIN SELECT 1", "FROM drift", "VALUES (1)"])
def test_other_forms_of_questions(folder: Path, sql: str) -> None:
    assert ask(folder, sql).rows


def test_comments_tell_what_the_tables_mean(folder: Path) -> None:
    answer = ask(folder, "SELECT table_name FROM duckdb_tables() WHERE comment IS NULL")
    assert answer.rows == ()


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO drift (topic) VALUES ('x')",
        "DELETE FROM drift",
        "UPDATE drift SET topic = 'x'",
        "DROP TABLE drift",
        "CREATE TABLE x (a INTEGER)",
        "CREATE TEMP TABLE x (a INTEGER)",
        "EXPLAIN ANALYZE INSERT INTO drift (topic) VALUES ('x')",
        "EXPLAIN ANALYZE DELETE FROM drift",
        "COPY drift TO '{folder}/out.csv'",
        "COPY drift TO '{folder}/projection.duckdb' (USE_TMP_FILE false)",
        "EXPLAIN ANALYZE COPY drift TO '{folder}/projection.duckdb' (USE_TMP_FILE false)",
        "EXPLAIN ANALYZE COPY drift TO '{folder}/projection.duckdb.wal' (USE_TMP_FILE false)",
        "EXPORT DATABASE '{folder}/out'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('{folder}/journal/drift.jsonl')",
        "SELECT * FROM '{folder}/journal/drift.jsonl'",
        "SELECT * FROM glob('/etc/*')",
        "ATTACH '{folder}/other.duckdb'",
        "ATTACH ':memory:' AS other",
        "SET enable_external_access = true",
        "SET memory_limit = '100GB'",
        "RESET lock_configuration",
        "PRAGMA enable_profiling",
        "INSTALL httpfs",
        "LOAD httpfs",
        "CHECKPOINT",
        "BEGIN",
        "SELECT * FROM sys.path",
        "SELECT 1; DELETE FROM drift",
        "",
        "-- nothing",
    ],
)
def test_a_question_can_only_read_the_projection(folder: Path, sql: str) -> None:
    before = {path: hashlib.sha256(path.read_bytes()).digest() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(QueryError, match="the question was not accepted: ") as caught:
        ask(folder, sql.format(folder=folder))
    assert "\n" not in str(caught.value)
    after = {path: hashlib.sha256(path.read_bytes()).digest() for path in folder.rglob("*") if path.is_file()}
    assert after == before


def test_a_wrong_name_gets_the_right_one(folder: Path) -> None:
    with pytest.raises(QueryError, match="Catalog Error: Table with name dirft does not exist") as caught:
        ask(folder, "SELECT * FROM dirft")
    assert 'Did you mean "drift"?' in caught.value.remedy
    with pytest.raises(QueryError, match='syntax error at or near "SELEC"'):
        ask(folder, "SELEC 1")
    with pytest.raises(QueryError, match="topik"):
        ask(folder, "SELECT topik FROM drift")
    with pytest.raises(QueryError, match="Conversion Error"):
        ask(folder, "SELECT topic::INTEGER FROM drift")


def test_more_rows_than_wanted_are_cut_and_said_so(folder: Path) -> None:
    answer = ask(folder, "SELECT * FROM range(100000000)", limit_rows=3)
    assert (answer.rows, answer.truncated) == (((0,), (1,), (2,)), True)
    assert not ask(folder, "SELECT * FROM range(3)", limit_rows=3).truncated


def test_a_question_without_end_is_ended(folder: Path, sample: Any) -> None:
    with pytest.raises(QueryError, match=r"took longer than 0\.5 s"):
        ask(folder, "SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b", timeout_seconds=0.5)
    assert Projection(folder, timeout=5).stored().drift


def test_a_question_for_all_memory_is_refused(folder: Path) -> None:
    with pytest.raises(QueryError, match="Out of Memory"):
        ask(folder, "SELECT count(*) FROM (SELECT range || repeat('x', 90) AS a FROM range(30000000) ORDER BY a DESC)")
    assert not (folder / "projection.duckdb.tmp").exists()


def test_a_question_before_anything_was_projected(tmp_path: Path) -> None:
    with pytest.raises(StateError, match=r"nothing has been projected in .* yet") as caught:
        ask(tmp_path / "none", "SELECT 1")
    assert "omni drift" in caught.value.remedy
    assert not (tmp_path / "none").exists()


def test_questions_and_writers_share_the_file(tmp_path: Path, sample: Any) -> None:
    projection = Projection(tmp_path)
    projection.record_observation(sample.declared(), sample.observed(), [])
    answers: list[int] = []

    def question() -> None:
        answers.extend(ask(tmp_path, "SELECT count(*) FROM declared_topics").rows[0][0] for _ in range(3))

    asking = threading.Thread(target=question)
    asking.start()
    for minute in range(6):
        projection.record_observation(sample.declared(), sample.observed(minute), [])
    asking.join()
    assert answers == [3, 3, 3]


def test_a_question_sees_what_a_killed_writer_committed(folder: Path, tmp_path: Path) -> None:
    script = (
        "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]); "
        "c.execute('CREATE TABLE left_in_the_log AS SELECT 42 AS a'); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", script, str(tmp_path / "projection.duckdb")]).returncode == 9
    assert (tmp_path / "projection.duckdb.wal").exists()
    assert ask(tmp_path, "SELECT a FROM left_in_the_log").rows == ((42,),)


def test_the_process_that_answers_ends_by_itself(folder: Path) -> None:
    answering = Path(sys.modules["omni_assets.projection.question"].__file__ or "").with_name("answering.py")
    ended = subprocess.run(
        [sys.executable, "-P", str(answering), str(folder / "projection.duckdb"), "10", "0.5", "SELECT 0", "SELECT 0"],
        input=b"SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b",
        capture_output=True,
        timeout=60,
    )
    assert ended.returncode < 0
    assert ended.stdout == b""
