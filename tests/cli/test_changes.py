"""``omni check --against``: in every format, in a real repository."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.cli.views.changes import change_lines, document
from omni_assets.cli.views.changes_markdown import MARK, MOST_CHARACTERS, code, markdown
from omni_assets.contracts import Contract, ContractTopicExtractor, Grammar
from omni_assets.contracts.changes.comparison import compare
from omni_assets.contracts.changes.findings import with_findings
from omni_assets.operations.changes import Comparison
from omni_assets.operations.git import Revision

OMNI = Path(sys.executable).with_name("omni")
DONE, FAILED, SCORED = "onex.evt.router.done.v1", "onex.evt.router.failed.v1", "onex.evt.router.scored.v1"
REVIEWED = "onex.evt.reviewer.reviewed.v1"
EXTRACTOR = ContractTopicExtractor()


class Repository(Protocol):
    """The fixture's type."""

    folder: Path

    def git(self, *arguments: str) -> str: ...
    def write(self, path: str, text: str) -> Path: ...
    def contract(self, node: str, **topics: list[str]) -> Path: ...
    def commit(self, message: str = ...) -> str: ...


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def against(repository: Repository) -> Callable[..., Ran]:
    """Runs ``omni check --against main`` with further arguments."""

    def run(*arguments: str, revision: str = "main") -> Ran:
        command = [str(OMNI), "check", "--against", revision, *arguments]
        ended = subprocess.run(command, cwd=repository.folder, capture_output=True, text=True, timeout=60)
        assert "Traceback" not in ended.stdout + ended.stderr
        return Ran(ended.returncode, ended.stdout, ended.stderr)

    return run


@pytest.fixture
def changed(repository: Repository) -> Repository:
    """A change of every kind: one topic renamed under its reader, one removed, one added, one with less retention."""
    repository.contract("router", publish_topics=[DONE, FAILED, SCORED])
    repository.contract("merger", subscribe_topics=[DONE, SCORED])
    repository.contract("auditor", subscribe_topics=[SCORED])
    repository.commit()
    settings = f"{{topic: {SCORED}, retention: 1h}}"
    repository.contract("router", publish_topics=["onex.evt.router.done.v2", settings])
    repository.contract("auditor", publish_topics=[REVIEWED])
    return repository


def test_text_groups_changes_by_kind(changed: Repository, against: Callable[..., Ran]) -> None:
    ran = against()
    assert (ran.code, ran.err) == (1, "")
    lines = ran.out.splitlines()
    titles = [line for line in lines if line[:1].isdigit()]
    assert titles[:-1] == ["1 removed", "1 renamed", "1 with other settings", "1 with other nodes", "1 added"]
    assert titles[-1].startswith(", ".join(titles[:-1]) + ": 1 error, 2 warnings, 1 note in 4 topics (")
    assert "contracts/merger/contract.yaml:4:7 `merger` still subscribes the old name" in ran.out
    assert "retention 7d -> 1h: a subscriber that is more than 1h behind loses records" in ran.out
    assert f"compared with main, at {changed.git('rev-parse', 'HEAD')[:10]}" == lines[0]


def test_a_schema_and_a_handler_are_shown_in_every_format(repository: Repository, against: Callable[..., Ran]) -> None:
    says = "name: router\nhandler: {{kind: python, entry: 'a:{0}'}}\nevent_bus:\n  publish_topics:\n    - topic: {1}\n"
    schema = "      schema: {{required: [{0}]}}\n"
    repository.write("contracts/router/contract.yaml", (says + schema).format("verdict", DONE))
    repository.contract("merger", subscribe_topics=[DONE])
    repository.commit()
    repository.write("contracts/router/contract.yaml", says.format("route", DONE) + schema.format("score"))
    shown = against()
    assert shown.code == 0
    assert "1 with another schema" in shown.out
    assert "$.score absent -> required: records without it, those that are unread too, no longer fit" in shown.out
    assert "entry a:verdict -> a:route" in shown.out
    assert against("--strict").code == 1
    kinds = {each["kind"]: each for each in json.loads(against("--format", "json").out)["changes"]}
    assert (kinds["schema"]["topic"], kinds["schema"]["node"]) == (DONE, None)
    assert (kinds["handler"]["topic"], kinds["handler"]["node"]) == ("", "router")
    assert [each["node"] for each in kinds["schema"]["hurts"]] == ["merger"]
    rows = against("--format", "markdown").out
    assert f"| warning OM506 | `{DONE}` | `$.score absent -> required`" in rows
    assert "| note OM507 | `router` | `entry a:verdict -> a:route`" in rows
    assert "title=OM506 schema-changed::" in against("--format", "github").out


def test_json_is_one_document(changed: Repository, against: Callable[..., Ran]) -> None:
    ran = against("--format", "json")
    told = json.loads(ran.out)
    assert ran.code == 1
    assert told["revision"] == "main"
    assert told["commit"] == told["tip"] == changed.git("rev-parse", "main")
    assert told["merge_base"] is False
    assert told["counts"] == {
        "removed": 1, "renamed": 1, "settings": 1, "schema": 0, "handler": 0, "nodes": 1, "added": 1,
            "error": 1, "warning": 2, "note": 1,
    }  # fmt: skip
    by_kind = {each["kind"]: each for each in told["changes"]}
    assert by_kind["renamed"] == {
        "kind": "renamed",
        "topic": "onex.evt.router.done.v2",
        "before": DONE,
        "after": "onex.evt.router.done.v2",
        "was": {"path": "contracts/router/contract.yaml", "line": 4},
        "now": {"path": "contracts/router/contract.yaml", "line": 4},
        "settings": [],
        "left": [],
        "joined": [],
        "hurts": [{"node": "merger", "role": "subscribes", "path": "contracts/merger/contract.yaml", "line": 4}],
        "severity": "error",
        "code": "OM501",
        "node": None,
    }
    (setting,) = by_kind["settings"]["settings"]
    assert (setting["name"], setting["before"], setting["after"]) == ("retention.ms", "604800000", "3600000")
    assert [each["node"] for each in by_kind["settings"]["hurts"]] == ["merger"]
    assert [each["node"] for each in by_kind["nodes"]["left"]] == ["auditor"]
    assert {each["code"] for each in told["findings"]} == {"OM501", "OM503", "OM504", "OM505"}


def test_markdown_is_a_comment(changed: Repository, against: Callable[..., Ran]) -> None:
    ran = against("--format", "markdown")
    assert ran.code == 1
    lines = ran.out.splitlines()
    assert lines[0] == MARK
    assert lines[1].startswith("### Topics: 1 removed, 1 renamed")
    assert f"| error OM501 | `{DONE}` → `onex.evt.router.done.v2` " in ran.out
    assert "`merger` still subscribes the old name `contracts/merger/contract.yaml:4`" in ran.out
    assert "<details>" not in ran.out


def test_annotations_stand_where_the_subscriber_is(changed: Repository, against: Callable[..., Ran]) -> None:
    ran = against("--format", "github")
    assert "::error file=contracts/merger/contract.yaml,line=4,col=7,title=OM501 removed-in-use::" in ran.out
    sarif = json.loads(against("--format", "sarif").out)
    assert "OM501" in {each["ruleId"] for each in sarif["runs"][0]["results"]}


def test_exit_codes(changed: Repository, against: Callable[..., Ran]) -> None:
    assert against("--ignore", "OM501").code == 0
    assert against("--ignore", "OM501", "--strict").code == 1
    changed.commit()
    clean = against("--strict")
    assert clean.code == 0
    assert clean.out.splitlines()[-1].startswith("no change in 4 topics")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--against", "nope"), "there is no revision `nope`"),
        (("--against=--all",), "there is no revision `--all`"),
        (("--against", ""), "it is empty"),
        (("--against", "main", "--fix"), "neither --fix nor --write-baseline"),
        (("--format", "markdown"), "with --against"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(changed: Repository, arguments: tuple[str, ...], said: str) -> None:
    ended = subprocess.run([str(OMNI), "check", *arguments], cwd=changed.folder, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 2


def test_outside_of_any_repository(changed: Repository, tmp_path: Path) -> None:
    shutil.copytree(changed.folder / "contracts", tmp_path / "alone" / "contracts")
    command = [str(OMNI), "check", "--against", "main"]
    ended = subprocess.run(command, cwd=tmp_path / "alone", capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "is not in a Git repository" in ended.stderr


def contract(path: str, node: str, published: list[str], subscribed: list[str] | None = None) -> Contract:
    event_bus = {"publish_topics": published, "subscribe_topics": subscribed or []}
    return EXTRACTOR.parsed(path, json.dumps({"name": node, "event_bus": event_bus}).encode())


def comparison(before: list[Contract], after: list[Contract], asked: str = "main") -> Comparison:
    old, new, grammar = EXTRACTOR.assemble(before), EXTRACTOR.assemble(after), Grammar()
    revision = Revision(asked, "1" * 40, "0" * 40, "/")
    return Comparison(revision, old, new, with_findings(compare(old, new, grammar), old, new, grammar, revision.label))


def many(number: int) -> list[str]:
    return [f"onex.evt.router.event-{index}.v1" for index in range(number)]


def test_a_long_table_is_folded() -> None:
    shown = markdown(comparison([], [contract("contract.yaml", "router", many(11))]))
    assert "<details><summary>11 added</summary>\n\n| severity" in shown
    assert shown.endswith("</details>\n")
    assert shown.count("event-") == 11


def test_a_comment_is_never_too_long_and_says_what_is_left_out() -> None:
    shown = markdown(comparison([contract("a.yaml", "router", many(3000))], [contract("b.yaml", "merger", many(1))]))
    assert MOST_CHARACTERS * 0.9 < len(shown) <= MOST_CHARACTERS
    rows = shown.count("OM505")
    assert f"… and {2999 - rows:,} more, which `omni check --against` lists." in shown


EVIL = "<img src=x> | @everyone #1 `x` ](http://x) *b*\n\n# head\x1b[31m\u202e -->"


def test_contracts_can_neither_forge_markdown_nor_call_people() -> None:
    before = [contract("a.yaml", "router", [DONE, FAILED])]
    after = [contract(f"{EVIL}/c.yaml", EVIL, [FAILED], [DONE])]
    shown = markdown(comparison(before, after, asked=EVIL))
    outside = outside_of_code(shown)
    for sign in ("<img", "@", "#1", "](", "*b*", "\x1b", "\u202e", "--> "):
        assert sign not in outside
    assert [line for line in shown.splitlines() if line.startswith("#")] == [shown.splitlines()[1]]
    for row in [line for line in shown.splitlines() if line.startswith("|")]:
        assert row.count("|") == 5


def outside_of_code(text: str) -> str:
    """What of Markdown text stands outside of code spans; fails where a line leaves one open."""
    kept = []
    for line in text.splitlines():
        pieces = line.split("`")
        assert len(pieces) % 2 == 1, line
        kept += pieces[::2]
    return "\n".join(kept)


@given(st.text())
def test_no_text_leaves_its_code_span(text: str) -> None:
    span = code(text)
    assert span[0] == span[-1] == "`"
    assert not set(span[1:-1]) & set("`|\n\r")
    assert len(span) > 2


@pytest.mark.parametrize("width", [80, 200])
def test_lines_fit_the_terminal(width: int) -> None:
    longest = "onex.evt.router." + "-".join(["word"] * 46) + ".v1"
    shown = change_lines(
        comparison([contract("a.yaml", "router", [DONE])], [contract(EVIL, "m", [longest], [DONE])]), width
    )
    texts = ["".join(text for text, _ in line) for line in shown]
    assert max(map(len, texts)) <= width
    assert not any("\x1b" in text or "\n" in text for text in texts)
    assert any(style == "red" for line in shown for _, style in line)


def test_a_merge_base_is_named() -> None:
    found = comparison([], [contract("a.yaml", "router", [DONE])])
    assert change_lines(found, None)[0][0][0] == "compared with 0000000000, where HEAD parted from main"
    assert "compared with `0000000000`, where this branch parted from `main`." in markdown(found)
    told: Mapping[str, Any] = document(found)
    assert (told["merge_base"], told["commit"], told["tip"]) == (True, "0" * 40, "1" * 40)
