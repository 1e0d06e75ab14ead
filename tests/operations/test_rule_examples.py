"""The example of every rule breaks it, and the same mended does not: checked for real."""

from __future__ import annotations

from pathlib import Path

import pytest

from omni_assets.contracts.model import Contracts, Elsewhere, Example, Rule
from omni_assets.contracts.rules import EXPIRED_EXEMPTION, RULES, UNUSED_EXEMPTION
from omni_assets.operations.check import check, scope
from omni_assets.operations.context import resolve

IN_CONTRACTS = [rule for rule in RULES if isinstance(rule.example, Contracts)]
IN_SETTINGS = [EXPIRED_EXEMPTION, UNUSED_EXEMPTION]
TEMPLATE = "name: mailer\nevent_bus:\n  publish_topics: ['onex.evt.mailer.inbox-{agent_id}.v1']\n"


@pytest.fixture
def codes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The codes that a check of an example finds, in a project whose settings name a registry."""
    monkeypatch.chdir(tmp_path)

    def found(example: Example) -> set[str]:
        texts = example.texts if isinstance(example, Contracts) else [TEMPLATE]
        for number, text in enumerate(texts):
            folder = tmp_path / "contracts" / ("mailer" if isinstance(example, Elsewhere) else str(number))
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "contract.yaml").write_text(text, encoding="utf-8")
        settings = "[registry]\npath = 'topics.py'\n" if isinstance(example, Contracts) else example.text
        (tmp_path / "omni.toml").write_text(settings, encoding="utf-8")
        report = check(scope(resolve(environ={}, folder=tmp_path), ()))
        for path in (tmp_path / "contracts").rglob("*.yaml"):
            path.unlink()
        return {each.rule.code for each in report.findings}

    return found


@pytest.mark.parametrize("rule", IN_CONTRACTS, ids=lambda rule: rule.code)
def test_an_example_in_contracts_breaks_its_rule_until_it_is_mended(rule: Rule, codes) -> None:
    assert rule.code in codes(rule.example)
    assert isinstance(rule.mended, Contracts)
    assert rule.code not in codes(rule.mended)


@pytest.mark.parametrize("rule", IN_SETTINGS, ids=lambda rule: rule.code)
def test_an_example_in_the_settings_breaks_its_rule_until_it_is_mended(rule: Rule, codes) -> None:
    assert rule.code in codes(rule.example)
    assert codes(rule.mended) & {each.code for each in IN_SETTINGS} == set()


def test_only_what_lies_outside_contracts_and_settings_is_told_in_words() -> None:
    # The registry, revisions, routing, and handlers with the project's task classes: each with tests of its own.
    elsewhere = ("OM4", "OM5", "OM6", "OM7")
    told = {rule.code for rule in RULES if rule not in IN_CONTRACTS + IN_SETTINGS}
    # The bytes of a file and the permissions of a folder.
    assert {code for code in told if not code.startswith(elsewhere)} == {"OM001", "OM007"}
