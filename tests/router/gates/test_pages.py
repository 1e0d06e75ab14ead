"""The pages of the gates: whole, as they stand in docs, and true."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from omni_assets.contracts.rules import RULES
from omni_assets.router.gates.gate import Gate, Verdict
from omni_assets.router.gates.pages import gate_document, page, pages, table, usage
from omni_assets.router.gates.table import GATES, bind
from omni_assets.router.task_class import GateUse
from omni_assets.router.values import FinishReason

DOCS = Path(__file__).resolve().parents[3] / "docs"
EACH = pytest.mark.parametrize("gate", GATES.values(), ids=lambda gate: gate.id)


@EACH
@pytest.mark.parametrize("verdict", [Verdict.PASSED, Verdict.FAILED])
def test_the_examples_are_judged_as_the_page_says(gate: Gate[Any], verdict: Verdict, held: Any) -> None:
    """``held`` normalises an output as the router does, so this is what a receipt would say."""
    given = gate.given
    check = held(
        gate.id,
        gate.passes if verdict is Verdict.PASSED else gate.fails,
        given.parameters,
        task=given.task,
        output_format=given.output_format,
        answer_key=given.answer_key,
        finish_reason=FinishReason.STOP if verdict is Verdict.PASSED else given.failing,
        prompt=given.prompt,
        earlier=given.earlier,
        checks=given.checks,
        scorer=given.scorer,
    )
    assert (check.verdict, check.gate, check.version) == (verdict, gate.id, gate.version), check.evidence
    assert check.evidence or verdict is Verdict.PASSED


def test_the_pages_in_docs_are_those_of_the_gates() -> None:
    """`omni docs --write docs/gates` makes them so."""
    present = {path.name: path.read_text(encoding="utf-8") for path in (DOCS / "gates").iterdir()}
    assert present == dict(pages())


@EACH
def test_a_page_holds_everything_about_its_gate(gate: Gate[Any]) -> None:
    text = page(gate)
    assert text.startswith(f"# {gate.id}\n")
    assert f"**{gate.summary}** {gate.explanation}" in text
    assert gate.summary.endswith(".")
    assert gate.explanation.endswith(".")
    assert gate.passes in text
    assert gate.fails in text
    assert all(f"| `{name}` |" in text for name in gate.parameters.model_fields)
    assert f"[{gate.id}]({gate.id}.md)" in table([gate])


@EACH
def test_what_to_write_into_a_class_can_be_read_back(gate: Gate[Any]) -> None:
    [use] = yaml.safe_load(usage(gate))["gates"]
    assert bind(GateUse.model_validate(use)).gate is gate


@EACH
def test_a_gate_as_a_document(gate: Gate[Any]) -> None:
    document = json.loads(json.dumps(gate_document(gate)))
    assert (document["gate"], document["version"], document["summary"]) == (gate.id, gate.version, gate.summary)
    assert set(document["parameters"]) == set(gate.parameters.model_fields)


def test_no_gate_has_the_name_of_a_rule() -> None:
    """`omni docs NAME` knows both."""
    assert GATES.keys().isdisjoint({rule.name for rule in RULES} | {rule.code for rule in RULES})
