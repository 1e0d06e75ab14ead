"""What a worker knows of its node's tasks from the ledger, whoever else is about to write there."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import NewTopic

from omni_assets.agents.events import source_of
from omni_assets.agents.seen import Claim, identity
from omni_assets.agents.task_receipt import SCHEMA_NAME, TaskOutcome, TaskReceipt
from omni_assets.operations.agents.noted import Known, known, task_receipts
from omni_assets.operations.context import Context, resolve
from tests.support.task_receipts import NOW, receipt

pytestmark = pytest.mark.broker

NODE = "echo"
_NUMBERS = itertools.count(1)


@pytest.fixture
def ledger(module_broker: Any) -> str:
    """A topic with one partition that no other test has."""
    name = f"onex.evt.recorder.noted-{next(_NUMBERS)}.v1"
    for made in module_broker.client.create_topics([NewTopic(name, 1, 1)]).values():
        made.result(20)
    return name


@pytest.fixture
def context(tmp_path: Path, module_broker: Any) -> Context:
    environ = {"OMNI_HOME": str(tmp_path / "state"), "OMNI_BROKER_TIMEOUT": "5"}
    return resolve([], bootstrap_servers=module_broker.bootstrap_servers, environ=environ, folder=tmp_path)


@pytest.fixture
def producer(module_broker: Any) -> Iterator[Callable[[], Producer]]:
    """Makes producers within a transaction."""
    made: list[Producer] = []

    def begun() -> Producer:
        name = f"noted-{next(_NUMBERS)}"
        producer = Producer(
            {"bootstrap.servers": module_broker.bootstrap_servers, "transactional.id": name, "log_level": 0}
        )
        producer.init_transactions(10)
        producer.begin_transaction()
        made.append(producer)
        return producer

    yield begun
    for each in made:
        each.purge()


def write(producer: Producer, ledger: str, *receipts: TaskReceipt | bytes) -> None:
    for each in receipts:
        value = each.model_dump_json().encode() if isinstance(each, TaskReceipt) else each
        headers = {"ce_dataschema": SCHEMA_NAME, "ce_source": source_of(NODE)}
        producer.produce(ledger, value, b"k", partition=0, headers={**headers})
    producer.flush(10)


def of(context: Context, ledger: str, since: Mapping[int, int] = MappingProxyType({})) -> Known:
    return known(context.connection, ledger, 1, NODE, window=timedelta(days=1), since=since)


def first(found: Known, event: str) -> str | None:
    """The receipt of the task that had an event before."""
    earlier = found.seen.claim(Claim(identity("/tests", event), b"", "another", NOW))
    return earlier.receipt if earlier else None


def test_what_another_one_began_to_write_hides_nothing_that_was_worked_on(
    context: Context, ledger: str, producer: Callable[[], Producer]
) -> None:
    """A transaction that nobody ends holds committed records behind it back, for as long as the broker lets it."""
    before, killed, after = producer(), producer(), producer()
    write(before, ledger, receipt("r1"))
    before.commit_transaction(10)
    write(killed, ledger, receipt("r2", node="another"))
    later = NOW + timedelta(seconds=1)
    write(after, ledger, receipt("r3", outcome=TaskOutcome.DEAD_LETTERED, ended_at=later))
    after.commit_transaction(10)
    found = of(context, ledger)
    assert [first(found, event) for event in ("e-r1", "e-r3")] == ["r1", "r3"]
    assert (found.outcomes, found.hidden) == ((TaskOutcome.DONE,), (TaskOutcome.DEAD_LETTERED,))
    assert [each.id for each in task_receipts(context.connection, ledger, 1)] == ["r1"], "others wait for it"


def test_what_was_not_committed_and_nothing_hides_is_not_known(
    context: Context, ledger: str, producer: Callable[[], Producer]
) -> None:
    aborted, after = producer(), producer()
    write(aborted, ledger, receipt("r1"))
    aborted.abort_transaction(10)
    write(after, ledger, receipt("r2"))
    after.commit_transaction(10)
    found = of(context, ledger)
    assert [first(found, event) for event in ("e-r1", "e-r2")] == [None, "r2"]


def test_a_task_that_is_told_twice_ended_once(context: Context, ledger: str, producer: Callable[[], Producer]) -> None:
    """Of what is not committed a task may be told, and again by whoever does it anew."""
    killed, after = producer(), producer()
    write(killed, ledger, receipt("r1", outcome=TaskOutcome.DEAD_LETTERED))
    write(after, ledger, receipt("r1"))
    after.commit_transaction(10)
    assert of(context, ledger).hidden == (TaskOutcome.DONE,)


def test_what_was_told_is_not_read_again_and_what_was_hidden_is(
    context: Context, ledger: str, producer: Callable[[], Producer]
) -> None:
    before, slow, after = producer(), producer(), producer()
    write(before, ledger, receipt("r1"))
    before.commit_transaction(10)
    write(slow, ledger, receipt("r2", outcome=TaskOutcome.DEAD_LETTERED))
    write(after, ledger, receipt("r3"))
    after.commit_transaction(10)
    at_first = of(context, ledger)
    slow.commit_transaction(10)
    then = of(context, ledger, at_first.upto)
    assert [first(then, event) for event in ("e-r1", "e-r2", "e-r3")] == [None, "r2", "r3"]
    assert sorted((*then.outcomes, *then.hidden)) == [TaskOutcome.DEAD_LETTERED, TaskOutcome.DONE]
    assert then.hidden == () == of(context, ledger, then.upto).outcomes


def test_a_ledger_that_was_made_anew_is_read_from_its_beginning(
    context: Context, ledger: str, producer: Callable[[], Producer]
) -> None:
    others = producer()
    write(others, ledger, receipt("r1"))
    others.commit_transaction(10)
    assert first(of(context, ledger, {0: 1_000}), "e-r1") == "r1"


def test_a_receipt_whose_time_has_no_zone_is_none(
    context: Context, ledger: str, producer: Callable[[], Producer]
) -> None:
    others = producer()
    zoneless = receipt("r1").model_dump_json().replace("2026-03-01T12:00:00.250000Z", "2026-03-01T12:00:00")
    assert zoneless != receipt("r1").model_dump_json()
    write(others, ledger, zoneless.encode(), receipt("r2"))
    others.commit_transaction(10)
    assert of(context, ledger).outcomes == (TaskOutcome.DONE,)
