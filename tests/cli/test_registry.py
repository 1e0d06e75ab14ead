"""``omni registry`` and ``omni registry scan`` as people and CI run them."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

BAD = "onex.evt.router.routing_complete.v1"
CLASH = "name: {}\nevent_bus:\n  publish_topics: [onex.evt.{}.v1]\n"


def configured(project, table="path = 'src/topics.py'"):
    (project.folder / "omni.toml").write_text(f"[registry]\n{table}\n")


def source(project, text, name="src/app.py"):
    path = project.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_without_a_place_the_module_is_the_output(project, topics):
    ran = project.omni("registry")
    assert (ran.code, ran.err) == (0, "")
    ended = subprocess.run(
        [sys.executable, "-c", f"{ran.out}\nprint(*Topic)"], capture_output=True, text=True, check=True
    )
    assert ended.stdout.split() == list(topics)


def test_it_is_written_where_the_settings_say_and_stays_fresh(project):
    configured(project)
    assert project.omni("registry", "--check").code == 1
    ran = project.omni("registry")
    assert (ran.code, ran.out) == (0, "wrote 3 topics to src/topics.py\n")
    assert project.omni("registry").out == "src/topics.py holds 3 topics and is fresh\n"
    assert project.omni("registry", "--check").code == 0


def test_a_stale_registry_fails_the_check_with_a_diff(project):
    configured(project)
    project.omni("registry")
    path = project.folder / "src" / "topics.py"
    path.write_text(path.read_text().replace("routing-complete", "routing-done"))
    ran = project.omni("registry", "--check")
    assert ran.code == 1
    assert re.match(r"src/topics\.py:\d+:1 OM401 stale-registry: ", ran.out)
    assert re.search(r'^ {4}-.*routing-done\.v1"\n {4}\+.*routing-complete\.v1"$', ran.out, re.MULTILINE)
    as_json = project.omni("registry", "--check", "--format", "json")
    assert as_json.code == 1
    document = as_json.document
    assert (document["path"], document["fresh"], document["counts"]["error"]) == ("src/topics.py", False, 1)
    assert document["findings"][0]["code"] == "OM401"
    assert any(line.startswith("+") for line in document["diff"])


def test_a_module_for_each_producer(project):
    project.contract("merger", "name: merger\nevent_bus:\n  publish_topics: [onex.evt.merger.merged.v1]\n")
    ran = project.omni("registry", "--per-producer", "--output", "src/topics", "--format", "json")
    assert ran.code == 0
    assert [path.rpartition("/")[2] for path in ran.document["written"]] == [
        "__init__.py", "_base.py", "merger.py", "router.py",
    ]  # fmt: skip
    assert project.omni("registry", "--per-producer", "--output", "src/topics", "--check").code == 0
    assert project.omni("registry", "--output", "src/topics", "--check").code == 2


def test_the_module_as_json(project):
    document = project.omni("registry", "--format", "json").document
    assert document["path"] is None
    assert "class Topic(StrEnum" in document["text"]


def test_clashes_are_said_and_nothing_of_them_written(project):
    project.contract("a", CLASH.format("a", "a-b.c"))
    project.contract("b", CLASH.format("b", "a.b-c"))
    alone = project.omni("registry")
    assert alone.code == 1
    assert "OM402" in alone.err
    assert "onex.evt.a.b-c.v1" not in alone.out
    configured(project)
    ran = project.omni("registry")
    assert ran.code == 1
    assert "contracts/a/contract.yaml:3:20 OM402 member-clash: `onex.evt.a-b.c.v1` and" in ran.out
    assert "contracts/b/contract.yaml:3:20 declares `onex.evt.a.b-c.v1`." in ran.out
    assert "onex.evt.a" not in (project.folder / "src" / "topics.py").read_text()
    assert project.omni("registry", "--check").code == 1


def test_it_works_on_what_is_readable_and_says_what_is_not(project):
    project.contract("broken", "name: [\n")
    ran = project.omni("registry")
    assert ran.code == 1
    assert "1 error in contracts" in ran.err
    assert "class Topic" in ran.out


def test_contracts_are_named_as_an_option(project):
    (project.folder / "contracts").rename(project.folder / "elsewhere")
    assert project.omni("registry").code == 2
    assert project.omni("registry", "--contracts", "elsewhere").code == 0
    source(project, f"x = '{BAD}'\n")
    assert project.omni("registry", "scan", "src", "--contracts", "elsewhere").code == 1


def test_somebodys_own_file_is_not_overwritten(project):
    source(project, "import os\n")
    ran = project.omni("registry", "--output", "src/app.py")
    assert ran.code == 2
    assert "left alone" in ran.err
    assert (project.folder / "src" / "app.py").read_text() == "import os\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("registry", "--check"), "no registry is named"),
        (("registry", "--per-producer"), "needs a folder"),
        (("registry", "--check", "scan", "src"), "takes none of the options"),
        (("registry", "scan"), "missing argument"),
        (("registry", "scan", "nowhere"), "cannot read nowhere"),
        (("registry", "--output", "contracts"), "is a folder"),
        (("registry", "nowhere"), "no such command"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(project, arguments, words):
    ran = project.omni(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert words in ran.err


def test_the_help_of_the_family(project):
    ran = project.omni("registry", "--help")
    assert ran.code == 0
    assert "omni registry --check" in ran.out
    assert "scan" in ran.out


def test_a_clean_scan(project):
    source(project, "x = 'onex.evt.router.routing-complete.v1'\n")
    ran = project.omni("registry", "scan", "src")
    assert ran.code == 0
    assert re.fullmatch(
        r"no findings in 1 file, 1 line; 1 literal of declared topics in 1 file \(\d+\.\d\d s\)\n", ran.out
    )


def test_a_scan_shows_the_line_and_what_was_meant(project):
    source(project, "ROOT = 'onex'\nproduce(f'{ROOT}.evt.router.routing_complete.v1')\n")
    ran = project.omni("registry", "scan", "src")
    assert ran.code == 1
    assert "src/app.py:2:9 OM403 undeclared-literal: no contract declares" in ran.out
    assert "2 | produce(f'{ROOT}.evt.router.routing_complete.v1')" in ran.out
    assert "contracts/router/contract.yaml:4:14 declares `onex.evt.router.routing-complete.v1`" in ran.out
    assert "fix: write `onex.evt.router.routing-complete.v1`" in ran.out


def test_warnings_fail_a_strict_scan_only(project):
    source(project, "x = f'onex.evt.router.{event}.v9'\n")
    assert project.omni("registry", "scan", "src").code == 0
    assert project.omni("registry", "scan", "src", "--strict").code == 1


def test_a_scan_as_json_sarif_annotations_and_lines(project):
    source(project, f"x = '{BAD}'\n")
    document = project.omni("registry", "scan", "src", "--format", "json").document
    assert set(document) >= {
        "findings", "counts", "literals", "files", "lines", "binaries", "files_with_declared_literals",
    }  # fmt: skip
    assert document["literals"] == {"declared": 0, "undeclared": 1, "template": 0, "part": 0}
    assert document["findings"][0]["near"] == ["onex.evt.router.routing-complete.v1"]
    sarif = json.loads(project.omni("registry", "scan", "src", "--format", "sarif").out)
    assert [each["ruleId"] for each in sarif["runs"][0]["results"]] == ["OM403"]
    assert project.omni("registry", "scan", "src", "--format", "github").out.startswith(
        "::error file=src/app.py,line=1"
    )
    concise = project.omni("registry", "scan", "src", "--format", "concise").out.splitlines()
    assert len(concise) == 2
    assert project.omni("registry", "scan", "src", "--format", "markdown").code == 2


def test_names_and_paths_cannot_steer_a_terminal(project):
    source(project, "x = 'onex.evt.router.\\x1b[31mred.v1'\n", "src/a\x1b[31m.py")
    ran = project.omni("registry", "scan", "src")
    assert "\x1b" not in ran.out


def test_a_contract_that_cannot_be_read_keeps_the_registry_as_it_was(project):
    assert project.omni("registry", "--output", "topics.py").code == 0
    before = (project.folder / "topics.py").read_bytes()
    project.contract("router", "name: [router\n")
    ran = project.omni("registry", "--output", "topics.py")
    assert (ran.code, ran.out) == (2, "")
    said = "the registry at topics.py is left as it was: 1 contract cannot be read, and its topics would be lost."
    assert said in " ".join(ran.err.split())
    assert (project.folder / "topics.py").read_bytes() == before
