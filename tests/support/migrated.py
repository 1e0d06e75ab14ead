"""A stream in a real Redis and the topic that it becomes, for tests of migrations."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Message, TopicPartition

from omni_assets.broker.connection import Connection
from omni_assets.operations.context import Context, resolve
from omni_assets.operations.redis_streams.copies import Form
from omni_assets.operations.redis_streams.entries import EntryId
from omni_assets.operations.redis_streams.handing_over import Handed, hand_over
from omni_assets.operations.redis_streams.migrating import Migrated, migrate
from omni_assets.operations.redis_streams.preparing import Migration, prepare
from omni_assets.operations.redis_streams.reading import RedisStreams
from tests.support import tampering
from tests.support.redis_server import RedisServer
from tests.support.stranded import committed

KEYED = Form("order")
_NUMBERS = itertools.count()


class Migrating:
    """A stream without entries, and its topic on a broker, which a contract declares."""

    def __init__(self, folder: Path, broker: Any, redis: RedisServer, partitions: int = 3, **config: str) -> None:
        number = next(_NUMBERS)
        self.broker, self.redis, self.partitions = broker, redis, partitions
        self.stream, self.topic = f"orders:{number}", f"onex.evt.shop.order-placed-{number}.v1"
        self._contract = folder / f"shop-{number}" / "contract.yaml"
        self._contract.parent.mkdir()
        self._contract.write_text(
            f"name: shop\nevent_bus:\n  publish_topics:\n    - topic: {self.topic}\n      partitions: {partitions}\n",
            encoding="utf-8",
        )
        self.environ = {"OMNI_HOME": str(folder / f"state-{number}")}
        tampering.create(broker.client, self.topic, partitions, config)

    @property
    def context(self) -> Context:
        return resolve([str(self._contract)], bootstrap_servers=self.broker.bootstrap_servers, environ=self.environ)

    @property
    def connection(self) -> Connection:
        return self.context.connection

    def add(self, numbers: Iterable[int], ids: Iterable[str] | None = None, keys: int = 7) -> list[str]:
        """Add an entry for each number; its id."""
        pipe = self.redis.client.pipeline(transaction=False)
        for number, each in zip(numbers, ids or itertools.repeat("*"), strict=False):
            pipe.xadd(self.stream, {"order": f"order-{number % keys}", "number": number}, id=each)
        return [each.decode() for each in pipe.execute()]

    def prepare(self, form: Form = KEYED, after: EntryId | None = None) -> Migration:
        with RedisStreams(self.redis.url) as redis:
            context = self.context
            return prepare(context, context.manifest(), redis, self.stream, self.topic, form, after)

    def migrate(self, found: Migration | None = None, quiet_seconds: float | None = 0.0, **more: Any) -> Migrated:
        with RedisStreams(self.redis.url) as redis:
            return migrate(self.context, redis, found or self.prepare(), quiet_seconds, **more)

    def hand_over(self) -> dict[str, Handed]:
        found = self.prepare()
        with RedisStreams(self.redis.url) as redis:
            return {each.group: each for each in hand_over(self.context, redis, found)}

    def records(self) -> list[Message]:
        return committed(self.broker.bootstrap_servers, self.topic, self.partitions)

    def numbers(self) -> list[int]:
        return sorted(map(number_of, self.records()))

    def positions(self, group: str) -> dict[int, int]:
        """What is committed of a group in the topic."""
        return positions(self.broker.bootstrap_servers, group, self.topic, self.partitions)


def number_of(record: Message) -> int:
    return int(json.loads(record.value() or b"{}")["number"])


def positions(bootstrap_servers: str, group: str, topic: str, partitions: int) -> dict[int, int]:
    consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": group, "log_level": 0})
    try:
        found = consumer.committed([TopicPartition(topic, each) for each in range(partitions)], 30)
    finally:
        consumer.close()
    return {each.partition: each.offset for each in found if each.offset >= 0}
