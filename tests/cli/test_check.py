"""``omni check`` as its users drive it: selection, exemptions, a baseline, paths, excerpts."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WRONG, RIGHT = "onex.evt.reviewer.review_complete.v1", "onex.evt.reviewer.review-complete.v1"
REVIEWER = f"name: reviewer\nevent_bus:\n  publish_topics:\n    - {WRONG}\n"
MERGER = f"name: merger\nevent_bus:\n  subscribe_topics:\n    - {RIGHT}\n"
MAILER = "name: mailer\nevent_bus:\n  publish_topics: ['onex.evt.mailer.inbox-{agent_id}.v1']\n"
EXEMPTION = """
[[check.exemptions]]
code = "template-name"
path = "contracts/mailer/*"
reason = "one inbox for each agent, until they share one"
expires = %s
"""


def codes(ran) -> list[str]:
    return [each["code"] for each in ran.document["findings"]]


def found(project, *arguments: str) -> list[str]:
    return codes(project.omni("check", "--format", "json", *arguments))


@pytest.fixture
def fleet(project):
    """A project whose reviewer misspells what its merger waits for, and whose mailer has a template."""
    shutil.rmtree(project.folder / "contracts" / "router")
    for node, text in {"reviewer": REVIEWER, "merger": MERGER, "mailer": MAILER}.items():
        project.contract(node, text)
    return project


def settings(project, text: str) -> None:
    (project.folder / "omni.toml").write_text(text)


def test_one_mistake_gives_one_error_with_both_places_and_the_line(fleet):
    ran = fleet.omni("check", "--ignore", "template-name")
    assert ran.code == 1
    lines = ran.out.splitlines()
    assert lines[:5] == [
        f"contracts/reviewer/contract.yaml:4:7 OM203 near-miss: `{WRONG}` is published here and nobody subscribes it.",
        f"    4 |     - {WRONG}",
        f"      |       {'^' * len(WRONG)}",
        f"    contracts/merger/contract.yaml:4:7 subscribes `{RIGHT}`; they differ in `_` and `-`.",
        f"    fix: publish `{RIGHT}`",
    ]
    assert re.fullmatch(r"1 error in 3 contracts, 1 topic \(\d+\.\d\d s\)", lines[-1])
    assert lines[5:-1] == [""]


def test_one_line_a_finding(fleet):
    lines = fleet.omni("check", "--format", "concise").out.splitlines()
    assert [line.split()[1] for line in lines[:-1]] == ["OM102", "OM203"]
    assert lines[-1].startswith("1 error, 1 warning in 3 contracts")


def test_rules_are_chosen_by_code_prefix_and_name(fleet):
    assert found(fleet) == ["OM102", "OM203"]
    assert found(fleet, "--select", "OM1") == ["OM102", "OM101"]
    assert found(fleet, "--select", "template-name,near-miss", "--ignore", "om203") == ["OM102"]
    assert found(fleet, "--ignore", "template-name", "--ignore", "near-miss") == ["OM201", "OM101"]


def test_options_add_to_ignore_and_replace_select(fleet):
    settings(fleet, '[check]\nselect = ["OM1"]\nignore = ["OM102"]\n')
    assert found(fleet) == ["OM101"]
    assert found(fleet, "--select", "OM102,OM203") == ["OM203"]
    assert found(fleet, "--ignore", "OM101") == []


@pytest.mark.parametrize("option", ["--select", "--ignore"])
def test_a_rule_that_does_not_exist_is_a_usage_error(fleet, option):
    ran = fleet.omni("check", option, "OM1,near-mis")
    assert (ran.code, ran.out) == (2, "")
    assert f"'{option}': there is no rule `near-mis`; did you mean `near-miss`?" in ran.err


def test_severities_decide_what_fails(fleet):
    settings(fleet, '[check.severity]\nOM2 = "note"\nnear-miss = "warning"\nOM1 = "note"\n')
    ran = fleet.omni("check", "--format", "json")
    assert {each["code"]: each["severity"] for each in ran.document["findings"]} == {
        "OM102": "note",
        "OM203": "warning",
    }
    assert ran.code == 0
    assert fleet.omni("check", "--strict").code == 1


def test_an_exemption_covers_until_its_day(fleet):
    settings(fleet, EXEMPTION % "2999-12-31")
    ran = fleet.omni("check", "--format", "json")
    assert (codes(ran), ran.document["exempted"]) == (["OM203"], 1)
    assert "in 3 contracts, 1 topic; 1 exempted (" in fleet.omni("check").out
    settings(fleet, "# so that it is further down\n" + EXEMPTION % "2020-01-31")
    ran = fleet.omni("check", "--format", "json")
    assert codes(ran) == ["OM102", "OM203", "OM301"]
    expired = ran.document["findings"][-1]
    assert (expired["path"], expired["line"], expired["severity"]) == ("omni.toml", 3, "error")
    assert "    3 | [[check.exemptions]]" in fleet.omni("check").out


def test_an_exemption_of_nothing_is_a_note_where_everything_is_looked_at(fleet):
    settings(fleet, EXEMPTION.replace("mailer", "nobody") % "2999-12-31")
    ran = fleet.omni("check", "--format", "json")
    assert codes(ran) == ["OM102", "OM203", "OM302"]
    assert found(fleet, "contracts/mailer") == ["OM102"]
    assert found(fleet, "--select", "OM203,OM3") == ["OM203"]


@pytest.mark.parametrize("code", ["OM403", "OM4", "topic-removed"])
def test_an_exemption_of_what_other_commands_find_is_left_to_them(fleet, code):
    settings(fleet, EXEMPTION.replace("template-name", code) % "2999-12-31")
    assert found(fleet) == ["OM102", "OM203"]


def test_the_same_in_pyproject(fleet):
    text = EXEMPTION.replace("[[check", "[[tool.omni.check") % "2020-01-31"
    (fleet.folder / "pyproject.toml").write_text(f"[project]\nname = 'x'\n{text}")
    expired = fleet.omni("check", "--format", "json").document["findings"][-1]
    assert (expired["code"], expired["path"], expired["line"]) == ("OM301", "pyproject.toml", 4)


def test_a_baseline_silences_what_was_there_and_nothing_else(fleet):
    ran = fleet.omni("check", "--write-baseline")
    assert (ran.code, ran.out) == (0, "")
    assert "omni: wrote 4 findings to omni-baseline.json." in ran.err
    assert "check.baseline" in ran.err
    settings(fleet, '[check]\nbaseline = "omni-baseline.json"\n')
    clean = fleet.omni("check", "--strict")
    assert clean.code == 0
    assert "no findings in 3 contracts, 1 topic; 4 known to the baseline (" in clean.out
    # Lines move, and a new mistake comes in.
    fleet.contract("reviewer", f"# A remark.\n\n{REVIEWER}    - onex.evt.reviewer.Other.v1\n")
    ran = fleet.omni("check", "--format", "json")
    assert (ran.code, codes(ran)) == (1, ["OM101"])
    assert ran.document["baseline"] == {"path": "omni-baseline.json", "known": 4, "mended": 0}


def test_what_is_mended_is_counted_and_a_new_baseline_forgets_it(fleet):
    settings(fleet, '[check]\nbaseline = "known.json"\n')
    first = fleet.omni("check", "--write-baseline")
    assert first.err == "omni: wrote 4 findings to known.json.\n"
    fleet.contract("reviewer", REVIEWER.replace("_c", "-c"))
    ran = fleet.omni("check")
    assert ran.out.endswith(
        "3 of 4 findings of the baseline are mended: write it anew with `omni check --write-baseline`.\n"
    )
    assert "mended" not in fleet.omni("check", "--select", "OM102").out
    assert "mended" not in fleet.omni("check", "contracts/mailer").out
    assert fleet.omni("check", "--write-baseline").code == 0
    assert [each["code"] for each in json.loads((fleet.folder / "known.json").read_text())["findings"]] == ["OM102"]


def test_a_baseline_holds_in_whichever_folder_omni_runs(fleet):
    settings(fleet, '[check]\nbaseline = "omni-baseline.json"\n')
    inside = type(fleet)(fleet.folder / "contracts" / "mailer", fleet.environ)
    assert inside.omni("check", "--write-baseline").code == 0
    text = (fleet.folder / "omni-baseline.json").read_text()
    assert fleet.omni("check", "--strict").code == 0
    assert inside.omni("check", "--strict").code == 0
    assert fleet.omni("check", "--write-baseline").code == 0
    assert (fleet.folder / "omni-baseline.json").read_text() == text


def test_errors_elsewhere_are_judged_alike(fleet):
    ran = fleet.omni("topics")
    assert (ran.code, ran.err) == (1, "omni: 1 error in contracts: `omni check` lists it.\n")
    for judged in ('ignore = ["OM101"]', 'severity = { malformed-name = "note" }', 'baseline = "omni-baseline.json"'):
        settings(fleet, "")
        assert fleet.omni("check", "--write-baseline").code == 0
        settings(fleet, f"[check]\n{judged}\n")
        ran = fleet.omni("topics")
        assert (ran.code, ran.err) == (0, ""), judged


def test_paths_choose_what_is_shown_and_wiring_takes_all(fleet):
    for path in ("contracts/reviewer", "contracts/merger/contract.yaml", f"{fleet.folder}/contracts/reviewer"):
        ran = fleet.omni("check", path)
        assert ran.code == 1
        assert "OM203 near-miss" in ran.out
        assert "OM102" not in ran.out
        assert "1 error in 1 of 3 contracts, 1 topic" in ran.out
    assert found(fleet, "contracts") == ["OM102", "OM203"]


def test_other_paths_are_a_project_of_their_own(fleet):
    (fleet.folder / "contracts" / "reviewer").rename(fleet.folder / "reviewer")
    assert found(fleet, "reviewer") == ["OM101"]
    assert sorted(found(fleet, "reviewer", "contracts/merger")) == ["OM203"]
    ran = fleet.omni("check", "contracts/nowhere")
    assert (ran.code, ran.out) == (2, "")


def test_fix_writes_the_registry_anew(fleet):
    settings(fleet, '[check]\nselect = ["OM4"]\n\n[registry]\npath = "topics.py"\n')
    assert found(fleet) == ["OM401"]
    ran = fleet.omni("check", "--fix")
    assert (ran.code, ran.err) == (0, "omni: wrote topics.py anew.\n")
    assert RIGHT in (fleet.folder / "topics.py").read_text()
    assert fleet.omni("check", "--fix").err == ""
    fleet.contract("merger", MERGER.replace(RIGHT, "onex.evt.reviewer.other.v1"))
    assert found(fleet) == ["OM401"]


def test_nothing_that_a_contract_holds_moves_a_terminal(fleet):
    fleet.contract("evil", 'name: evil\nx: "a\\e[2Jb"\ty: onex.evt.a.\x85b_c.v1\n"k\u202e": [1]\n')
    fleet.contract("worse", "name: worse\nevent_bus:\n\tpublish_topics: [\u202eonex]\n")
    for output in ("text", "concise", "github"):
        shown = fleet.omni("check", "--format", output).out
        assert all(each.isprintable() or each == "\n" for each in shown)


def test_many_findings_come_with_a_hint(fleet):
    names = "\n".join(f"    - onex.evt.mailer.Event{number}.v1" for number in range(101))
    fleet.contract("mailer", f"name: mailer\nevent_bus:\n  publish_topics:\n{names}\n")
    assert "`--format concise` shows one line a finding" in fleet.omni("check", "--select", "OM101").out
    assert "concise" not in fleet.omni("check", "--select", "OM203").out


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_terminal_is_never_overrun(fleet, columns):
    fleet.contract("mailer", MAILER.replace("]", f", {'x' * 60}] # {'y' * 300}"))
    leader, follower = pty.openpty()
    environ = {**fleet.environ, "COLUMNS": str(columns), "TERM": "xterm"}
    with subprocess.Popen(
        [Path(sys.executable).with_name("omni"), "check"], cwd=fleet.folder, env=environ, stdout=follower
    ) as omni:
        os.close(follower)
        drawn = b""
        while True:
            try:
                part = os.read(leader, 65536)
            except OSError:
                break
            if not part:
                break
            drawn += part
    os.close(leader)
    assert omni.returncode == 1
    assert b"\x1b[31m" in drawn
    plain = re.sub(r"\x1b\[[\d;]*m", "", drawn.decode())
    for line in plain.splitlines():
        # A path or a name is never broken; everything else is.
        assert len(line) <= columns or re.match(r"\s*\S+( OM\d{3} \S+)?:?$", line), line


@pytest.mark.parametrize("hook", ["omni-check", "omni-registry"])
def test_the_hooks_for_pre_commit_run(fleet, hook, tmp_path):
    """As pre-commit runs them, but for the environment that it would install them into."""
    import yaml

    (entry,) = [each for each in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text()) if each["id"] == hook]
    local = {"repos": [{"repo": "local", "hooks": [{**entry, "language": "system"}]}]}
    (fleet.folder / ".pre-commit-config.yaml").write_text(json.dumps(local))
    settings(fleet, '[registry]\npath = "topics.py"\n')
    environ = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PRE_COMMIT_HOME": str(tmp_path / "pre-commit"),
        "HOME": str(tmp_path),
    }

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(words, cwd=fleet.folder, env={**fleet.environ, **environ}, capture_output=True, text=True)

    assert run("git", "init", "-q").returncode == 0
    assert run("git", "add", "-A").returncode == 0
    failed = run("pre-commit", "run", hook)
    assert failed.returncode == 1, failed
    assert {"omni-check": "OM203 near-miss", "omni-registry": "topics.py"}[hook] in failed.stdout
    fleet.contract("reviewer", REVIEWER.replace("_c", "-c"))
    assert fleet.omni("check", "--fix").code == 0
    assert run("git", "add", "-A").returncode == 0
    passed = run("pre-commit", "run", hook)
    assert passed.returncode == 0, passed


def test_the_manifest_of_the_hooks_is_valid():
    validated = subprocess.run(
        [Path(sys.executable).with_name("pre-commit"), "validate-manifest", ROOT / ".pre-commit-hooks.yaml"],
        capture_output=True,
        text=True,
    )
    assert (validated.returncode, validated.stdout) == (0, "")
