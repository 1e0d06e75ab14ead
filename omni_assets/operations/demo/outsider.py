"""Somebody else's code on the same broker: a service with a misspelt topic, and an operator in a hurry.

It uses the Kafka client directly, as such code does, and knows nothing of contracts. It runs as a process of its own:
``python -m omni_assets.operations.demo.outsider ACTION ADDRESS TOPIC [VALUE]``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

from confluent_kafka import Producer
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

TIMEOUT = 10.0
RECORDS = 100


def publish(address: str, topic: str, count: str = str(RECORDS)) -> None:
    """Start up like a service that creates the topic it is about to write to, and write ``count`` records."""
    client = AdminClient({"bootstrap.servers": address})
    _settle(client.create_topics([NewTopic(topic, num_partitions=1)]))
    producer = Producer({"bootstrap.servers": address, "partitioner": "murmur2_random"})
    for number in range(int(count)):
        producer.produce(topic, key=f"request-{number % 7}", value=json.dumps({"request": number}))
    if producer.flush(TIMEOUT):
        sys.exit(f"records for {topic} were not acknowledged within {TIMEOUT:g} s")


def delete(address: str, topic: str) -> None:
    """Delete a topic."""
    client = AdminClient({"bootstrap.servers": address})
    _settle(client.delete_topics([topic]))


def retain(address: str, topic: str, milliseconds: str) -> None:
    """Set ``retention.ms``."""
    entry = ConfigEntry("retention.ms", milliseconds, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    client = AdminClient({"bootstrap.servers": address})
    _settle(client.incremental_alter_configs([resource]))


def widen(address: str, topic: str, partitions: str) -> None:
    """Raise the number of partitions."""
    client = AdminClient({"bootstrap.servers": address})
    _settle(client.create_partitions([NewPartitions(topic, int(partitions))]))


ACTIONS: dict[str, Callable[..., None]] = {"publish": publish, "delete": delete, "retain": retain, "widen": widen}


def _settle(futures: Mapping[Any, Future[Any]]) -> None:
    for future in futures.values():
        future.result(TIMEOUT)


if __name__ == "__main__":
    ACTIONS[sys.argv[1]](*sys.argv[2:])
