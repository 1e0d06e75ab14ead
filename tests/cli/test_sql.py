"""``omni sql``"""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.broker


def test_without_a_query_it_lists_the_tables(projected):
    ran = projected.omni("sql")
    assert ran.code == 0
    tables = [line.split()[0] for line in ran.out.splitlines()[1:-1]]
    assert set(tables) >= {
        "declared_topics", "declarations", "observed_topics", "observed_configs", "drift", "drift_history",
        "provision_log", "observed_groups", "observed_offsets", "audit", "capabilities", "rescues", "retirements",
        "topics", "readers", "stranded", "drift_summary",
    }  # fmt: skip


def test_every_format(projected, topics):
    query = "SELECT name, partitions, NULL AS nothing FROM declared_topics ORDER BY name"
    text = projected.omni("sql", query)
    assert text.code == 0
    assert text.out.splitlines()[0].split() == ["name", "partitions", "nothing"]
    assert text.out.splitlines()[2].split() == [topics[1], "3", "NULL"]
    assert text.out.splitlines()[-1] == "3 rows"
    json_ = projected.omni("sql", query, "--format", "json")
    assert [column["name"] for column in json_.document["columns"]] == ["name", "partitions", "nothing"]
    assert json_.document["rows"] == [[topics[0], 1, None], [topics[1], 3, None], [topics[2], 2, None]]
    assert json_.document["truncated"] is False
    csv_ = projected.omni("sql", query, "--format", "csv")
    assert csv_.out.splitlines() == ["name,partitions,nothing", f"{topics[0]},1,", f"{topics[1]},3,", f"{topics[2]},2,"]


def test_the_query_can_come_from_standard_input(projected):
    ran = projected.omni("sql", "-", "--format", "csv", stdin="SELECT count(*) AS topics\nFROM declared_topics")
    assert (ran.code, ran.out) == (0, "topics\n3\n")


def test_a_cut_answer_says_so(projected):
    ran = projected.omni("sql", "SELECT * FROM range(5)", "--limit", "2", "--format", "json")
    assert ran.code == 0
    assert ran.document["rows"] == [[0], [1]]
    assert ran.document["truncated"] is True
    assert ran.err == "omni: there are more rows than these 2; --limit shows more.\n"


@pytest.mark.parametrize(
    "query",
    ["SELEC 1", "SELECT * FROM nowhere", "DROP TABLE drift", "SELECT 1; SELECT 2", "COPY drift TO 'x.csv'",
     "SELECT * FROM read_text('/etc/hostname')", ""],
)  # fmt: skip
def test_what_is_not_a_question_is_refused(projected, query):
    ran = projected.omni("sql", query)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("omni: the question was not accepted: ")
    assert not (projected.folder / "x.csv").exists()


def test_a_question_that_takes_too_long_is_ended(projected):
    ran = projected.omni("sql", "SELECT count(*) FROM range(10000000000) a, range(10000) b", "--timeout", "1")
    assert ran.code == 2
    assert "took longer than 1 s" in ran.err


def test_before_anything_was_projected(project):
    ran = project.omni("sql", "SELECT 1")
    assert ran.code == 2
    assert "Run `omni drift` first." in ran.err
