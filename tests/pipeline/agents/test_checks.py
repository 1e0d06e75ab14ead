"""What is wrong with tasks on the bus is found, by what really stands in the ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
from confluent_kafka import Producer

from omni_assets.agents.task_receipt import (
    SCHEMA_NAME,
    Answer,
    TaskApproval,
    TaskOutcome,
    TaskReceipt,
)
from omni_assets.operations.agents.projecting import project_ledger
from omni_assets.pipeline.agents.checks import judged
from omni_assets.pipeline.agents.keys import TASKS
from omni_assets.pipeline.definitions import build
from omni_assets.pipeline.resources import ProjectResource
from tests.pipeline.agents.conftest import ASKED, LEDGER

pytestmark = [pytest.mark.dagster, pytest.mark.broker]

ONCE, LETTERS, PEOPLE = "every_task_ended_once", "no_dead_letters_lately", "nothing_waits_for_a_person_for_long"
Noted = Callable[..., None]
Results = Callable[[], dict[str, dg.AssetCheckResult]]


def receipt(id_: str, hours_ago: float = 0.0, **fields: Any) -> TaskReceipt:
    at = datetime.now(UTC) - timedelta(hours=hours_ago)
    given: dict[str, Any] = {
        "event_id": f"e-{id_}",
        "event_source": "/tests",
        "node": "echo",
        "handler": "python",
        "topic": ASKED,
        "partition": 0,
        "offset": 0,
        "key": "k",
        "correlation_id": "c",
        "causation_id": "c",
        "started_at": at,
        "ended_at": at,
        "outcome": TaskOutcome.DONE,
        "attempts": (),
        "reason": "",
        "results": (),
        "duplicate_of": None,
        "routing": None,
        "cost_usd": 0,
    }
    return TaskReceipt.model_validate({"id": id_, **given, **fields})


@pytest.fixture
def note(broker: Any) -> Noted:
    """Writes receipts into the ledger."""

    def write(*receipts: TaskReceipt) -> None:
        producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "log_level": 0})
        for each in receipts:
            producer.produce(
                LEDGER, each.model_dump_json().encode(), b"k", headers=[("ce_dataschema", SCHEMA_NAME.encode())]
            )
        assert producer.flush(10) == 0

    return write


@pytest.fixture
def results(agents: ProjectResource) -> Results:
    def of_all() -> dict[str, dg.AssetCheckResult]:
        where = agents.context()
        assert project_ledger(where, where.manifest()) is not None
        return {each.check_name or "": each for each in judged(where)}

    return of_all


def listed(result: dg.AssetCheckResult, table: str) -> list[dict[str, Any]]:
    return [each.data for each in result.metadata[table].records]


def test_without_any_task_nothing_is_wrong(agents: ProjectResource, results: Results) -> None:
    assert {each.passed for each in judged(agents.context())} == {True}
    assert {name: each.passed for name, each in results().items()} == {ONCE: True, LETTERS: True, PEOPLE: True}


def test_a_receipt_that_stands_in_the_ledger_twice_is_an_error(note: Noted, results: Results) -> None:
    note(receipt("a"), receipt("b"), receipt("a"), receipt("b", outcome=TaskOutcome.FAILED, reason="no"))
    found = results()[ONCE]
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert sorted((each["receipt"], each["outcome"]) for each in listed(found, "receipts_once_more")) == [
        ("a", "done"),
        ("b", "failed"),
    ]


def test_what_failed_lately_is_a_warning_until_it_was_given_again(note: Noted, results: Results) -> None:
    bad = {"reason": "no such\nbranch"}
    note(
        receipt("old", 25, outcome=TaskOutcome.DEAD_LETTERED, **bad),
        receipt("a", 23, outcome=TaskOutcome.DEAD_LETTERED, **bad),
        receipt("b", 1, outcome=TaskOutcome.FAILED, **bad),
        receipt("c", 1, outcome=TaskOutcome.DUPLICATE, duplicate_of="b"),
    )
    found = results()[LETTERS]
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert [each["receipt"] for each in listed(found, "failed_tasks")] == ["b", "a"]
    assert "\n" not in listed(found, "failed_tasks")[0]["reason"]
    note(receipt("d", requeue_of="a"), receipt("e", outcome=TaskOutcome.DEAD_LETTERED, requeue_of="b", **bad))
    assert [each["receipt"] for each in listed(results()[LETTERS], "failed_tasks")] == ["e"]


def test_a_question_that_waits_too_long_is_a_warning_until_it_is_answered(
    note: Noted, results: Results, agents: ProjectResource
) -> None:
    def asked(id_: str) -> dict[str, Any]:
        return {"outcome": TaskOutcome.WAITING, "approval": TaskApproval(id=id_, content_sha256="0" * 64)}

    note(receipt("a", 30, **asked("qa")), receipt("b", 25, **asked("qb")), receipt("c", 23, **asked("qc")))
    found = results()[PEOPLE]
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert [each["receipt"] for each in listed(found, "waiting_tasks")] == ["a", "b"]
    answered = TaskApproval(id="qa", content_sha256="0" * 64, answer=Answer.REJECTED, by="somebody")
    note(receipt("d", approval=answered))
    assert [each["receipt"] for each in listed(results()[PEOPLE], "waiting_tasks")] == ["b"]


def test_checks_are_executed_by_themselves(
    note: Noted, results: Results, agents: ProjectResource, instance: dg.DagsterInstance
) -> None:
    note(receipt("a"), receipt("a"))
    assert results()[ONCE].passed is False
    job = build(agents).resolve_implicit_global_asset_job_def()
    chosen = job.get_subset(asset_check_selection={dg.AssetCheckKey(TASKS, ONCE)})
    run = chosen.execute_in_process(instance=instance)
    assert [(each.check_name, each.passed) for each in run.get_asset_check_evaluations()] == [(ONCE, False)]
