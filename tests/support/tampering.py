"""What somebody else does to a broker behind omni's back, with a client of their own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

SOON_SECONDS = 10.0


def create(client: AdminClient, topic: str, partitions: int = 1, config: Mapping[str, str] | None = None) -> None:
    client.create_topics([NewTopic(topic, partitions, 1, config=dict(config or {}))])[topic].result(SOON_SECONDS)


def delete(client: AdminClient, topic: str) -> None:
    client.delete_topics([topic])[topic].result(SOON_SECONDS)


def grow(client: AdminClient, topic: str, partitions: int) -> None:
    client.create_partitions([NewPartitions(topic, partitions)])[topic].result(SOON_SECONDS)


def set_config(client: AdminClient, topic: str, key: str, value: str) -> None:
    _alter(client, topic, ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET))


def clear_config(client: AdminClient, topic: str, key: str) -> None:
    _alter(client, topic, ConfigEntry(key, None, incremental_operation=AlterConfigOpType.DELETE))


def own_configs(client: AdminClient, topic: str) -> dict[str, str | None]:
    """The values that a topic carries itself."""
    resource = ConfigResource(ResourceType.TOPIC, topic)
    entries = client.describe_configs([resource])[resource].result(SOON_SECONDS).values()
    return {entry.name: entry.value for entry in entries if not entry.is_default}


def partitions_of(client: AdminClient) -> dict[str, int]:
    """Every topic with its number of partitions."""
    return {name: len(found.partitions) for name, found in client.list_topics(timeout=SOON_SECONDS).topics.items()}


def write(bootstrap_servers: str, topic: str, records: int, age: timedelta = timedelta()) -> None:
    """Write records into partition 0, as old as ``age``."""
    producer = Producer({"bootstrap.servers": bootstrap_servers, "log_level": 0})
    at = int((datetime.now(UTC) - age).timestamp() * 1000)
    for number in range(records):
        producer.produce(topic, b"%d" % number, partition=0, timestamp=at)
    assert producer.flush(SOON_SECONDS) == 0


def commit(bootstrap_servers: str, group: str, topic: str, offset: int) -> None:
    """Leave a committed offset of partition 0, as a reader that went away does."""
    consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": group, "log_level": 0})
    consumer.commit(offsets=[TopicPartition(topic, 0, offset)], asynchronous=False)
    consumer.close()


def read(bootstrap_servers: str, group: str, topics: Iterable[str]) -> Consumer:
    """A member of a group that has been given partitions; whoever asked closes it."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "log_level": 0,
        }
    )
    consumer.subscribe(list(topics))

    def assigned() -> bool:
        consumer.poll(0.1)
        return bool(consumer.assignment())

    wait_until(assigned, "partitions to be assigned")
    return consumer


def wait_until(done: Callable[[], bool], what: str, seconds: float = SOON_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"waited for {what}"
        time.sleep(0.02)


def _alter(client: AdminClient, topic: str, entry: ConfigEntry) -> None:
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    client.incremental_alter_configs([resource])[resource].result(SOON_SECONDS)
