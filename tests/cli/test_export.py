"""``omni export``: documents and tables for other programs."""

from __future__ import annotations

import json

import duckdb
import pytest
import yaml


def test_the_document_goes_to_standard_output_alone(project):
    ran = project.omni("export", "asyncapi", "--title", "Routing", "--api-version", "7")
    assert (ran.code, ran.err) == (0, "")
    document = yaml.safe_load(ran.out)
    assert document["info"]["title"] == "Routing"
    assert document["info"]["version"] == "7"
    assert len(document["channels"]) == 3
    assert project.omni(
        "export", "asyncapi", "--format", "json", "--title", "Routing", "--api-version", "7"
    ).document == (document)


def test_a_file_is_written_as_it_is_called(project):
    ran = project.omni("export", "asyncapi", "-o", "a.json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "wrote a.json: 3 topics, 3 operations of 1 node\n"
    assert json.loads((project.folder / "a.json").read_text())["asyncapi"] == "3.0.0"
    assert project.omni("export", "asyncapi", "-o", "a.json", "--format", "yaml").code == 0
    assert (project.folder / "a.json").read_text().startswith("asyncapi: 3.0.0\n")


def test_errors_in_contracts_are_told_beside_the_document(project):
    project.contract("other", "name: other\npublish_topics: [onex.evt.Wrong]\n")
    ran = project.omni("export", "asyncapi", "--format", "json")
    assert ran.code == 1
    assert "`omni check` lists it" in ran.err
    assert len(ran.document["channels"]) == 3


def test_a_schema_that_is_not_there_is_told(project):
    project.contract("n", "name: n\npublished_events: [{topic: onex.evt.n.said.v1, schema_ref: said.json}]\n")
    ran = project.omni("export", "asyncapi")
    assert "omni: the schema of `onex.evt.n.said.v1` is left out: " in ran.err


def test_before_anything_is_projected_there_are_no_tables(project):
    ran = project.omni("export", "tables")
    assert (ran.code, ran.out) == (2, "")
    assert "nothing has been projected" in ran.err
    assert not (project.home / "export").exists()


@pytest.mark.broker
def test_tables_are_files_of_what_drift_saw(projected, tmp_path):
    ran = projected.omni("export", "tables")
    assert (ran.code, ran.err) == (0, "")
    assert f"exported to {projected.home / 'export'}: 31 tables" in ran.out
    listing = json.loads((projected.home / "export" / "export.json").read_text())
    assert listing["format"] == "parquet"
    assert listing["tables"]["declared_topics"]["rows"] == 3
    file = projected.home / "export" / listing["tables"]["declared_topics"]["file"]
    with duckdb.connect() as connection:
        assert connection.execute(f"SELECT count(*) FROM read_parquet('{file}')").fetchone() == (3,)  # noqa: S608
    assert projected.omni("export", "tables", "--format", "csv", "-o", str(tmp_path / "out")).code == 0
    assert (tmp_path / "out" / "declared_topics.csv").read_text().count("\n") == 4
    ran = projected.omni("export", "tables", "-o", "contracts")
    assert ran.code == 2
    assert "no export made" in ran.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--to", "postgresql://u:secret-word@h/d"), "can be seen by everybody"),
        (("--to", "postgres"), "OMNI_EXPORT_POSTGRES is not set"),
        (("--to", "mysql://h/d"), "does not begin with postgresql://"),
        (("--to", "postgres", "-o", "x"), "takes neither --output nor --format"),
        (("--format", "xlsx"), "'xlsx' is not one of"),
    ],
)
def test_a_destination_that_cannot_be_is_a_sentence(project, arguments, said):
    ran = project.omni("export", "tables", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in " ".join(ran.err.split())
    assert "secret-word" not in ran.err
