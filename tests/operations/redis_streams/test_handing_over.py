"""The groups of a stream have their place in the topic: nothing that they did not end is left out."""

from __future__ import annotations

import time

import pytest
from confluent_kafka import Consumer, TopicPartition

from tests.support import tampering
from tests.support.migrated import number_of

pytestmark = pytest.mark.broker


def taken(orders, group: str, count: int) -> list[bytes]:
    """The ids that a group is handed out."""
    told = orders.redis.client.xreadgroup(group, "c", {orders.stream: ">"}, count=count)
    return [each for each, _ in told[0][1]]


def read_on(orders, group: str) -> set[int]:
    """The numbers that the group of Kafka reads from its place on."""
    consumer = Consumer(
        {
            "bootstrap.servers": orders.broker.bootstrap_servers,
            "group.id": group,
            "auto.offset.reset": "error",
            "enable.auto.commit": False,
            "log_level": 0,
        }
    )
    places = orders.positions(group)
    consumer.assign([TopicPartition(orders.topic, each, at) for each, at in places.items()])
    wanted = sum(record.offset() >= places[record.partition()] for record in orders.records())
    numbers: list[int] = []
    deadline = time.monotonic() + 60
    while len(numbers) < wanted:
        assert time.monotonic() < deadline
        message = consumer.poll(0.5)
        if message is not None and message.error() is None:
            numbers.append(number_of(message))
    consumer.close()
    return set(numbers)


def test_a_group_reads_all_that_it_did_not_end_and_what_it_ended_as_little_as_can_be(migrating):
    orders = migrating()
    client = orders.redis.client
    orders.add(range(100))
    for group in ("new", "half", "done"):
        client.xgroup_create(orders.stream, group, "0")
    ids = taken(orders, "half", 60)
    client.xack(orders.stream, "half", *ids[:20], *ids[21:])  # one of them is pending
    client.xack(orders.stream, "done", *taken(orders, "done", 100))
    orders.migrate()
    handed = orders.hand_over()
    assert {name: (each.standing.open, each.left) for name, each in handed.items()} == {
        "done": (0, ""),
        "half": (41, ""),
        "new": (100, ""),
    }
    assert handed["done"].standing.again == handed["new"].standing.again == 0
    again = handed["half"].standing.again
    assert 0 < again <= 39
    assert orders.positions("half") == handed["half"].standing.positions
    numbers = read_on(orders, "half")
    assert numbers >= {20, *range(60, 100)}
    assert len(numbers) == 41 + again
    assert read_on(orders, "new") == set(range(100))
    assert read_on(orders, "done") == set()

    # Its consumers went on in Redis: asked again, it begins later, as long as nobody read with that group.
    client.xack(orders.stream, "half", ids[20])
    assert orders.hand_over()["half"].standing.open == 40
    (partition, offset), *_ = orders.positions("half").items()
    consumer = Consumer(
        {"bootstrap.servers": orders.broker.bootstrap_servers, "group.id": "half", "enable.auto.commit": False}
    )
    consumer.commit(offsets=[TopicPartition(orders.topic, partition, offset + 1)], asynchronous=False)
    consumer.close()
    assert orders.hand_over()["half"].left == "it has positions of its own there"
    assert orders.positions("half")[partition] == offset + 1


def test_records_from_elsewhere_are_not_left_out(migrating):
    orders = migrating(partitions=1)
    tampering.write(orders.broker.bootstrap_servers, orders.topic, 2)
    orders.add(range(5))
    orders.redis.client.xgroup_create(orders.stream, "group", "0")
    orders.redis.client.xack(orders.stream, "group", *taken(orders, "group", 5))
    orders.migrate()
    handed = orders.hand_over()["group"]
    assert (handed.standing.positions, handed.standing.open, handed.standing.again) == ({0: 0}, 2, 5)


def test_groups_that_kafka_cannot_have_or_that_read_already_are_left_alone(migrating):
    orders = migrating()
    orders.add(range(5))
    for group in (b"\xff", b"busy"):
        orders.redis.client.xgroup_create(orders.stream, group, "0")
    orders.migrate()
    reader = Consumer({"bootstrap.servers": orders.broker.bootstrap_servers, "group.id": "busy", "log_level": 0})
    reader.subscribe([orders.topic])
    deadline = time.monotonic() + 60
    while not reader.assignment():
        assert time.monotonic() < deadline
        reader.poll(0.2)
    handed = orders.hand_over()
    reader.close()
    assert {each.left for each in handed.values()} == {"Kafka takes no such name", "it has 1 member already"}


def test_a_stream_without_groups_has_nobody_to_hand_over(migrating):
    orders = migrating()
    orders.add(range(3))
    orders.migrate()
    assert orders.hand_over() == {}
