"""Each node has a topic of its own for the answers of people."""

from __future__ import annotations

import pytest

from omni_assets.contracts import ContractTopicExtractor
from omni_assets.contracts.model import Finding
from omni_assets.contracts.wiring.answers import answer_findings

NODE = """\
name: {0}
handler: {{kind: python, entry: "agents:{0}", approvals: {{requests: {1}, answers: {2}}}}}
event_bus: {{subscribe_topics: [onex.evt.tester.passed.v1]}}
"""
ASKED, ANSWER = "onex.evt.person.asked.v1", "onex.cmd.person.answer.v1"


def found(*nodes: tuple[str, str, str]) -> list[Finding]:
    reader = ContractTopicExtractor()
    contracts = [
        reader.parsed(f"{number}/contract.yaml", NODE.format(*each).encode()) for number, each in enumerate(nodes)
    ]
    assert all(each.handler is not None for each in contracts)
    return list(answer_findings(reader.assemble(contracts)))


@pytest.mark.parametrize("requests", [ASKED, "onex.evt.merger.asked.v1"])
def test_one_topic_for_the_answers_of_two_nodes_is_told_with_both_places(requests: str) -> None:
    (shared,) = found(("reviewer", ASKED, ANSWER), ("merger", requests, ANSWER))
    assert (shared.rule.name, shared.severity, shared.topic) == ("shared-answers", "error", ANSWER)
    assert str(shared.location) == "1/contract.yaml:2:10"
    assert [str(place) for place, _ in shared.related] == ["0/contract.yaml:2:10"]
    assert shared.message == (
        f"`merger` takes answers from `{ANSWER}`, and so does `reviewer`: each answer becomes a dead letter of the one "
        "that did not ask."
    )


def test_several_nodes_may_ask_in_one_topic() -> None:
    assert found(("reviewer", ASKED, ANSWER), ("merger", ASKED, "onex.cmd.merger.answer.v1")) == []


def test_a_node_with_two_contracts_is_one_node() -> None:
    assert found(("reviewer", ASKED, ANSWER), ("reviewer", ASKED, ANSWER)) == []
