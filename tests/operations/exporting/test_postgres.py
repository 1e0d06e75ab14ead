"""Tables in a real Postgres: all of one moment or none, whatever others made of them, and no word of the password."""

from __future__ import annotations

import os
import sys
from decimal import Decimal

import psycopg2
import pytest

from omni_assets.errors import ExportFailed, ExtraMissing, InputError, SettingsError, StateError
from omni_assets.operations.exporting.postgres import VARIABLE, Destination, destination
from omni_assets.operations.exporting.tables import export_postgres
from omni_assets.projection.copies import COPIED
from omni_assets.projection.store import Projection
from tests.operations.exporting.conftest import audit_row
from tests.support.postgres import DATABASE, USER, Postgres

pytestmark = pytest.mark.slow

ODD_PASSWORD = "correct-horse:battery/staple"  # noqa: S105 - of no database


@pytest.fixture
def there(postgres: Postgres):
    """The database without what earlier tests left in it."""
    postgres.ask("DROP SCHEMA IF EXISTS omni CASCADE")
    return destination(None, {VARIABLE: address(postgres)})


def address(postgres: Postgres, password: str | None = None) -> str:
    return f"postgresql://{USER}:{password or postgres.password}@{postgres.host}:{postgres.port}/{DATABASE}"


def rows(postgres: Postgres, query: str) -> list[tuple[object, ...]]:
    with psycopg2.connect(address(postgres)) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def test_every_table_is_there_with_its_values_types_and_words(postgres, there, audited):
    exported = export_postgres(audited, there)
    assert exported.where == f"{postgres.host}:{postgres.port}"
    assert {each.table for each in exported.tables} == set(COPIED)
    tables = {name for (name,) in rows(postgres, "SELECT tablename FROM pg_tables WHERE schemaname = 'omni'")}
    assert tables == {*COPIED, "export"}
    found = rows(postgres, "SELECT id, who, host, detail, acted_at::text FROM omni.audit ORDER BY id")
    assert found[0] == ("0", "who", "", "", "2026-01-01 00:00:00+00")
    assert found[2][1:4] == ("a␀b", "", '"\r\n\\.\t,Ä🚇\\N')
    kinds = dict(rows(postgres, "SELECT column_name, data_type FROM information_schema.columns "
                                "WHERE table_schema = 'omni' AND table_name = 'receipts'"))  # fmt: skip
    assert kinds["cost_usd"] == "numeric"
    assert kinds["started_at"] == "timestamp with time zone"
    assert kinds["explored"] == "boolean"
    (comment,) = rows(postgres, "SELECT obj_description('omni.audit'::regclass)")[0]
    assert comment.startswith("Who decided and did what")
    noted = rows(postgres, "SELECT tables, rows, exported_at <= now() FROM omni.export")
    assert noted == [(len(COPIED), exported.rows, True)]
    assert not [each for each in audited.iterdir() if each.name.startswith("export-")]


def test_the_next_export_replaces_rows_and_keeps_what_others_made_of_the_tables(postgres, there, audited):
    export_postgres(audited, there)
    postgres.ask(
        "CREATE VIEW omni.deeds AS SELECT id FROM omni.audit; CREATE INDEX ours ON omni.audit (id);"
        "ALTER TABLE omni.audit ADD COLUMN note text; ALTER TABLE omni.audit DROP COLUMN outcome;"
        "ALTER TABLE omni.receipts ALTER COLUMN cost_usd TYPE text; GRANT SELECT ON omni.audit TO PUBLIC"
    )
    Projection(audited).record_audit([audit_row(7)])
    export_postgres(audited, there)
    export_postgres(audited, there)
    assert rows(postgres, "SELECT id FROM omni.deeds ORDER BY id") == [("0",), ("1",), ("2",), ("7",)]
    assert rows(postgres, "SELECT DISTINCT outcome, note FROM omni.audit") == [("", None)]
    assert rows(postgres, "SELECT count(*) FROM pg_indexes WHERE indexname = 'ours'") == [(1,)]
    assert rows(postgres, "SELECT data_type, numeric_scale FROM information_schema.columns WHERE table_schema = 'omni' "
                          "AND table_name = 'receipts' AND column_name = 'cost_usd'") == [("numeric", 9)]  # fmt: skip
    assert rows(postgres, "SELECT count(*) FROM omni.export") == [(1,)]


def test_who_reads_meanwhile_sees_all_of_one_export(postgres, there, audited):
    export_postgres(audited, there)
    with psycopg2.connect(address(postgres)) as reader, reader.cursor() as cursor:
        reader.set_session(isolation_level="REPEATABLE READ")
        cursor.execute("SELECT count(*) FROM omni.audit")
        assert cursor.fetchone() == (3,)
        Projection(audited).record_audit([audit_row(7)])
        export_postgres(audited, there)
        cursor.execute("SELECT (SELECT count(*) FROM omni.audit), (SELECT rows FROM omni.export)")
        assert cursor.fetchone() == (3, 3)
        reader.rollback()
        cursor.execute("SELECT (SELECT count(*) FROM omni.audit), (SELECT rows FROM omni.export)")
        assert cursor.fetchone() == (4, 4)


@pytest.mark.parametrize("kind", ["TABLE omni.tasks (id text)", "VIEW omni.tasks AS SELECT 1 AS id"])
def test_a_table_of_somebody_else_is_left_alone_and_nothing_is_exported(postgres, there, audited, kind):
    postgres.ask(f"CREATE SCHEMA omni; CREATE {kind}")
    with pytest.raises(ExportFailed, match=r"omni\.tasks is there, and no export made it"):
        export_postgres(audited, there)
    assert rows(postgres, "SELECT count(*) FROM pg_tables WHERE schemaname = 'omni' AND tablename <> 'tasks'") == [(0,)]


def test_an_error_half_way_leaves_the_last_export(postgres, there, audited):
    export_postgres(audited, there)
    postgres.ask("ALTER TABLE omni.topics ADD CONSTRAINT none CHECK (false) NOT VALID;"
                 "ALTER TABLE omni.audit ADD CONSTRAINT few CHECK (id < '5')")  # fmt: skip
    Projection(audited).record_audit([audit_row(7)])
    with pytest.raises(ExportFailed, match='violates check constraint "few"'):
        export_postgres(audited, there)
    assert rows(postgres, "SELECT count(*) FROM omni.audit") == [(3,)]


def test_a_refused_password_is_told_without_it(postgres, audited):
    wrong = destination(None, {VARIABLE: address(postgres, "not-the-password-0123")})
    with pytest.raises(ExportFailed) as failed:
        export_postgres(audited, wrong)
    assert "password authentication failed" in str(failed.value)
    assert "not-the-password" not in str(failed.value) + repr(wrong)


def test_what_answers_no_more_is_told(audited, closed_port):
    nowhere = destination(None, {VARIABLE: f"postgresql://u:{'x' * 20}@127.0.0.1:{closed_port}/d"})
    with pytest.raises(ExportFailed, match=f"127.0.0.1:{closed_port}: connection refused"):
        export_postgres(audited, nowhere)


@pytest.mark.parametrize(
    "odd",
    [
        f"postgresql://u:{ODD_PASSWORD}@h/d",
        f"postgresql://u:p@{ODD_PASSWORD}@h:1x/d",
        f"postgresql://h/d?password={ODD_PASSWORD}&nonsense=1",
        f"postgresql://h/d@{ODD_PASSWORD}?x={ODD_PASSWORD}",
        f"postgresql://[{ODD_PASSWORD}",
        f"postgresql://u:{ODD_PASSWORD}",
    ],
)
def test_no_address_however_odd_tells_its_password(audited, odd):
    to = destination(None, {VARIABLE: odd})
    with pytest.raises(ExportFailed) as failed:
        export_postgres(audited, to)
    told = str(failed.value) + repr(to) + to.shown
    assert not [part for part in ("horse", "battery", "staple") if part in told]


def test_the_address_comes_from_a_variable_or_a_file_and_from_a_command_line_without_its_password(tmp_path):
    file = tmp_path / "address"
    file.write_text("postgresql://u:p@db:5433/d\n")
    assert destination(None, {f"{VARIABLE}_FILE": str(file)}) == Destination("postgresql://u:p@db:5433/d", "db:5433")
    assert destination("postgresql://db/d", {}).shown == "db"
    assert destination("postgres://u@db/d", {}).shown == "db"
    for stated in ("postgresql://u:p@db/d", "postgresql://u:@db/d"):
        with pytest.raises(InputError, match="can be seen by everybody"):
            destination(stated, {})
    for stated in ("mysql://db/d", "db"):
        with pytest.raises(SettingsError, match="does not begin with postgresql://"):
            destination(stated, {})
    with pytest.raises(SettingsError, match=f"{VARIABLE} is not set"):
        destination(None, {})


def test_a_password_among_the_parameters_of_an_address_is_one_too():
    with pytest.raises(InputError, match="can be seen by everybody"):
        destination("postgresql://db/d?user=u&password=x", {})


def test_without_the_driver_the_extra_is_named(audited, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    with pytest.raises(ExtraMissing, match=r"omni-assets\[postgres\]"):
        export_postgres(audited, destination("postgresql://db/d", {}))


def test_where_nothing_was_projected_no_database_is_asked(tmp_path):
    with pytest.raises(StateError, match="nothing has been projected"):
        export_postgres(tmp_path / "none", destination("postgresql://nowhere.invalid/d", dict(os.environ)))


def test_money_is_exact(postgres, there, audited):
    export_postgres(audited, there)
    postgres.ask("INSERT INTO omni.receipts (id, cost_usd) VALUES ('x', 0.123456789)")
    assert rows(postgres, "SELECT cost_usd FROM omni.receipts") == [(Decimal("0.123456789"),)]
