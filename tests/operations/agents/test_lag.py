"""What waits for a node: records, and nothing else that takes an offset."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import NewTopic

from omni_assets.agents.inbox import encode
from omni_assets.errors import BrokerRefused, BrokerUnreachable, UnnamedBroker
from omni_assets.operations.agents.lag import Lag, lag
from omni_assets.operations.agents.submitting import Submission, submit
from omni_assets.operations.agents.working import staffed, work
from omni_assets.operations.context import BrokerOrigin, Context, resolve

pytestmark = pytest.mark.broker

ASKED, ANSWERED, LEDGER = "onex.cmd.echo.asked.v1", "onex.evt.echo.answered.v1", "onex.evt.recorder.noted.v1"
PARTITIONS = 3
ECHO = f"""\
name: echo
handler: {{kind: python, entry: "omni_assets.agents.echo:echo"}}
event_bus:
  subscribe_topics: [{ASKED}]
  publish_topics: [{ANSWERED}]
"""
RECORDER = f"name: recorder\nevent_bus:\n  publish_topics: [{LEDGER}]\n"


@pytest.fixture
def context(tmp_path: Path, broker: Any) -> Context:
    """A project with the node `echo`, whose broker has its topics."""
    for node, text in (("echo", ECHO), ("recorder", RECORDER)):
        (tmp_path / "contracts" / node).mkdir(parents=True)
        (tmp_path / "contracts" / node / "contract.yaml").write_text(text)
    (tmp_path / "omni.toml").write_text('[router]\nledger_node = "recorder"\n')
    for future in broker.client.create_topics(
        [NewTopic(each, PARTITIONS, 1) for each in (ASKED, ANSWERED, LEDGER)]
    ).values():
        future.result(20)
    return of(tmp_path, broker.bootstrap_servers)


def of(folder: Path, bootstrap_servers: str | None) -> Context:
    environ = {"OMNI_HOME": str(folder / "state"), "OMNI_BROKER_TIMEOUT": "5"}
    return resolve([str(folder / "contracts")], bootstrap_servers=bootstrap_servers, environ=environ, folder=folder)


@pytest.fixture
def look(context: Context) -> Callable[[], set[int]]:
    """The partitions in which something waits for `echo`."""

    def now() -> set[int]:
        found = lag(context, staffed(context.manifest()), 5)
        assert not found.missing
        assert {each.topic for each in found.partitions(["echo"])} <= {ASKED}
        return {each.number for each in found.partitions(["echo"])}

    return now


@pytest.fixture
def transaction(broker: Any) -> Iterator[Producer]:
    """A producer of somebody else, within a transaction."""
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "transactional.id": "others", "log_level": 0})
    producer.init_transactions(10)
    producer.begin_transaction()
    yield producer
    producer.purge()


def ask(context: Context, *numbers: int) -> None:
    lines = (Submission.model_validate({"topic": ASKED, "key": f"k{n}", "data": n, "id": f"e{n}"}) for n in numbers)
    assert not submit(context, tuple(lines)).failed


def write(producer: Producer, partition: int, records: int) -> None:
    for number in range(records):
        producer.produce(ASKED, json.dumps(number).encode(), b"k", partition=partition)
    producer.flush(10)


def stand(broker: Any, partition: int, offset: int, metadata: str = "") -> None:
    consumer = Consumer({"bootstrap.servers": broker.bootstrap_servers, "group.id": "echo", "log_level": 0})
    consumer.commit(offsets=[TopicPartition(ASKED, partition, offset, metadata)], asynchronous=False)
    consumer.close()


def test_what_was_asked_for_waits_until_it_is_done(context: Context, look: Callable[[], set[int]]) -> None:
    assert look() == set()
    ask(context, *range(40))
    assert look() == {0, 1, 2}
    asyncio.run(work(context, drain=True))
    assert look() == set()
    ask(context, 40)
    assert len(look()) == 1


def test_a_marker_behind_the_position_does_not_wait(
    broker: Any, context: Context, look: Callable[[], set[int]], transaction: Producer
) -> None:
    write(transaction, 0, 3)
    transaction.commit_transaction(10)
    assert look() == {0}
    stand(broker, 0, 3)
    assert watermarks(broker, 0) == (0, 4)
    assert look() == set()


def test_what_was_aborted_or_is_not_yet_committed_does_not_wait(
    broker: Any, look: Callable[[], set[int]], transaction: Producer
) -> None:
    write(transaction, 0, 3)
    transaction.abort_transaction(10)
    assert look() == set()
    transaction.begin_transaction()
    write(transaction, 1, 3)
    assert look() == set()
    transaction.commit_transaction(10)
    assert look() == {1}


@pytest.mark.parametrize(
    ("watermark", "ended", "waits"),
    [(2, [range(3, 6)], True), (2, [range(3, 5)], True), (6, [], False), (0, [range(1, 2)], True)],
)
def test_what_ended_above_the_position_does_not_wait(
    watermark: int,
    ended: list[range],
    waits: bool,
    broker: Any,
    look: Callable[[], set[int]],
) -> None:
    write(Producer({"bootstrap.servers": broker.bootstrap_servers, "log_level": 0}), 0, 6)
    stand(broker, 0, watermark, encode(watermark, ended))
    assert look() == ({0} if waits else set())


def test_an_offset_below_all_that_ended_that_no_record_has_does_not_wait(
    broker: Any, look: Callable[[], set[int]], transaction: Producer
) -> None:
    """The marker of the first transaction is the lowest offset that is left, and the second's is the end."""
    write(transaction, 0, 2)
    transaction.commit_transaction(10)
    transaction.begin_transaction()
    write(transaction, 0, 2)
    transaction.commit_transaction(10)
    stand(broker, 0, 2, encode(2, [range(3, 5)]))
    assert watermarks(broker, 0) == (0, 6)
    assert look() == set()
    stand(broker, 0, 2, encode(2, [range(3, 4)]))
    assert look() == {0}


def test_a_position_beyond_the_end_is_one_in_another_log(
    broker: Any, look: Callable[[], set[int]], context: Context
) -> None:
    write(Producer({"bootstrap.servers": broker.bootstrap_servers, "log_level": 0}), 0, 2)
    stand(broker, 0, 2)
    assert look() == set()
    stand(broker, 0, 7)
    assert look() == {0}


def test_a_position_that_cannot_be_read_is_refused(broker: Any, look: Callable[[], set[int]]) -> None:
    write(Producer({"bootstrap.servers": broker.bootstrap_servers, "log_level": 0}), 1, 2)
    stand(broker, 1, 1, "somebody else's")
    with pytest.raises(BrokerRefused, match=rf"to go on in {ASKED}/1.*beside the offset of `echo`"):
        look()


def test_a_topic_that_is_not_there_is_said_to_be_missing(broker: Any, context: Context) -> None:
    broker.client.delete_topics([ASKED])[ASKED].result(10)
    found = lag(context, staffed(context.manifest()), 5)
    assert found == Lag({"echo": frozenset()}, frozenset({ASKED}), {"echo": ()})


def test_a_broker_that_is_down_or_that_nobody_named_is_not_looked_at(
    context: Context, broker: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff = staffed(context.manifest())
    monkeypatch.setattr("omni_assets.operations.context.CONVENTIONAL_ADDRESS", broker.bootstrap_servers)
    unnamed = of(tmp_path, None)
    assert unnamed.origin is BrokerOrigin.ASSUMED
    with pytest.raises(UnnamedBroker):
        lag(unnamed, staff, 5)
    with pytest.raises(BrokerUnreachable):
        lag(of(tmp_path, "127.0.0.1:1"), staff, 1)


def watermarks(broker: Any, partition: int) -> tuple[int, int]:
    consumer = Consumer({"bootstrap.servers": broker.bootstrap_servers, "group.id": "x", "log_level": 0})
    try:
        low, high = consumer.get_watermark_offsets(TopicPartition(ASKED, partition), 5)
    finally:
        consumer.close()
    return low, high
