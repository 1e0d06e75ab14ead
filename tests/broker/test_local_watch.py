"""Which topics the clients of a local broker ask for, seen from in front of it."""

from __future__ import annotations

import struct
import time

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.broker.local.watch import Watch, asked_topics

NAMES = st.lists(st.text("abcxyz019.-_", min_size=1, max_size=249), max_size=8)


def quiet(address: str, **more: str) -> dict[str, str | int]:
    return {"bootstrap.servers": address, "log_level": 0, **more}


def plain(version: int, names: list[str]) -> bytes:
    head = struct.pack(">hhih", 3, version, 7, 1) + b"c"
    return head + struct.pack(">i", len(names)) + b"".join(struct.pack(">h", len(n)) + n.encode() for n in names)


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def compact(version: int, names: list[str]) -> bytes:
    head = struct.pack(">hhihx", 3, version, 7, -1)
    topics = (bytes(16 * (version >= 10)) + varint(len(n) + 1) + n.encode() + b"\0" for n in names)
    return head + varint(len(names) + 1) + b"".join(topics) + b"\1\1\0"


@given(NAMES, st.integers(0, 8))
def test_names_are_read_from_requests_of_older_versions(names, version):
    assert asked_topics(plain(version, names)) == set(names)


@given(NAMES, st.integers(9, 13))
def test_names_are_read_from_requests_of_newer_versions(names, version):
    assert asked_topics(compact(version, names)) == set(names)


@given(st.binary(max_size=200))
def test_whatever_comes_in_is_read_or_passed_over(junk):
    assert isinstance(asked_topics(junk), frozenset)
    assert isinstance(asked_topics(compact(12, ["onex.evt.a.b.v1"])[:-5] + junk), frozenset)


@pytest.mark.broker
def test_a_producer_and_a_consumer_are_seen_with_their_topics_and_work_through_it(broker):
    broker.client.create_topics([NewTopic("onex.evt.a.b.v1", 1, 1)])["onex.evt.a.b.v1"].result(20)
    with Watch(broker.bootstrap_servers) as watch:
        assert watch.clients == 0
        producer = Producer(quiet(watch.bootstrap_servers))
        producer.produce("onex.evt.a.b.v1", b"1")
        assert producer.flush(20) == 0
        assert watch.take() == {"onex.evt.a.b.v1"}
        assert watch.take() == set()
        consumer = Consumer(quiet(watch.bootstrap_servers, **{"group.id": "g", "auto.offset.reset": "earliest"}))
        consumer.subscribe(["onex.evt.a.b.v1", "onex.evt.a.c.v1"])
        deadline, value = time.monotonic() + 30, None
        while value is None and time.monotonic() < deadline:
            message = consumer.poll(0.5)
            value = message.value() if message is not None and message.error() is None else None
        consumer.close()
        assert value == b"1"
        assert watch.take() == {"onex.evt.a.b.v1", "onex.evt.a.c.v1"}
        assert watch.clients >= 2


@pytest.mark.broker
def test_a_producer_that_nobody_waits_for_is_seen_too(broker):
    with Watch(broker.bootstrap_servers) as watch:
        producer = Producer(quiet(watch.bootstrap_servers))
        producer.produce("onex.evt.a.misspelt.v1", b"1")
        deadline = time.monotonic() + 10
        seen: set[str] = set()
        while not seen and time.monotonic() < deadline:
            seen |= watch.take()
            time.sleep(0.01)
        assert seen == {"onex.evt.a.misspelt.v1"}
        producer.purge()
        producer.flush(5)


@pytest.mark.broker
def test_a_client_that_names_no_topic_asks_for_none(broker):
    with Watch(broker.bootstrap_servers) as watch:
        AdminClient(quiet(watch.bootstrap_servers)).list_topics(timeout=10)
        assert watch.take() == set()
        assert watch.clients >= 1
