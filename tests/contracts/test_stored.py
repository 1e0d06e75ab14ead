"""Contracts and findings survive being stored."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.contracts import Contract, ContractTopicExtractor, Grammar
from omni_assets.contracts.model import Finding, Location, Severity
from omni_assets.contracts.rules import RULES
from omni_assets.contracts.stored import restored, restored_findings, stored, stored_findings
from omni_assets.contracts.wiring.findings import wiring_findings

RICH = """\
name: router
description: Routes each task.
terminal_event: onex.evt.router.all-done.v1
event_bus:
  subscribe_topics: [onex.cmd.router.go.v1, onex.cmd.router.go_on.v1, "onex.evt.{who}.x.v1"]
  subscribe_topic_metadata:
    onex.cmd.router.go.v1: {external_publisher: {repo: other}}
  publish_topics:
    - topic: onex.evt.router.done.v1
      partitions: 3
      keyed: false
      expected_every: 1d
      retention: 7d
      colour: red
      config: {cleanup.polcy: compact}
      schema: {type: object}
      example: {text: hello}
    - onex.intent.router.merge.v1
    - topic: onex.evt.router.failed.v1
      schema_ref: ../failed.json
name: again
handler:
  kind: python
  entry: "a.b:c"
  effects: [merge]
  approvals: {requests: onex.evt.router.asked.v1, answers: onex.cmd.router.answer.v1}
after: [reviewer, tester]
"""


def test_a_contract_comes_back_as_it_was(read: Callable[..., Contract]) -> None:
    contract = read(RICH)
    assert contract.description
    assert contract.misnamed
    assert contract.outside
    assert contract.findings
    assert contract.handler
    assert contract.order
    assert [each.flaw != "" for each in contract.payloads] == [False, True]
    assert restored(stored(contract), contract.location.path) == contract


def test_the_path_is_the_readers(read: Callable[..., Contract]) -> None:
    contract = read(RICH)
    moved = restored(stored(contract), "elsewhere/contract.yaml")
    assert moved is not None
    assert moved.handler is not None
    placed = (*moved.declarations, *moved.findings, *moved.misnamed, *moved.outside, *moved.order, *moved.payloads)
    assert {each.location.path for each in (*placed, moved.handler)} == {"elsewhere/contract.yaml"}
    assert contract.location.path not in stored(contract)


def test_every_contract_of_the_corpus_comes_back(corpus: Path) -> None:
    manifest = ContractTopicExtractor().extract([str(corpus)])
    for contract in manifest.contracts:
        assert restored(stored(contract), contract.location.path) == contract
    found = wiring_findings(manifest, Grammar())
    assert restored_findings(stored_findings(found)) == found


@pytest.mark.parametrize("text", [None, "", "{}", "[]", "nul", '["a",[1,2]]', "[" * 5000, json.dumps([1] * 7)])
def test_what_was_not_stored_is_not_restored(text: str | None) -> None:
    assert restored(text, "contract.yaml") is None
    assert restored_findings(text) in (None, ())


PLACES = st.builds(Location, st.text(max_size=8), st.integers(1, 9), st.integers(1, 9))
FINDINGS = st.builds(
    Finding,
    st.sampled_from(RULES),
    st.text(),
    PLACES,
    st.sampled_from(Severity),
    st.none() | st.text(),
    st.lists(st.tuples(PLACES, st.text()), max_size=3).map(tuple),
    st.text(),
    st.lists(st.text(), max_size=3).map(tuple),
)


@given(st.lists(FINDINGS, max_size=5).map(tuple))
def test_any_findings_come_back(findings: tuple[Finding, ...]) -> None:
    assert restored_findings(stored_findings(findings)) == findings
