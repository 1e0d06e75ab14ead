"""Rules by the names that people give them."""

from __future__ import annotations

import pytest

from omni_assets.contracts.rules import NEAR_MISS, RULES
from omni_assets.contracts.rules.names import UnknownRule, codes_named, rule_named, rules_named


@pytest.mark.parametrize("text", ["OM203", "om203", "near-miss", "Near-Miss", " near-miss "])
def test_a_rule_by_code_or_name_in_capitals_or_not(text: str) -> None:
    assert rule_named(text) is NEAR_MISS
    assert rules_named(text) == (NEAR_MISS,)


def test_every_rule_is_found_by_its_code_and_by_its_name() -> None:
    for rule in RULES:
        assert rule_named(rule.code) is rule_named(rule.name) is rule


def test_prefixes_name_families() -> None:
    assert rules_named("OM") == RULES
    assert codes_named(["OM2"]) == {rule.code for rule in RULES if rule.code.startswith("OM2")}
    assert codes_named(["om20", "OM101"]) == {*codes_named(["OM2"]), "OM101"}


@pytest.mark.parametrize("text", ["", "OM9", "OM2033", "2", "miss", "OM20x", "near_miss"])
def test_what_names_no_rule_says_so(text: str) -> None:
    with pytest.raises(UnknownRule, match=f"there is no rule `{text}`"):
        rules_named(text)


@pytest.mark.parametrize("text", ["OM", "OM2"])
def test_a_prefix_is_no_single_rule(text: str) -> None:
    with pytest.raises(UnknownRule):
        rule_named(text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("near-mis", "; did you mean `near-miss`?"),
        ("OM29", "; did you mean `OM201` or `OM202`?"),
        ("om2034", "; did you mean `OM203`?"),
        ("OM999", "."),
        ("zzz", "."),
        ("\x1b[31m", "."),
    ],
)
def test_the_message_suggests_what_was_perhaps_meant(text: str, hint: str) -> None:
    shown = text.replace("\x1b", "\\x1b")
    assert str(UnknownRule(text)) == f"there is no rule `{shown}`{hint}"
