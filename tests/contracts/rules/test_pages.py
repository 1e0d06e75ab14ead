"""The pages of the rules: whole, and as they stand in docs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from omni_assets.contracts.model import Rule
from omni_assets.contracts.rules import JUDGING_RULES, RULES
from omni_assets.contracts.rules.pages import page, pages, rule_document, table

DOCS = Path(__file__).resolve().parents[3] / "docs"


def test_the_pages_in_docs_are_those_of_the_rules() -> None:
    """`omni rule --write docs/rules` makes them so."""
    present = {path.name: path.read_text(encoding="utf-8") for path in (DOCS / "rules").iterdir()}
    assert present == dict(pages())


def test_writing_contracts_lists_every_rule() -> None:
    assert table(folder="rules/") in (DOCS / "contracts.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_page_holds_everything_about_its_rule(rule: Rule) -> None:
    text = page(rule)
    assert text.startswith(f"# {rule.code} {rule.name}\n")
    assert f"Severity: {rule.severity}" in text
    assert f"**{rule.summary}** {rule.explanation}" in text
    assert text.count("```") % 2 == 0
    for example in (rule.example, rule.mended):
        assert example.text.split("---\n")[0].rstrip("\n") in text
    assert (f'code = "{rule.code}"' in text) is (rule not in JUDGING_RULES)
    assert text.endswith(".\n")


def test_a_rule_as_a_document() -> None:
    for rule in RULES:
        document = json.loads(json.dumps(rule_document(rule)))
        assert (document["code"], document["rule"], document["severity"]) == (rule.code, rule.name, rule.severity)
        assert document["example"] != document["mended"]
        assert {"language", "text"} == set(document["example"][0])
