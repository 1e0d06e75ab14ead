"""``check`` and ``topics``: contracts alone, no broker."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest

WARNING = "name: mailer\nevent_bus:\n  publish_topics: ['onex.evt.mailer.inbox.{agent_id}.v1']\n"
ERROR = "name: mailer\nevent_bus:\n  publish_topics: [onex.evt.mailer.in_box.v1]\n"


CONSOLE = """\
name: console
event_bus:
  publish_topics: [onex.cmd.router.route-request.v1]
  subscribe_topics: [onex.evt.router.routing-complete.v1, onex.evt.router.scoring-decision.v1]
"""


@pytest.fixture
def wired(project):
    """The project with a second contract, so that whatever is published is read."""
    project.contract("console", CONSOLE)
    # The two nodes feed each other, which is worth a note.
    (project.folder / "omni.toml").write_text("[check]\nignore = ['cycle']\n")
    return project


def test_a_clean_check(wired):
    ran = wired.omni("check")
    assert ran.code == 0
    assert re.fullmatch(r"no findings in 2 contracts, 3 topics \(\d+\.\d\d s\)\n", ran.out)
    assert ran.err == ""


def test_errors_fail_a_check(project):
    path = project.contract("mailer", ERROR)
    ran = project.omni("check")
    assert ran.code == 1
    assert f"{path.relative_to(project.folder)}:3:20" in ran.out
    assert "OM101" in ran.out


def test_warnings_fail_a_strict_check_only(project):
    project.contract("mailer", WARNING)
    assert project.omni("check").code == 0
    assert project.omni("check", "--strict").code == 1


def test_notes_never_fail_a_check(wired):
    wired.contract("mailer", "name: mailer\nevent_bus:\n  publish_topics: [onex.evt.mailer.sent.v1]\n")
    ran = wired.omni("check", "--strict", "--format", "json")
    assert {each["severity"] for each in ran.document["findings"]} == {"note"}
    assert ran.code == 0


def test_check_as_json(wired):
    project = wired
    project.contract("mailer", ERROR)
    ran = project.omni("check", "--format", "json")
    assert ran.code == 1
    (finding,) = ran.document["findings"]
    assert set(finding) >= {
        "code", "rule", "severity", "message", "path", "line", "column", "topic", "related", "fix",
    }  # fmt: skip
    assert (finding["code"], finding["rule"], finding["severity"]) == ("OM101", "malformed-name", "error")
    assert (finding["path"], finding["line"]) == ("contracts/mailer/contract.yaml", 3)
    assert ran.document["counts"] == {"error": 1, "warning": 0, "note": 0}
    assert (ran.document["contracts"], ran.document["topics"]) == (3, 3)
    assert (finding["near"], ran.document["exempted"], ran.document["baseline"]) == ([], 0, None)


def test_check_for_code_scanning_and_for_pull_requests(wired):
    project = wired
    project.contract("mailer", ERROR)
    sarif = project.omni("check", "--format", "sarif")
    assert sarif.code == 1
    document = json.loads(sarif.out)
    assert document["version"] == "2.1.0"
    folder = document["runs"][0]["originalUriBaseIds"]["%SRCROOT%"]["uri"]
    assert folder == f"{project.folder.as_uri()}/"
    assert [result["ruleId"] for result in document["runs"][0]["results"]] == ["OM101"]
    github = project.omni("check", "--format", "github")
    assert github.code == 1
    assert re.match(r"::error file=contracts/mailer/contract\.yaml,line=3,", github.out)


def test_topics(project, topics):
    ran = project.omni("topics")
    assert ran.code == 0
    header, *rows, closing = ran.out.splitlines()
    assert header.split() == ["TOPIC", "PARTITIONS", "REPLICAS", "SETTINGS", "PUBLISHERS", "SUBSCRIBERS"]
    assert [row.split()[0] for row in rows] == list(topics)
    assert re.split(r" {2,}", rows[1]) == [topics[1], "3", "-", "retention 7d", "router", "-"]
    assert re.fullmatch(r"3 topics in 1 contract \(\d+\.\d\d s\)", closing)


def test_topics_as_json(project, topics):
    document = project.omni("topics", "--format", "json").document
    assert [topic["name"] for topic in document["topics"]] == list(topics)
    complete = document["topics"][1]
    assert (complete["kind"], complete["producer"], complete["event"], complete["version"]) == (
        "evt", "router", "routing-complete", 1,
    )  # fmt: skip
    assert complete["spec"]["partitions"] == 3
    assert complete["spec"]["config"] == {"retention.ms": "604800000"}
    (publisher,) = complete["publishers"]
    assert (publisher["node"], publisher["path"], publisher["line"]) == ("router", "contracts/router/contract.yaml", 4)
    assert complete["subscribers"] == []
    assert document["counts"]


def test_topics_as_csv(project, topics):
    ran = project.omni("topics", "--format", "csv")
    assert ran.code == 0
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert [row["topic"] for row in rows] == list(topics)
    assert (rows[1]["partitions"], rows[1]["replication_factor"]) == ("3", "")
    assert rows[1]["settings"] == "retention.ms=604800000"


def test_topics_in_conflict_say_so(project):
    project.contract(
        "other",
        "name: other\nevent_bus:\n  publish_topics: [{topic: onex.evt.router.scoring-decision.v1, partitions: 9}]\n",
    )
    ran = project.omni("topics")
    assert ran.code == 1
    assert "    not touched: its contracts disagree on its settings" in ran.out
    assert ran.err == "omni: 1 error in contracts: `omni check` lists it.\n"


@pytest.mark.parametrize("command", ["check", "topics"])
def test_contracts_named_by_path_or_variable(project, command):
    project.contract("mailer", "name: mailer\nterminal_event: onex.evt.mailer.done.v1\n")
    by_path = project.omni(command, "contracts/mailer", "--format", "json")
    by_variable = project.omni(command, "--format", "json", OMNI_CONTRACTS="contracts/mailer/contract.yaml")
    assert by_path.code == by_variable.code == 0
    key = {"check": "findings", "topics": "topics"}[command]
    assert by_path.document[key] == by_variable.document[key]
