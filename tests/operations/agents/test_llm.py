"""Nodes whose tasks models do: what counts is published, what does not is a dead letter, and each says what it cost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from omni_assets.agents.attempts import Patience
from omni_assets.agents.events import from_record
from omni_assets.agents.task_receipt import TaskReceipt
from omni_assets.operations.agents.submitting import Submission, submit
from omni_assets.operations.agents.working import Worked, work
from omni_assets.operations.context import Context, resolve
from omni_assets.operations.provision import provision
from omni_assets.router.receipt import Outcome
from tests.support.model_endpoint import ModelEndpoint, answers, fails, tokens_of
from tests.support.routed_project import KEY, KEY_ENV, LABELLED, LEDGER, SMALL_ENV, write_routed_project
from tests.support.stranded import committed

pytestmark = pytest.mark.broker

ASKED, ANSWERED = "onex.cmd.sorter.sort-requested.v1", "onex.evt.sorter.sorted.v1"
LETTERS = "onex.dlq.sorter.dead-letter.v1"
SORTER = f"""\
name: sorter
handler: {{kind: llm, task_class: sorting}}
event_bus:
  subscribe_topics: [{ASKED}]
  publish_topics: [{ANSWERED}]
  dlq_topics: [{LETTERS}]
"""
REFUSAL = "I would rather not say."


class Desk:
    """A project whose node `sorter` asks a small model, which is free, and then a large one, which is not."""

    def __init__(self, folder: Path, address: str, small: ModelEndpoint, large: ModelEndpoint) -> None:
        write_routed_project(folder, large.base_url)
        (folder / "contracts" / "sorter").mkdir()
        (folder / "contracts" / "sorter" / "contract.yaml").write_text(SORTER, encoding="utf-8")
        self.small, self.large = small, large
        self._folder = folder
        self._address = address
        self._environ = {SMALL_ENV: small.base_url, KEY_ENV: KEY}
        provision(self.context(), self.context().manifest())

    def context(self) -> Context:
        environ = {**self._environ, "OMNI_HOME": str(self._folder / "state"), "OMNI_BOOTSTRAP_SERVERS": self._address}
        return resolve(environ=environ, folder=self._folder)

    def settings(self, text: str) -> None:
        (self._folder / "omni.toml").write_text(text, encoding="utf-8")

    def work(self, *data: Any) -> tuple[Worked, ...]:
        tasks = [Submission(topic=ASKED, data=each, id=f"e{number}") for number, each in enumerate(data)]
        submit(self.context(), tasks)
        quick = Patience(first_pause=0.01, longest_pause=0.01)
        return asyncio.run(work(self.context(), drain=True, patience=quick, environ=self._environ, concurrency=1))

    def receipts(self) -> list[TaskReceipt]:
        found = [TaskReceipt.model_validate_json(each.value() or b"") for each in committed(self._address, LEDGER, 3)]
        return sorted(found, key=lambda each: each.event_id)

    def answers(self) -> list[bytes]:
        found = committed(self._address, ANSWERED, 1)
        return [from_record(each.key(), each.value(), each.headers()).data for each in found]

    def letters(self) -> list[Any]:
        return committed(self._address, LETTERS, 1)


@pytest.fixture
def desk(tmp_path: Path, broker: Any) -> Iterator[Desk]:
    with ModelEndpoint() as small, ModelEndpoint() as large:
        yield Desk(tmp_path, broker.bootstrap_servers, small, large)


def task(text: str = "one or two?") -> dict[str, Any]:
    return {"inputs": {"text": text}}


def price(endpoint: ModelEndpoint, answer: str) -> Decimal:
    """What the large model asks for an answer: 1 USD for a million tokens that it reads, 10 for those it writes."""
    return (tokens_of(endpoint.chats[0].prompt) + 10 * tokens_of(answer)) * Decimal("0.000001")


def test_an_answer_is_published_when_its_gates_passed(desk: Desk) -> None:
    desk.small.otherwise = answers(LABELLED)
    desk.work(task())
    (receipt,) = desk.receipts()
    assert receipt.outcome == "done"
    assert receipt.routing is not None
    assert (receipt.routing.outcome, receipt.routing.model) == (Outcome.ACCEPTED, "small")
    assert receipt.routing.attempts[0].checks
    assert (receipt.cost_usd, receipt.handler) == (0, "llm")
    assert desk.answers() == [b'{"task_id":"e0","text":"{\\"label\\": \\"one\\"}"}']
    assert desk.large.chats == []


def test_what_a_gate_bars_is_never_published_and_what_comes_after_it_costs(desk: Desk) -> None:
    desk.small.otherwise, desk.large.otherwise = answers(REFUSAL), answers(LABELLED)
    desk.work(task())
    (receipt,) = desk.receipts()
    assert receipt.routing is not None
    assert [each.outcome for each in receipt.routing.attempts] == [Outcome.REJECTED, Outcome.ACCEPTED]
    assert receipt.cost_usd == receipt.routing.cost_usd == price(desk.large, LABELLED)
    assert len(desk.answers()) == 1
    assert REFUSAL.encode() not in desk.answers()[0]


def test_a_task_whose_answers_are_all_barred_is_a_dead_letter_with_the_chain_of_reasons(desk: Desk) -> None:
    desk.small.otherwise = desk.large.otherwise = answers(REFUSAL)
    desk.work(task())
    (receipt,), (letter,) = desk.receipts(), desk.letters()
    assert (receipt.outcome, len(receipt.attempts)) == ("dead-lettered", 1)
    assert receipt.routing is not None
    assert receipt.routing.outcome is Outcome.FAILED
    assert receipt.reason == receipt.routing.failure
    assert "small: barred by the gate valid-json" in receipt.reason
    assert "large: barred by the gate valid-json" in receipt.reason
    assert receipt.cost_usd == price(desk.large, REFUSAL)
    assert dict(letter.headers())["__connect.errors.exception.message"].decode() == receipt.reason
    assert (len(desk.small.chats), len(desk.large.chats)) == (1, 1)  # the same again would cost the same again
    assert desk.answers() == []


def test_an_answer_that_the_topic_does_not_take_is_paid_for_all_the_same(desk: Desk, tmp_path: Path) -> None:
    shaped = SORTER.replace(f"[{ANSWERED}]", f"[{{topic: {ANSWERED}, schema: {{required: [verdict]}}}}]")
    (tmp_path / "contracts" / "sorter" / "contract.yaml").write_text(shaped, encoding="utf-8")
    desk.small.otherwise, desk.large.otherwise = answers(REFUSAL), answers(LABELLED)
    desk.work(task())
    (receipt,) = desk.receipts()
    assert (receipt.outcome, "'verdict' is a required property" in receipt.reason) == ("dead-lettered", True)
    assert receipt.cost_usd == price(desk.large, LABELLED)
    assert receipt.routing is not None
    assert desk.answers() == []


def test_what_the_day_may_not_cost_is_not_asked_for(desk: Desk) -> None:
    desk.settings("[router.budget]\nper_day_usd = 0.000001\n")
    desk.small.otherwise, desk.large.otherwise = answers(REFUSAL), answers(LABELLED)
    desk.work(task())
    (receipt,) = desk.receipts()
    assert (receipt.outcome, receipt.cost_usd, desk.large.chats) == ("dead-lettered", 0, [])
    assert receipt.routing is not None
    (skipped,) = receipt.routing.skipped
    assert (skipped.model, "of the budget are left" in skipped.reason) == ("large", True)


def test_where_endpoints_fail_the_task_is_tried_again(desk: Desk) -> None:
    desk.small.otherwise, desk.large.otherwise = fails(503, "busy"), fails(503, "busy")
    desk.work(task())
    (receipt,) = desk.receipts()
    assert (receipt.outcome, len(receipt.attempts)) == ("dead-lettered", 3)
    assert all("HTTP 503: busy" in each.reason for each in receipt.attempts)
    assert (receipt.cost_usd, receipt.routing is not None, desk.answers()) == (0, True, [])


def test_an_event_that_is_no_task_asks_nobody_and_costs_nothing(desk: Desk) -> None:
    desk.work([1], {"inputs": 3})
    first, second = desk.receipts()
    assert first.reason == "its data is no JSON object with the fields of a task"
    assert second.reason.startswith("its data is no task: `inputs`: ")
    assert (first.cost_usd, second.cost_usd, desk.small.chats) == (0, 0, [])
    assert len(desk.letters()) == 2
