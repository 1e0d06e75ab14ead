"""Replays as the broker keeps them: what can be read, what is written down, and what is left of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import NewTopic

from omni_assets.broker import replays
from omni_assets.broker.connection import Connection
from omni_assets.broker.replays import Plan, PlanTooLarge
from omni_assets.errors import BrokerRefused, ReadOnly

pytestmark = pytest.mark.broker

TOPIC = "onex.cmd.echo.asked.v1"
PLAN = Plan("0123456789ab", TOPIC, {0: range(3, 7), 2: range(9)}, ("echo", "other"), "kéy", "onex.evt.shadow.seen.v1")


@pytest.fixture
def address(broker: Any) -> str:
    for future in broker.client.create_topics([NewTopic(TOPIC, 3, 1)]).values():
        future.result(20)
    return str(broker.bootstrap_servers)


def write(address: str, times_ms: list[int], partition: int = 0, **properties: Any) -> Producer:
    producer = Producer({"bootstrap.servers": address, "log_level": 0, **properties})
    if properties:
        producer.init_transactions(20)
        producer.begin_transaction()
    for each in times_ms:
        producer.produce(TOPIC, b"?", partition=partition, timestamp=each)
    assert producer.flush(20) == 0
    return producer


def commit(address: str, group: str, positions: dict[int, int]) -> None:
    consumer = Consumer({"bootstrap.servers": address, "group.id": group})
    consumer.commit(offsets=[TopicPartition(TOPIC, *each) for each in positions.items()], asynchronous=False)
    consumer.close()


def groups(broker: Any) -> set[str]:
    return {each.group_id for each in broker.client.list_consumer_groups().result().valid}


def test_a_log_reaches_as_far_as_nothing_is_open(broker, address):
    write(address, [1_000, 2_000, 3_000])
    unfinished = write(address, [4_000], **{"transactional.id": "somebody"})
    write(address, [5_000], partition=1)
    assert replays.reach(broker.connection, TOPIC, 3) == {0: range(3), 1: range(1), 2: range(0)}
    unfinished.abort_transaction(20)
    assert replays.reach(broker.connection, TOPIC, 3)[0].stop >= 4


@pytest.mark.parametrize(
    ("milliseconds", "offset"), [(0, 0), (1_000, 0), (1_001, 1), (2_000, 1), (3_000, 2), (3_001, 3), (9_999_999, 3)]
)
def test_a_moment_lies_before_the_first_record_that_is_as_young(broker, address, milliseconds, offset):
    write(address, [1_000, 2_000, 3_000])
    moment = datetime.fromtimestamp(milliseconds / 1_000, UTC)
    assert replays.since(broker.connection, TOPIC, 3, moment) == {0: offset, 1: 0, 2: 0}


def test_a_plan_is_kept_until_it_is_forgotten(broker, address):
    assert replays.kept(broker.connection, PLAN.id) is None
    replays.keep(broker.connection, PLAN)
    assert replays.kept(broker.connection, PLAN.id) == PLAN
    commit(address, PLAN.group_of("echo"), {0: 7})
    replays.forget(broker.connection, PLAN)
    assert replays.kept(broker.connection, PLAN.id) is None
    assert groups(broker) == set()
    replays.forget(broker.connection, PLAN)


def test_what_is_left_is_what_each_node_has_not_come_past(broker, address):
    assert replays.left(broker.connection, PLAN) == 2 * (4 + 9)
    commit(address, PLAN.group_of("echo"), {0: 7, 2: 4})
    assert replays.left(broker.connection, PLAN) == 5 + 13
    commit(address, PLAN.group_of("other"), {0: 8, 2: 9})
    commit(address, PLAN.group_of("echo"), {2: 9})
    assert replays.left(broker.connection, PLAN) == 0


def test_positions_of_somebody_else_are_no_plan(broker, address):
    commit(address, f"omni-replay.{PLAN.id}", {0: 7})
    with pytest.raises(BrokerRefused, match="what is written beside its offsets is not of this omni"):
        replays.kept(broker.connection, PLAN.id)


def test_more_than_a_broker_keeps_is_refused_before_anything_is_written(broker, address):
    with pytest.raises(PlanTooLarge):
        replays.keep(broker.connection, Plan(PLAN.id, TOPIC, PLAN.spans, ("echo",), "k" * 4_000))
    assert groups(broker) == set()


def test_nothing_is_kept_where_writing_is_forbidden(broker, address):
    with pytest.raises(ReadOnly):
        replays.keep(Connection(address, read_only=True), PLAN)
    assert groups(broker) == set()
