"""Where logs begin and end, asked of a real broker."""

from __future__ import annotations

from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition

from omni_assets.broker import offsets
from omni_assets.broker.admin import BrokerAdmin, NewTopicRequest
from omni_assets.broker.connection import open_client

pytestmark = pytest.mark.broker

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def fill(broker: Any, topic: str, *records: tuple[int, datetime]) -> None:
    """A record in each of these partitions, with these times."""
    producer = open_client(Producer, broker.connection)
    for partition, at in records:
        producer.produce(topic, value=b"x", partition=partition, timestamp=round(at.timestamp() * 1000))
        assert producer.flush(10) == 0


def create(broker: Any, *requests: NewTopicRequest) -> None:
    with BrokerAdmin(broker.connection) as admin:
        assert set(admin.create_topics(requests).values()) == {None}


def test_flows_hold_the_offsets_and_the_newest_time(broker: Any) -> None:
    create(broker, NewTopicRequest("orders", 3), NewTopicRequest("empty", 2))
    later = NOON + timedelta(seconds=7)
    fill(broker, "orders", (0, NOON), (0, later), (0, NOON), (2, NOON))
    with BrokerAdmin(broker.connection) as admin:
        flows = admin.flows(["orders", "empty", "absent", "orders"])
    assert flows.offsets.keys() == {"orders", "empty", "absent"}
    orders = flows.offsets["orders"]
    assert (orders.earliest, orders.latest, orders.newest_at) == ((0, 0, 0), (3, 0, 1), later)
    assert orders.most_records == 4
    assert (flows.offsets["empty"].newest_at, flows.offsets["empty"].most_records) == (None, 0)
    assert flows.offsets["absent"].unknown == "it is not listed"
    assert flows.offsets["absent"].most_records is None
    assert not flows.unknown


def test_300_topics_take_as_many_calls_as_one(broker: Any) -> None:
    names = [f"onex.evt.p{each}.e.v1" for each in range(300)]
    create(broker, *(NewTopicRequest(name, 2) for name in names))
    with BrokerAdmin(broker.connection) as admin:
        flows = admin.flows(names)
        # Listings of topics and of groups, and whether those were all; earliest, latest and newest of 600 partitions.
        assert admin.calls == 7
        assert admin.records_before(dict.fromkeys(names, NOON)) == dict.fromkeys(names, 0)
        assert admin.calls == 11
    assert len(flows.offsets) == 300
    assert not any(each.unknown for each in flows.offsets.values())


def test_partitions_are_asked_for_in_batches(broker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offsets, "PARTITIONS_PER_LISTING", 4)
    create(broker, NewTopicRequest("orders", 9))
    with BrokerAdmin(broker.connection) as admin:
        assert len(admin.flows(["orders"]).offsets["orders"].latest) == 9
        assert admin.calls == 4 + 3 * 3


def test_nothing_asked_for_is_nothing_about_topics(broker: Any) -> None:
    with BrokerAdmin(broker.connection) as admin:
        assert admin.flows([]).offsets == {}
        assert admin.records_before({}) == {}


def test_records_before_a_moment_are_counted(broker: Any) -> None:
    create(broker, NewTopicRequest("orders", 2), NewTopicRequest("empty"))
    fill(broker, "orders", *((0, NOON + timedelta(minutes=each)) for each in range(5)), (1, NOON))
    with BrokerAdmin(broker.connection) as admin:

        def before(moment: datetime) -> int:
            return admin.records_before({"orders": moment, "empty": moment, "absent": moment})["orders"]

        assert before(NOON) == 0
        assert before(NOON + timedelta(milliseconds=1)) == 2
        assert before(NOON + timedelta(minutes=4)) == 5
        assert before(NOON + timedelta(minutes=5)) == 6
        assert before(datetime(1900, 1, 1, tzinfo=UTC)) == 0
        assert admin.records_before({"empty": NOON, "absent": NOON}) == {"empty": 0}


def test_records_that_were_deleted_are_not_counted_again(broker: Any) -> None:
    create(broker, NewTopicRequest("orders"))
    fill(broker, "orders", *((0, NOON + timedelta(minutes=each)) for each in range(5)))
    broker.client.delete_records([TopicPartition("orders", 0, 3)])
    with BrokerAdmin(broker.connection) as admin:
        while admin.flows(["orders"]).offsets["orders"].earliest != (3,):
            pass
        assert admin.records_before({"orders": NOON + timedelta(minutes=4)}) == {"orders": 1}
        assert admin.records_before({"orders": NOON + timedelta(minutes=1)}) == {"orders": 0}


def test_a_topic_deleted_in_between_is_unknown_and_left_out_of_counts(
    broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(broker, NewTopicRequest("orders"), NewTopicRequest("stays"))
    with BrokerAdmin(broker.connection) as admin:
        metadata = admin._calls.metadata()
        monkeypatch.setattr(admin._calls, "metadata", lambda: metadata)
        broker.client.delete_topics(["orders"])["orders"].result()
        flows = admin.flows(["orders", "stays"])
        counts = admin.records_before({"orders": NOON, "stays": NOON})
    assert flows.offsets["orders"].unknown == "the offsets of partition 0 were not seen: no such topic"
    assert flows.offsets["orders"].most_records is None
    assert flows.offsets["stays"].most_records == 0
    assert counts == {"stays": 0}


def test_a_timestamp_that_no_calendar_holds_is_the_last_moment(broker: Any) -> None:
    create(broker, NewTopicRequest("orders"))
    producer = open_client(Producer, broker.connection)
    producer.produce("orders", value=b"x", timestamp=2**62)
    assert producer.flush(10) == 0
    with BrokerAdmin(broker.connection) as admin:
        assert admin.flows(["orders"]).offsets["orders"].newest_at == datetime.max.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "calls"),
    [(KafkaError.UNSUPPORTED_VERSION, [7, 6]), (KafkaError.LEADER_NOT_AVAILABLE, [7, 7])],
)
def test_a_broker_that_cannot_tell_the_newest_time_is_asked_once(
    code: int, calls: list[int], broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stands in for a broker older than Kafka 3.0; the embedded one can tell."""
    create(broker, NewTopicRequest("orders"))
    fill(broker, "orders", (0, NOON))
    with BrokerAdmin(broker.connection) as admin:
        real = admin._calls.client.list_offsets

        def old(asked: dict[TopicPartition, Any], **limits: Any) -> dict[TopicPartition, Future[Any]]:
            if type(next(iter(asked.values()))).__name__ != "MaxTimestampSpec":
                return real(asked, **limits)
            futures: dict[TopicPartition, Future[Any]] = {each: Future() for each in asked}
            for future in futures.values():
                future.set_exception(KafkaException(KafkaError(code)))
            return futures

        monkeypatch.setattr(admin._calls.client, "list_offsets", old)
        made = []
        for _ in calls:
            before = admin.calls
            offsets_seen = admin.flows(["orders"]).offsets["orders"]
            assert (offsets_seen.newest_at, offsets_seen.latest, offsets_seen.unknown) == (None, (1,), "")
            made.append(admin.calls - before)
    assert made == calls
