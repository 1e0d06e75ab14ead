"""``omni rebuild``"""

from __future__ import annotations

import shutil

import pytest

QUESTION = "SELECT topic, kind, first_seen FROM drift_history ORDER BY ALL"


@pytest.mark.broker
def test_it_brings_back_everything_that_can_be(provisioned):
    assert provisioned.omni("drift").code == 0
    provisioned.contract("late", "name: late\nevent_bus:\n  publish_topics: [onex.evt.late.arrived.v1]\n")
    assert provisioned.omni("drift").code == 1
    before = provisioned.omni("sql", "--format", "json", QUESTION).document["rows"]
    (provisioned.home / "projection.duckdb").write_bytes(b"this is no database\n" * 1000)
    assert provisioned.omni("sql", QUESTION).code == 2
    ran = provisioned.omni("rebuild", "--format", "json")
    assert (ran.code, ran.err) == (0, "")
    rows = ran.document["rows"]
    assert (rows["declared_topics"], rows["provision_log"], rows["drift"], rows["drift_history"]) == (4, 3, 1, 1)
    assert rows["observed_topics"] >= 3
    assert (ran.document["contracts"], ran.document["broker"]) == (None, None)
    assert provisioned.omni("sql", "--format", "json", QUESTION).document["rows"] == before


@pytest.mark.broker
def test_without_contracts_it_says_so_and_observes_the_broker(provisioned):
    shutil.rmtree(provisioned.folder / "contracts")
    ran = provisioned.omni("rebuild")
    assert ran.code == 0
    assert ran.err.startswith("omni: rebuilt without the contracts: ")
    rows = dict(line.split()[:2] for line in ran.out.splitlines()[1:-1])
    assert (rows["declared_topics"], rows["provision_log"]) == ("0", "3")
    assert int(rows["observed_topics"]) >= 3


def test_without_a_broker_it_says_so_and_reads_the_contracts(project):
    ran = project.omni("rebuild", "--bootstrap-servers", "127.0.0.1:1", OMNI_BROKER_TIMEOUT="1")
    assert ran.code == 0
    assert ran.err.startswith("omni: rebuilt without the broker: no broker answers at 127.0.0.1:1")
    assert ran.out.splitlines()[0].split() == ["TABLE", "ROWS"]
    assert ["declared_topics", "3"] in [line.split() for line in ran.out.splitlines()]
    assert "projection.duckdb rebuilt, " in ran.out.splitlines()[-1]


def test_a_damaged_journal_leaves_the_old_file(project):
    down = ("--bootstrap-servers", "127.0.0.1:1")
    assert project.omni("rebuild", *down, OMNI_BROKER_TIMEOUT="1").code == 0
    journal = project.home / "journal" / "audit.jsonl"
    journal.parent.mkdir(exist_ok=True)
    journal.write_text("not JSON\n")
    ran = project.omni("rebuild", *down)
    assert (ran.code, ran.out) == (2, "")
    assert "audit.jsonl:1 cannot be read: " in ran.err
    answer = project.omni("sql", "--format", "json", "SELECT count(*) FROM declared_topics")
    assert answer.document["rows"] == [[3]]
