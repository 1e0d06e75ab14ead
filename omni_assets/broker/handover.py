"""Positions that a consumer group is given before it has read anything, by somebody who knows where it should begin."""

from __future__ import annotations

from collections.abc import Mapping

from confluent_kafka import Consumer, TopicPartition

from omni_assets.broker.codes import topic_error
from omni_assets.broker.connection import SILENT, Connection, open_client
from omni_assets.broker.records import asked
from omni_assets.errors import BrokerRefused, ReadOnly


def give(connection: Connection, group: str, topic: str, positions: Mapping[int, int], mark: str) -> bool:
    """Commit ``positions``, by partition of the topic, for a group without members. Whether they are its own now.

    The ``mark`` stands beside them, so that they can be given again; a group that has others there is left alone.
    Raises ``ReadOnly`` and ``BrokerError``.
    """
    if connection.read_only:
        raise ReadOnly(f"giving the group {group} its positions")
    consumer: Consumer = open_client(
        Consumer,
        connection,
        {"group.id": group, "enable.auto.commit": False, "isolation.level": "read_committed", "logger": SILENT},
    )
    call = f"the positions of the group `{group}`"
    try:
        wanted = [TopicPartition(topic, each) for each in positions]
        found = asked(
            f"a request for {call}", connection.timeout, lambda: consumer.committed(wanted, connection.timeout)
        )
        _raise_first(f"to show {call}", found)
        if any(each.offset >= 0 and each.metadata != mark for each in found):
            return False
        new = [TopicPartition(topic, each, offset, mark) for each, offset in positions.items()]
        written = asked(call, connection.timeout, lambda: consumer.commit(offsets=new, asynchronous=False))
        _raise_first(call, written)
    finally:
        consumer.close()
    return True


def _raise_first(call: str, partitions: list[TopicPartition]) -> None:
    for each in partitions:
        if each.error is not None:
            raise BrokerRefused(call, topic_error(each.error).message)
