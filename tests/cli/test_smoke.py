"""``omni smoke`` as its users drive it."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.broker

WRONG = """\
name: wrong
handler: {kind: python, entry: "json:lodas"}
event_bus:
  subscribe_topics:
    - topic: onex.cmd.wrong.go.v1
      example: {text: a}
"""


def test_what_works_and_what_does_not(project):
    ran = project.omni("smoke")
    assert ran.code == 0, ran.out
    assert re.search(r"^\d+ of \d+ topics and 0 of 0 handlers work \(\d+\.\d\d s\)$", ran.out, re.MULTILINE)
    project.contract("wrong", WRONG)
    ran = project.omni("smoke", "--format", "json")
    assert ran.code == 1
    (handler,) = ran.document["handlers"]
    assert (handler["name"], handler["works"]) == ("wrong on onex.cmd.wrong.go.v1", False)
    assert "perhaps `loads` is meant" in handler["why"]
    assert all(each["works"] for each in ran.document["topics"])


def test_a_contract_with_errors_is_told_and_fails_it(project):
    project.contract("broken", "name: [")
    ran = project.omni("smoke")
    assert ran.code == 1
    assert "1 error" in ran.err
