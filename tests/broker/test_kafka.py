"""What only several brokers can show: health, topic ids, groups that lose members, and who may see what."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from omni_assets.broker.admin import BrokerAdmin, ConfigChange, NewTopicRequest
from omni_assets.broker.connection import Connection, open_client
from omni_assets.broker.flows import Flows
from omni_assets.broker.snapshot import ObservedTopic
from omni_assets.broker.topics import PROBE_PREFIX
from tests.support.kafka_cluster import KafkaCluster, wait_until
from tests.support.kafka_secured import LIMITED, connection_of

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


def create(cluster: KafkaCluster, *requests: NewTopicRequest) -> None:
    with BrokerAdmin(cluster.connection) as admin:
        assert set(admin.create_topics(requests).values()) == {None}
    names = {request.name for request in requests}
    for broker in cluster.ids:  # each of them learns of it in its own time
        with BrokerAdmin(replace(cluster.connection, bootstrap_servers=cluster.address(broker))) as admin:
            assert names <= admin.await_topics(names)


def seen(cluster: KafkaCluster) -> Mapping[str, ObservedTopic]:
    with BrokerAdmin(cluster.connection) as admin:
        return admin.snapshot().topics


def flows(cluster: KafkaCluster, *topics: str) -> Flows:
    with BrokerAdmin(cluster.connection) as admin:
        return admin.flows(topics)


def test_a_broker_that_is_gone_shows_as_health_and_never_as_replicas(kafka: KafkaCluster) -> None:
    create(kafka, NewTopicRequest("safe", 3, 3), NewTopicRequest("frail", 3, 1))
    before = seen(kafka)["safe"]
    assert (before.replicas, before.in_sync, before.leaderless) == ((3, 3, 3), (3, 3, 3), 0)
    kafka.kill(3)
    kafka.wait_for([1, 2])
    wait_until(lambda: seen(kafka)["frail"].leaderless > 0, 30, "the leader of a partition to be missed")
    topics = seen(kafka)
    safe, frail = topics["safe"], topics["frail"]
    assert (safe.replicas, safe.in_sync, safe.leaderless, safe.unknown) == ((3, 3, 3), (2, 2, 2), 0, "")
    assert (frail.replicas, frail.leaderless) == ((1, 1, 1), 1)
    assert safe.topic_id
    assert len({safe.topic_id, frail.topic_id}) == 2
    moving = flows(kafka, "safe", "frail").offsets
    assert moving["safe"].most_records == 0
    assert moving["frail"].most_records is None
    assert "were not seen" in moving["frail"].unknown


def test_newest_records_and_moments_over_brokers(kafka: KafkaCluster) -> None:
    create(kafka, NewTopicRequest("orders", 6, 2), NewTopicRequest("empty", 3, 3))
    producer = open_client(Producer, kafka.connection)
    for each in range(60):
        producer.produce("orders", value=b"x", partition=each % 6, timestamp=1_700_000_000_000 + each * 1_000)
    assert producer.flush(30) == 0
    offsets = flows(kafka, "orders", "empty").offsets
    assert offsets["orders"].most_records == 60
    assert offsets["orders"].newest_at == datetime.fromtimestamp(1_700_000_059, UTC)
    assert offsets["empty"].newest_at is None
    with BrokerAdmin(kafka.connection) as admin:
        moment = datetime.fromtimestamp(1_700_000_030, UTC)
        assert admin.records_before({"orders": moment, "empty": moment}) == {"orders": 30, "empty": 0}


@contextmanager
def reader(cluster: KafkaCluster, topic: str, **properties: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has read and committed one record of a topic in a group of the same name, and stays a member."""
    producer = open_client(Producer, cluster.connection)
    producer.produce(topic, value=b"x", partition=0)
    assert producer.flush(30) == 0
    settings = {"bootstrap.servers": cluster.bootstrap_servers, "group.id": topic, "auto.offset.reset": "earliest"}
    program = f"""
from confluent_kafka import Consumer
reader = Consumer({settings | {name.replace("_", "."): value for name, value in properties.items()}})
reader.subscribe(["{topic}"])
while (message := reader.poll(0.1)) is None or message.error():
    pass
reader.commit(message, asynchronous=False)
print("read", flush=True)
input()
"""
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", program], **pipes, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "read\n"
        yield child
        child.kill()


def test_a_group_whose_member_was_killed_ends_up_empty_and_keeps_its_offsets(kafka: KafkaCluster) -> None:
    create(kafka, NewTopicRequest("orders", 3, 3))
    with reader(kafka, "orders", session_timeout_ms="6000"):
        reading = flows(kafka, "orders").groups["orders"]
    assert (reading.state, reading.members, reading.unknown) == ("stable", 1, "")
    assert (reading.committed, reading.assigned) == ({("orders", 0): 1}, {"orders"})
    wait_until(lambda: flows(kafka, "orders").groups["orders"].state == "empty", 60, "the dead member to be missed")
    left = flows(kafka, "orders").groups["orders"]
    assert (left.members, left.committed) == (0, {("orders", 0): 1})


def test_a_group_of_the_newer_protocol_is_seen_like_any_other(kafka: KafkaCluster) -> None:
    create(kafka, NewTopicRequest("modern", 3, 3))
    with reader(kafka, "modern", group_protocol="consumer"):
        group = flows(kafka, "modern").groups["modern"]
    assert (group.state, group.members, group.unknown) == ("stable", 1, "")
    assert (group.committed, group.assigned) == ({("modern", 0): 1}, {"modern"})


def test_groups_and_topics_that_a_principal_may_not_see_are_unknown(secured_kafka: KafkaCluster) -> None:
    create(secured_kafka, NewTopicRequest("orders", 1, 1))
    with open_consumer(secured_kafka, "g") as consumer:
        consumer.commit(offsets=[TopicPartition("orders", 0, 0)], asynchronous=False)
    assert flows(secured_kafka, "orders").groups["g"].committed == {("orders", 0): 0}
    with BrokerAdmin(connection_of(secured_kafka, LIMITED)) as admin:
        seen = admin.flows(["orders"])
        known = admin.probe()
        refused = admin.alter_configs({"orders": ConfigChange({"retention.ms": "5000"})})["orders"]
    assert seen.groups == {}
    assert seen.unknown == "consumer groups may be hidden: not authorised on the group"
    assert seen.offsets["orders"].unknown == "it is not listed"
    assert not known.probed
    assert "not authorised" in known.unknown
    assert str(refused) == "not authorised"


@contextmanager
def open_consumer(cluster: KafkaCluster, group: str) -> Iterator[Consumer]:
    consumer = open_client(Consumer, cluster.connection, {"group.id": group})
    yield consumer
    consumer.close()


def test_a_probe_learns_what_this_broker_honours(kafka: KafkaCluster) -> None:
    with BrokerAdmin(kafka.connection) as admin:
        known = admin.probe()
        assert admin.calls <= 40
        assert admin.cluster_id() == known.cluster_id != ""
        # Kafka lists a topic for a moment after it said that it deleted it.
        wait_until(
            lambda: not any(name.startswith(PROBE_PREFIX) for name in admin.topic_names()), 30, "the topic to be gone"
        )
    assert known.probed
    assert (known.topic_ids, known.replication_by_config, known.max_timestamp) == (True, False, True)
    assert known.no_effect_keys == frozenset()
    assert "write.caching" in known.rejected_keys
    assert not {"retention.ms", "cleanup.policy", "min.insync.replicas"} & known.rejected_keys


def test_writes_over_brokers(kafka: KafkaCluster) -> None:
    names = [f"t{each}" for each in range(20)]
    create(kafka, *(NewTopicRequest(name, 1, 3) for name in names))
    with BrokerAdmin(kafka.connection) as admin:
        change = ConfigChange({"retention.ms": "5000"})
        assert set(admin.alter_configs(dict.fromkeys(names, change)).values()) == {None}
        bad = admin.alter_configs({"t0": ConfigChange({"retention.bytes": "7", "no.such.key": "1"})})["t0"]
        assert "none of its 2 keys was changed" in str(bad)
        assert set(admin.create_partitions(dict.fromkeys(names, 3)).values()) == {None}
        assert "kafka-reassign-partitions" in str(admin.set_replication({"t0": 2})["t0"])
        wait_until(lambda: seen(kafka)["t19"].partitions == 3, 30, "partitions to be known")
        configs = seen(kafka)["t0"].configs
        assert configs is not None
        assert (configs["retention.ms"].value, configs["retention.bytes"].value) == ("5000", "-1")
        assert admin.alter_configs({"t0": ConfigChange(clear=frozenset({"retention.ms"}))}) == {"t0": None}
        assert set(admin.delete_topics(names).values()) == {None}
        wait_until(lambda: not set(names) & admin.topic_names(), 30, "topics to be gone")


def test_a_coordinator_that_is_gone_leaves_its_groups_unknown_and_no_other(kafka: KafkaCluster) -> None:
    create(kafka, NewTopicRequest("orders", 3, 3))
    for each in range(9):
        consumer = open_client(Consumer, kafka.connection, {"group.id": f"g{each}"})
        consumer.subscribe(["orders"])
        wait_until(lambda consumer=consumer: consumer.poll(0.1) is None and consumer.assignment(), 30, "a member")
        consumer.close()
    assert {f"g{each}" for each in range(9)} <= flows(kafka, "orders").groups.keys()
    kafka.pause(2)
    try:
        with BrokerAdmin(Connection(kafka.bootstrap_servers, timeout=3)) as admin:
            partly = admin.flows(["orders"])
    finally:
        kafka.resume(2)
    assert partly.unknown or any(group.unknown for group in partly.groups.values())
    kafka.wait_for([1, 2, 3])
    wait_until(lambda: not flows(kafka, "orders").unknown, 30, "all groups to be listed again")
