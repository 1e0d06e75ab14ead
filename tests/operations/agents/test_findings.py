"""`omni check` names what is wrong with handlers and payloads, as far as contracts alone do not show it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from omni_assets.contracts.model import Elsewhere, Finding
from omni_assets.contracts.rules import CONFLICTING_SCHEMAS, INVALID_TASK_CLASS, UNFIT_EXAMPLE, UNKNOWN_TASK_CLASS
from omni_assets.operations.check import check, scope
from omni_assets.operations.context import resolve

QUIET = {"OM201", "OM202", "OM601"}


def text(example: object) -> str:
    assert isinstance(example, Elsewhere)
    return example.text


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one node, and the task class `code-review`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "contracts" / "node").mkdir(parents=True)
    (tmp_path / "contracts" / "task_classes").mkdir()
    (tmp_path / "contracts" / "task_classes" / "code-review.yaml").write_text(
        text(INVALID_TASK_CLASS.mended).replace("name: summarization", "name: code-review")
    )
    return tmp_path


def told(project: Path, contract: str, *paths: str) -> list[Finding]:
    (project / "contracts" / "node" / "contract.yaml").write_text(contract)
    report = check(scope(resolve(environ={}, folder=project), paths))
    return [each for each in report.findings if each.rule.code not in QUIET]


def stating(schema: str) -> str:
    return f"name: echo\nevent_bus:\n  publish_topics:\n    - topic: onex.evt.echo.done.v1\n      {schema}\n"


@pytest.mark.parametrize("rule", [UNKNOWN_TASK_CLASS, UNFIT_EXAMPLE], ids=lambda rule: rule.code)
def test_the_examples_of_the_rules_break_them_until_they_are_mended(rule, project: Path) -> None:
    assert [each.rule for each in told(project, text(rule.example))] == [rule]
    assert told(project, text(rule.mended)) == []


def test_the_class_that_was_meant_is_said(project: Path) -> None:
    (unknown,) = told(project, text(UNKNOWN_TASK_CLASS.example))
    assert str(unknown.location) == "contracts/node/contract.yaml:2:10"
    assert unknown.message == (
        "the handler of `reviewer` names the task class `code-reveiw`, which `contracts/task_classes` lacks."
    )
    assert unknown.fix == "write `code-review`"


def test_a_class_with_a_flaw_is_told_once(project: Path) -> None:
    (project / "contracts" / "task_classes" / "code-review.yaml").write_text("name: [")
    assert [each.rule for each in told(project, text(UNKNOWN_TASK_CLASS.mended))] == [INVALID_TASK_CLASS]


def test_without_any_class_each_is_unknown(project: Path) -> None:
    (project / "contracts" / "task_classes" / "code-review.yaml").unlink()
    (project / "contracts" / "task_classes").rmdir()
    assert [each.rule for each in told(project, text(UNKNOWN_TASK_CLASS.mended))] == [UNKNOWN_TASK_CLASS]


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ("schema: {type: objekt}", "the schema is none: "),
        ("schema: {$ref: 'https://example.com/a.json'}", "which is not there, and nothing is fetched"),
        ("schema_ref: absent.json", "this file cannot be read"),
        ("schema_ref: broken.json", "`broken.json` is no JSON: "),
        ("schema_ref: list.json", "`list.json` holds no mapping, and a JSON schema is one"),
        ("schema_ref: ../out.json", "`../out.json` leads out of the folder of this contract"),
    ],
)
def test_a_schema_that_is_none_is_told_once(schema: str, said: str, project: Path) -> None:
    (project / "contracts" / "node" / "broken.json").write_text("{")
    (project / "contracts" / "node" / "list.json").write_text("[]")
    (found,) = told(project, stating(schema))
    assert (found.rule.name, found.severity, found.topic) == ("invalid-schema", "error", "onex.evt.echo.done.v1")
    assert said in found.message
    assert found.location.line == 5


def test_a_schema_beside_the_contract_judges_the_example(project: Path) -> None:
    (project / "contracts" / "node" / "done.json").write_text('{"required": ["text"]}')
    assert told(project, stating("schema_ref: done.json\n      example: {text: a}")) == []
    (found,) = told(project, stating("schema_ref: done.json\n      example: {}"))
    assert found.rule is UNFIT_EXAMPLE
    assert found.message.endswith("does not fit its schema: at `$`: 'text' is a required property.")


def test_contracts_that_disagree_are_told_with_both_places(project: Path) -> None:
    one, two = text(CONFLICTING_SCHEMAS.example).split("---\n")
    (project / "contracts" / "console").mkdir()
    (project / "contracts" / "console" / "contract.yaml").write_text(one)
    (found,) = told(project, two)
    assert (found.rule, str(found.location)) == (CONFLICTING_SCHEMAS, "contracts/node/contract.yaml:5:15")
    assert [str(place) for place, _ in found.related] == ["contracts/console/contract.yaml:5:15"]
    (project / "contracts" / "console" / "contract.yaml").write_text(one.replace("[message]", '["text"]'))
    assert told(project, two) == []


def test_without_the_judge_a_schema_is_unknown_and_not_well(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("jsonschema", "jsonschema.exceptions", "referencing.exceptions"):
        monkeypatch.setitem(sys.modules, name, None)
    (found,) = told(project, stating("schema: {type: object}"))
    assert (found.rule.name, found.severity) == ("invalid-schema", "warning")
    assert "judging the schema of `onex.evt.echo.done.v1`" in found.message
