"""The rules, and the order of what they find."""

from __future__ import annotations

import re

from omni_assets.contracts import Location, rules
from omni_assets.contracts.findings import finding, in_order
from omni_assets.contracts.model import Rule
from omni_assets.contracts.rules import RULES


def test_every_rule_is_listed_once_with_its_own_code_and_name() -> None:
    defined = {value.code: value for value in vars(rules).values() if isinstance(value, Rule)}
    assert list(defined) != []
    assert sorted(defined) == [rule.code for rule in RULES]
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_rules_are_written_as_sentences() -> None:
    for rule in RULES:
        assert re.fullmatch(r"OM[0-7]\d\d", rule.code)
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)
        assert rule.summary[0].isupper()
        assert rule.summary.endswith(".")
        assert rule.explanation.endswith(".")


def test_findings_are_ordered_by_place_and_code() -> None:
    one = finding(RULES[1], "b.", Location("a", 2, 1))
    two = finding(RULES[0], "a.", Location("a", 2, 1))
    three = finding(RULES[0], "a.", Location("a", 10, 1))
    assert in_order([three, one, two]) == (two, one, three)
