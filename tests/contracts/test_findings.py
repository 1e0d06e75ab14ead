"""The rules, and the page that explains them."""

from __future__ import annotations

import re
from pathlib import Path

from omni_assets.contracts import Location, findings
from omni_assets.contracts.findings import finding, in_order
from omni_assets.contracts.model import Rule
from omni_assets.contracts.rules import RULES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "contracts.md"


def test_every_rule_is_listed_once_with_its_own_code_and_name() -> None:
    defined = [value for value in vars(findings).values() if isinstance(value, Rule)]
    assert sorted(defined, key=lambda rule: rule.code) == sorted(RULES, key=lambda rule: rule.code)
    assert len({rule.code for rule in RULES}) == len({rule.name for rule in RULES}) == len(RULES)


def test_rules_are_written_as_sentences() -> None:
    for rule in RULES:
        assert re.fullmatch(r"OM[012]\d\d", rule.code)
        assert re.fullmatch(r"[a-z]+(-[a-z]+)+", rule.name)
        assert rule.summary[0].isupper()
        assert rule.summary.endswith(".")
        assert rule.explanation.endswith(".")


def test_the_page_explains_every_rule() -> None:
    rows = re.findall(r"^\| (OM\d{3}) \| ([a-z-]+) \| (\w+) \| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    assert rows == [(rule.code, rule.name, rule.severity.value, rule.summary) for rule in RULES]


def test_findings_are_ordered_by_place_and_code() -> None:
    one = finding(RULES[1], "b.", Location("a", 2, 1))
    two = finding(RULES[0], "a.", Location("a", 2, 1))
    three = finding(RULES[0], "a.", Location("a", 10, 1))
    assert in_order([three, one, two]) == (two, one, three)
